"""The operations on items: moto's, but for those that runs make by the thousand.

What every call consumed is metered, failed conditions included, and reported when the caller asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiCall, ApiError
from localcloud.services.dynamodb.batches import Batches
from localcloud.services.dynamodb.capacity import Capacity
from localcloud.services.dynamodb.consumption import Consumption, partition_of, plain
from localcloud.services.dynamodb.partiql import PartiQl
from localcloud.services.dynamodb.plain_items import PlainItems
from localcloud.services.dynamodb.requests import prepared
from localcloud.services.dynamodb.table_operations import TableOperations
from localcloud.services.dynamodb.throttling import NAMESPACE, Refusal
from localcloud.services.dynamodb.transactions import (
    ONGOING,
    OngoingTransactions,
    TransactionTokens,
    cancelled,
    places_of,
)
from localcloud.services.dynamodb.units import Units, report
from localcloud.stores.dynamodb import Tables

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_LISTS = ("BatchGetItem", "BatchWriteItem", "TransactGetItems", "TransactWriteItems")
_CONDITION_FAILED = ("ConditionalCheckFailedException", "TransactionCanceledException")
# what is plainly valid needs no preparation, and most of these are
_PREPARED_LATER = frozenset({"PutItem", "UpdateItem", "GetItem"})

Answer = Callable[[ApiCall], dict[str, Any]]
Counted = Callable[[ApiCall], tuple[dict[str, Any], list[Units]]]


class ItemOperations:
    """Answers every operation on items within the capacity of tables, and counts what it consumes."""

    def __init__(self, cloud: Cloud, tables: Tables) -> None:
        self._cloud = cloud
        self._kernel = cloud.kernel
        self._tables = tables
        self.capacity = Capacity(cloud)
        self._consumption = Consumption(self.capacity.backend, tables)
        self._tokens = TransactionTokens(cloud)
        self._ongoing = OngoingTransactions(cloud)
        self._plain = PlainItems(cloud, tables, self.capacity.backend, self._slowly)
        self._batches = Batches(cloud, tables, self.capacity, self._consumption, self._ongoing, self._plain.put)

    def install(self) -> None:
        """Answer the operations."""
        self.capacity.install()
        TableOperations(self._cloud, self.capacity).install()
        moto = self._cloud.api.moto
        answers: dict[str, Counted] = {
            "PutItem": self._writing(self._plain.put),
            "UpdateItem": self._writing(self._plain.update),
            "DeleteItem": self._writing(moto),
            "GetItem": self._reading(self._plain.get),
            "Query": self._reading(moto),
            "Scan": self._reading(moto),
            "BatchGetItem": self._batches.read,
            "BatchWriteItem": self._batches.write,
            "TransactGetItems": self._transact_get,
        }
        reporting = {operation: self._reporting(answer) for operation, answer in answers.items()}
        for operation, answer in reporting.items():
            self._cloud.api.register("dynamodb", operation, answer)
        share = float(self._cloud.facts.value("model.dynamodb.transaction_held_share"))
        transact = self._reporting(self._transact_write)
        reporting["TransactWriteItems"] = lambda call: self._tokens.once(call, transact)
        self._cloud.api.register("dynamodb", "TransactWriteItems", reporting["TransactWriteItems"], inside=share)
        PartiQl(self._cloud, self._tables, self._table, reporting).install(share)

    def _slowly(self, call: ApiCall) -> dict[str, Any]:
        """moto's operation, on what has been looked at in full."""
        call.params = prepared(call.operation, call.params, self._table)
        return self._cloud.api.moto(call)

    # -- within the capacity -------------------------------------------------------------------

    def _reporting(self, answer: Counted) -> Answer:
        """Report what was consumed when the caller asks for it."""

        def reporting(call: ApiCall) -> dict[str, Any]:
            if call.operation not in _PREPARED_LATER:
                call.params = prepared(call.operation, call.params, self._table)
            found, consumed = answer(call)
            found.pop("ConsumedCapacity", None)
            detail = call.params.get("ReturnConsumedCapacity", "NONE")
            if detail != "NONE":
                entries = report(consumed, detail, self._local_indexes(consumed), "Transact" in call.operation)
                found["ConsumedCapacity"] = entries if call.operation in _LISTS else entries[0]
            return found

        return reporting

    def _reading(self, answer: Answer) -> Counted:
        """A read is throttled once it is known what it reads: nothing has to be taken back."""

        def reading(call: ApiCall) -> tuple[dict[str, Any], list[Units]]:
            touched, params = self._tables.touched, call.params
            touched.clear()
            self._tables.asks_for_all = params.get("Select") == "ALL_ATTRIBUTES"
            found = answer(call)
            if call.operation == "GetItem":
                consumed = [self._consumption.of_get(self._table(params["TableName"]), params, found)]
            else:
                consumed = self._consumption.of_touched(touched, bool(params.get("ConsistentRead")))
            refusal = self.capacity.take(consumed)
            if refusal is not None:
                raise self._throttled(call, refusal)
            return found, consumed

        return reading

    def _writing(self, answer: Answer) -> Counted:
        """A write of one item: let in by its table and by every global index that it reaches."""

        def writing(call: ApiCall) -> tuple[dict[str, Any], list[Units]]:
            params, touched = call.params, self._tables.touched
            table = self._table(params["TableName"])
            strained = False
            if table is not None:
                key = params["Item"] if "Item" in params else params["Key"]
                if self._ongoing.held and self._ongoing.holds(table, key):
                    self._ongoing.conflict(table)
                    raise ApiError("TransactionConflictException", ONGOING, 400)
                partition = partition_of(table, key)
                limit = self.capacity.of(table, None, True).refusal(self._kernel.unix_us, partition)
                if limit is not None:
                    raise self._throttled(call, Refusal(table, None, True, limit))
                strained = bool(table.global_indexes) and self.capacity.strained(table)
            touched.clear()
            try:
                found = self._write_strained(call, answer, table, key) if strained else answer(call)
            except ApiError as exc:
                self._count_failed_condition(call, exc)
                raise
            consumed = self._consumption.of_touched(touched, False)
            self.capacity.spend(consumed)
            return found, consumed

        return writing

    def _write_strained(self, call: ApiCall, answer: Answer, table: Any, key: Mapping[str, Any]) -> dict[str, Any]:
        """A write that is taken back when an index has no capacity left for its part."""
        with self._tables.restoring([(table, key)]):
            found = answer(call)
            refusal = self.capacity.refused_by_index(table, self._tables.touched)
            if refusal is not None:
                raise self._throttled(call, refusal)
        return found

    def _table(self, reference: str) -> Any:
        """moto's table by name or ARN, or None."""
        tables = self.capacity.backend.tables
        found = tables.get(reference)
        return found if found is not None else tables.get(plain(reference))

    def _throttled(self, call: ApiCall, refusal: Refusal) -> ApiError:
        self.capacity.metrics.event(refusal)
        self.capacity.metrics.request(refusal.table, call.operation)
        return refusal.error()

    def _count_failed_condition(self, call: ApiCall, error: ApiError) -> None:
        """A failed condition consumes what the write would have consumed."""
        if error.code not in _CONDITION_FAILED:
            return
        refused = self._consumption.of_refused(call)
        self.capacity.spend(refused)
        for name in dict.fromkeys(used.table for used in refused):
            self._cloud.cloudwatch.record(
                NAMESPACE, "ConditionalCheckFailedRequests", 1.0, {"TableName": name}, "Count"
            )

    # -- transactions --------------------------------------------------------------------------

    def _transact_write(self, call: ApiCall) -> tuple[dict[str, Any], list[Units]]:
        """Prepare all items, which takes its time, and write them; whoever wants one meanwhile is turned back."""
        places = places_of(call, self.capacity.backend.tables)
        self._ongoing.check(places)
        with self._ongoing.holding(places):
            self._cloud.api.spend_inside(call)
            self._check_capacity(call, places, write=True)
            touched = self._tables.touched
            touched.clear()
            try:
                with self._tables.restoring([(table, key) for table, key in places if table is not None]):
                    found = self._cloud.api.moto(call)
                    self._check_indexes(call, places)
            except ApiError as exc:
                reasons = exc.fields.get("CancellationReasons", ())
                if any(reason["Code"] == "ConditionalCheckFailed" for reason in reasons):
                    self._count_failed_condition(call, exc)
                raise
        consumed = self._consumption.of_touched(touched, False, transaction=True)
        consumed += self._consumption.of_checks(call.params)
        self.capacity.spend(consumed)
        return found, consumed

    def _transact_get(self, call: ApiCall) -> tuple[dict[str, Any], list[Units]]:
        places = places_of(call, self.capacity.backend.tables)
        self._ongoing.check(places)
        self._check_capacity(call, places, write=False)
        found = self._cloud.api.moto(call)
        consumed = self._consumption.of_transact_get(call.params)
        self.capacity.spend(consumed)
        return found, consumed

    def _check_capacity(self, call: ApiCall, places: list[tuple[Any, Mapping[str, Any]]], write: bool) -> None:
        refusals = [
            self.capacity.refusal(table, None, write, partition_of(table, key)) if table is not None else None
            for table, key in places
        ]
        self._cancel(call, refusals)

    def _check_indexes(self, call: ApiCall, places: list[tuple[Any, Mapping[str, Any]]]) -> None:
        """The reason stands with the first item of the table whose index has no capacity left."""
        refusals: list[Refusal | None] = [None] * len(places)
        first: dict[str, tuple[int, Any]] = {}
        for position, (table, _) in enumerate(places):
            if table is not None:
                first.setdefault(table.name, (position, table))
        for position, table in first.values():
            mine = [touch for touch in self._tables.touched if touch.table == table.name]
            refusals[position] = self.capacity.refused_by_index(table, mine)
        self._cancel(call, refusals)

    def _cancel(self, call: ApiCall, refusals: list[Refusal | None]) -> None:
        found = [refusal for refusal in refusals if refusal is not None]
        if not found:
            return
        for refusal in found:
            self.capacity.metrics.event(refusal)
        self.capacity.metrics.request(found[0].table, call.operation)
        raise cancelled([refusal.cancellation if refusal is not None else {"Code": "None"} for refusal in refusals])

    def _local_indexes(self, consumed: list[Units]) -> dict[str, frozenset[str]]:
        tables = self.capacity.backend.tables
        return {
            used.table: frozenset(index.name for index in tables[used.table].indexes)
            for used in consumed
            if used.table in tables
        }
