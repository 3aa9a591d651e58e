"""BatchWriteItem and BatchGetItem: each part is let in on its own, and what is not comes back unprocessed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiCall, ApiError
from localcloud.services.dynamodb.capacity import Capacity
from localcloud.services.dynamodb.consumption import Consumption, partition_of, plain
from localcloud.services.dynamodb.throttling import Refusal
from localcloud.services.dynamodb.transactions import ONGOING, OngoingTransactions, place
from localcloud.services.dynamodb.units import Units
from localcloud.stores.dynamodb import Tables

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

Answer = Callable[[ApiCall], dict[str, Any]]


class Batches:
    """`put` writes one item, as PutItem does."""

    def __init__(
        self,
        cloud: Cloud,
        tables: Tables,
        capacity: Capacity,
        consumption: Consumption,
        ongoing: OngoingTransactions,
        put: Answer,
    ) -> None:
        self._cloud = cloud
        self._tables = tables
        self._capacity = capacity
        self._consumption = consumption
        self._ongoing = ongoing
        self._put = put
        self._most_writes = int(cloud.facts.value("quota.dynamodb.batch_write")["items"])

    # -- writing -------------------------------------------------------------------------------

    def write(self, call: ApiCall) -> tuple[dict[str, Any], list[Units]]:
        """The answer and what was consumed. Raises ApiError."""
        requests = call.params["RequestItems"]
        entries = [(name, entry) for name, given in requests.items() for entry in given]
        places = self._write_places(entries)
        consumed: list[Units] = []
        unprocessed: dict[str, list[Any]] = {}
        refusals: list[Refusal] = []
        with self._tables.restoring(places):  # a request with an invalid part writes nothing
            for (name, entry), (table, key) in zip(entries, places, strict=True):
                if self._ongoing.holds(table, key):
                    self._ongoing.conflict(table)
                elif (refusal := self._write_one(call, name, entry, table, key, consumed)) is None:
                    continue
                else:
                    refusals.append(refusal)
                unprocessed.setdefault(name, []).append(entry)
        for refusal in refusals:
            self._capacity.metrics.event(refusal)
        if sum(map(len, unprocessed.values())) == len(entries):
            raise self._all_refused(call, refusals)
        return {"UnprocessedItems": unprocessed}, consumed

    def _write_places(self, entries: list[tuple[str, Any]]) -> list[tuple[Any, Mapping[str, Any]]]:
        """The table and the item or key of each part, once they are checked as a whole."""
        if len(entries) > self._most_writes:
            raise _invalid("Too many items requested for the BatchWriteItem call")
        found, seen = [], set()
        for name, entry in entries:
            if len(entry) != 1:
                raise _invalid("Supplied AttributeValue has more than one datatypes set, must contain exactly one")
            table = self._table(name)
            ((_, request),) = entry.items()
            key = request["Item"] if "Item" in request else request["Key"]
            where = place(table, key)
            if where in seen:
                raise _invalid("Provided list of item keys contains duplicates")
            seen.add(where)
            found.append((table, key))
        return found

    def _write_one(
        self, call: ApiCall, name: str, entry: Any, table: Any, key: Mapping[str, Any], consumed: list[Units]
    ) -> Refusal | None:
        """Write one item and note what it consumed, unless it is throttled."""
        refusal = self._capacity.refusal(table, None, True, partition_of(table, key))
        if refusal is not None:
            return refusal
        touched = self._tables.touched
        touched.clear()
        try:
            with self._tables.restoring([(table, key)]):
                self._run(call, name, entry)
                refusal = self._capacity.refused_by_index(table, touched) if table.global_indexes else None
                if refusal is not None:
                    raise _Throttled
        except _Throttled:
            return refusal
        units = self._consumption.of_touched(touched, False)
        self._capacity.spend(units)
        consumed += units
        return None

    def _run(self, call: ApiCall, name: str, entry: Any) -> None:
        put = entry.get("PutRequest")
        if put is not None:
            self._put(ApiCall("dynamodb", "PutItem", {"TableName": plain(name), **put}, call.client, call.region))
            return
        params = {"RequestItems": {plain(name): [entry]}}
        self._cloud.api.moto(ApiCall("dynamodb", "BatchWriteItem", params, call.client, call.region))

    # -- reading -------------------------------------------------------------------------------

    def read(self, call: ApiCall) -> tuple[dict[str, Any], list[Units]]:
        """The answer and what was consumed. Raises ApiError."""
        requests = call.params["RequestItems"]
        admitted: dict[str, Any] = {}
        unprocessed: dict[str, Any] = {}
        refusals: list[Refusal] = []
        consumed: list[Units] = []
        for name, request in requests.items():
            table = self._table(name)
            keys: dict[bool, list[Any]] = {True: [], False: []}
            for key in request["Keys"]:
                refusal = self._capacity.refusal(table, None, False, partition_of(table, key))
                keys[refusal is None].append(key)
                if refusal is not None:
                    refusals.append(refusal)
                    continue
                units = self._consumption.of_keys(name, [key], bool(request.get("ConsistentRead")))
                self._capacity.spend(units)
                consumed += units
            if keys[True]:
                admitted[name] = {**request, "Keys": keys[True]}
            if keys[False]:
                unprocessed[name] = {**request, "Keys": keys[False]}
        for refusal in refusals:
            self._capacity.metrics.event(refusal)
        if not admitted:
            raise self._all_refused(call, refusals)
        params = {**call.params, "RequestItems": admitted}
        answer = self._cloud.api.moto(ApiCall("dynamodb", call.operation, params, call.client, call.region))
        for name, left in (answer.get("UnprocessedKeys") or {}).items():  # more than 16 MB were found
            keys_left = left["Keys"] + unprocessed.get(name, {}).get("Keys", [])
            unprocessed[name] = {**requests[name], "Keys": keys_left}
        answer["UnprocessedKeys"] = unprocessed
        return answer, consumed

    # -- both ----------------------------------------------------------------------------------

    def _table(self, name: str) -> Any:
        table = self._capacity.backend.tables.get(plain(name))
        if table is None:
            raise ApiError("ResourceNotFoundException", "Requested resource not found", 400)
        return table

    def _all_refused(self, call: ApiCall, refusals: list[Refusal]) -> ApiError:
        if not refusals:
            return ApiError("TransactionConflictException", ONGOING, 400)
        for table in {refusal.table.name: refusal.table for refusal in refusals}.values():
            self._capacity.metrics.request(table, call.operation)
        return refusals[0].error()


class _Throttled(Exception):
    """An index does not take its part of a write, which is taken back."""


def _invalid(message: str) -> ApiError:
    return ApiError("ValidationException", message, 400)
