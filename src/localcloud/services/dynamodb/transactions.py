"""Transactions that run at the same time: tokens, and the items that are held until one is done."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiCall, ApiError
from localcloud.services.dynamodb.consumption import plain
from localcloud.services.dynamodb.throttling import NAMESPACE

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

ONGOING = "Transaction is ongoing for the item"
_NONE = {"Code": "None"}


class TransactionTokens:
    """TransactWriteItems with a ClientRequestToken: for ten minutes the same request is not carried out again."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._window_us = round(cloud.facts.value("quota.dynamodb.transaction")["token_minutes"] * 60e6)
        self._seen: dict[str, tuple[int, str, dict[str, Any]]] = {}
        self._running: set[str] = set()

    def once(self, call: ApiCall, run: Callable[[ApiCall], dict[str, Any]]) -> dict[str, Any]:
        """Run the call, or answer as the first time.

        Raises ApiError when the token came with another request, or with one that is still under way.
        """
        token = call.params.get("ClientRequestToken")
        if not token:
            return run(call)
        request = {name: value for name, value in call.params.items() if name != "ClientRequestToken"}
        digest = hashlib.sha256(json.dumps(request, sort_keys=True, default=repr).encode()).hexdigest()
        found = self._seen.get(token)
        if found is not None and self._cloud.kernel.now_us - found[0] <= self._window_us:
            if found[1] != digest:
                message = "The request uses the same client token as a previous, but non-identical request."
                raise ApiError("IdempotentParameterMismatchException", message, 400)
            return dict(found[2])
        if token in self._running:
            message = "The transaction with the given request token is already in progress."
            raise ApiError("TransactionInProgressException", message, 400)
        self._running.add(token)
        try:
            answer = run(call)
        finally:
            self._running.discard(token)
        self._seen[token] = (self._cloud.kernel.now_us, digest, dict(answer))
        return answer


class OngoingTransactions:
    """The items that transactions under way have prepared, by table and key."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.held: set[tuple[Any, ...]] = set()

    def holds(self, table: Any, key: Mapping[str, Any]) -> bool:
        """Whether an item (given by its key, or an item with it) is part of a transaction under way."""
        return bool(self.held) and place(table, key) in self.held

    def conflict(self, table: Any) -> None:
        """Count a request that a transaction under way turned back."""
        self._cloud.cloudwatch.record(NAMESPACE, "TransactionConflict", 1.0, {"TableName": table.name}, "Count")

    def check(self, places: list[tuple[Any, Mapping[str, Any]]]) -> None:
        """Cancel a transaction that meets another one. Raises ApiError; `places` are its tables and keys in order."""
        if not self.held:
            return
        conflicts = [table is not None and self.holds(table, key) for table, key in places]
        for (table, _), conflicting in zip(places, conflicts, strict=True):
            if conflicting:
                self.conflict(table)
        if any(conflicts):
            reason = {"Code": "TransactionConflict", "Message": ONGOING}
            raise cancelled([reason if conflicting else _NONE for conflicting in conflicts])

    @contextmanager
    def holding(self, places: list[tuple[Any, Mapping[str, Any]]]) -> Iterator[None]:
        """Prepare these items; they are free again afterwards, whatever happens."""
        mine = {place(table, key) for table, key in places if table is not None}
        self.held |= mine
        try:
            yield
        finally:
            self.held -= mine


def places_of(call: ApiCall, tables: Mapping[str, Any]) -> list[tuple[Any, Mapping[str, Any]]]:
    """The table (None: there is no such) and the key or item of each part of a transaction."""
    actions = [action for entry in call.params["TransactItems"] for action in entry.values()]
    return [(tables.get(plain(one["TableName"])), one.get("Item") or one["Key"]) for one in actions]


def place(table: Any, key: Mapping[str, Any]) -> tuple[Any, ...]:
    """What tells an item apart from all others."""
    return table.name, *(value for name in table.table_key_attrs for value in key.get(name, {}).values())


def cancelled(reasons: list[dict[str, str]]) -> ApiError:
    """TransactionCanceledException: one reason for each part, in order."""
    codes = ", ".join(reason["Code"] for reason in reasons)
    message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
    return ApiError("TransactionCanceledException", message, 400, CancellationReasons=reasons)
