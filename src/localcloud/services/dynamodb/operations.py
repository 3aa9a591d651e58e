"""The operations on items: moto's, with the two that runs make by the thousand answered here.

What every call consumed is metered, failed conditions included, and reported when the caller asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends

from localcloud.api import ApiCall, ApiError
from localcloud.services.dynamodb.expressions import check_placeholders
from localcloud.services.dynamodb.transactions import TransactionTokens
from localcloud.services.dynamodb.units import Units, read_units, report, write_units
from localcloud.stores.dynamodb import Tables, Touch, item_size
from localcloud.stores.dynamodb.validity import plain_key, plain_size

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_TRANSACTION = 2  # prepare and commit
_LISTS = ("BatchGetItem", "BatchWriteItem", "TransactGetItems", "TransactWriteItems")
_KB = 1_024
_PLAIN_PUT = frozenset(
    {
        "TableName", "Item", "ConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues",
        "ReturnConsumedCapacity", "ReturnValues",
    }
)  # fmt: skip
_PLAIN_GET = frozenset({"TableName", "Key", "ConsistentRead", "ReturnConsumedCapacity"})


class ItemOperations:
    """Answers every operation on items, and meters `dynamodb.wru` and `dynamodb.rru` by table."""

    def __init__(self, cloud: Cloud, tables: Tables) -> None:
        self._cloud = cloud
        self._tables = tables
        self._tokens = TransactionTokens(cloud)
        self._item_limit = int(cloud.facts.value("quota.dynamodb.item_kb") * _KB)

    def install(self) -> None:
        """Answer the operations."""
        answers: dict[str, Callable[[ApiCall], dict[str, Any]]] = {
            "PutItem": self._put,
            "GetItem": self._get,
            "TransactWriteItems": lambda call: self._tokens.once(call, self._cloud.api.moto),
        }
        for operation in ("UpdateItem", "DeleteItem", "Query", "Scan", *_LISTS):
            answers.setdefault(operation, self._cloud.api.moto)
        for operation, answer in answers.items():
            self._cloud.api.register("dynamodb", operation, self._counted(answer))

    @cached_property
    def _backend(self) -> DynamoDBBackend:
        found: DynamoDBBackend = dynamodb_backends[self._cloud.account_id][self._cloud.region]
        return found

    # -- answered here -------------------------------------------------------------------------

    def _put(self, call: ApiCall) -> dict[str, Any]:
        """A put that is plainly valid; every other is moto's, which says what is wrong with it."""
        params, item = call.params, call.params["Item"]
        table = self._backend.tables.get(params["TableName"])
        if table is None or not _PLAIN_PUT.issuperset(params) or params.get("ReturnValues", "NONE") != "NONE":
            return self._cloud.api.moto(call)
        size_bytes = plain_size(table, item, self._item_limit)
        if size_bytes is None:
            return self._cloud.api.moto(call)
        old = self._tables.find(table, item)
        expression = params.get("ConditionExpression")
        if expression is not None:
            names, values = params.get("ExpressionAttributeNames"), params.get("ExpressionAttributeValues")
            condition = self._tables.conditions.sound(expression, names, values)
            if condition is None or not condition.expr(old.thawed() if old is not None else None):
                return self._cloud.api.moto(call)
        elif "ExpressionAttributeNames" in params or "ExpressionAttributeValues" in params:
            return self._cloud.api.moto(call)
        self._tables.put(table, item, size_bytes, old)
        return {}

    def _get(self, call: ApiCall) -> dict[str, Any]:
        params, key = call.params, call.params["Key"]
        table = self._backend.tables.get(params["TableName"])
        if table is None or not _PLAIN_GET.issuperset(params) or len(key) != len(table.table_key_attrs):
            return self._cloud.api.moto(call)
        for attribute in table.attr:
            name = attribute["AttributeName"]
            if name in table.table_key_attrs and not plain_key(key.get(name, {}), attribute["AttributeType"]):
                return self._cloud.api.moto(call)
        found = self._tables.find(table, key)
        return {} if found is None else {"Item": found.wire}

    # -- what it consumed ----------------------------------------------------------------------

    def _counted(self, answer: Callable[[ApiCall], dict[str, Any]]) -> Callable[[ApiCall], dict[str, Any]]:
        def counted(call: ApiCall) -> dict[str, Any]:
            check_placeholders(call.params)
            touched = self._tables.touched
            touched.clear()
            try:
                found = answer(call)
            except ApiError as exc:
                if exc.code in ("ConditionalCheckFailedException", "TransactionCanceledException"):
                    self._meter(self._refused(call))
                raise
            consumed = self._meter(self._consumed(call, found, touched))
            found.pop("ConsumedCapacity", None)
            detail = call.params.get("ReturnConsumedCapacity", "NONE")
            if detail != "NONE":
                entries = report(consumed, detail, self._local_indexes(consumed), "Transact" in call.operation)
                found["ConsumedCapacity"] = entries if call.operation in _LISTS else entries[0]
            return found

        return counted

    def _meter(self, consumed: list[Units]) -> list[Units]:
        for used in consumed:
            self._cloud.meter.add("dynamodb.wru" if used.write else "dynamodb.rru", used.units, used.table)
        return consumed

    def _consumed(self, call: ApiCall, answer: Mapping[str, Any], touched: list[Touch]) -> list[Units]:
        params = call.params
        if call.operation == "GetItem":
            size = item_size(answer.get("Item") or {})
            if params.get("ProjectionExpression") or params.get("AttributesToGet"):  # the whole item is read
                size = self._size_now(params["TableName"], params["Key"])
            return [self._read(params["TableName"], size, bool(params.get("ConsistentRead")))]
        if call.operation == "BatchGetItem":
            return [
                self._read(table, self._size_now(table, key), bool(request.get("ConsistentRead")))
                for table, request in params["RequestItems"].items()
                for key in request["Keys"]
            ]
        if call.operation == "TransactGetItems":
            gets = [entry["Get"] for entry in params["TransactItems"]]
            return [
                self._read(get["TableName"], self._size_now(get["TableName"], get["Key"]), True, _TRANSACTION)
                for get in gets
            ]
        factor = _TRANSACTION if call.operation == "TransactWriteItems" else 1
        found = [
            Units(touch.table, touch.index, True, write_units(touch.size_bytes) * factor)
            if touch.write
            else Units(
                touch.table, touch.index, False, read_units(touch.size_bytes, bool(params.get("ConsistentRead")))
            )
            for touch in touched
        ]
        if call.operation == "TransactWriteItems":
            checks = [entry["ConditionCheck"] for entry in params["TransactItems"] if "ConditionCheck" in entry]
            found += [self._written(check, _TRANSACTION) for check in checks]
        return found

    def _refused(self, call: ApiCall) -> list[Units]:
        """A write whose condition failed: by the larger of the item as it is and as it would have been."""
        if call.operation != "TransactWriteItems":
            return [self._written(call.params, 1)]
        actions = [action for entry in call.params["TransactItems"] for action in entry.values()]
        return [self._written(action, _TRANSACTION) for action in actions]

    def _written(self, action: Mapping[str, Any], factor: int) -> Units:
        item = action.get("Item", {})
        size = max(item_size(item), self._size_now(action["TableName"], item or action["Key"]))
        return Units(_name(action["TableName"]), None, True, write_units(size) * factor)

    def _read(self, table: str, size_bytes: int, consistent: bool, factor: int = 1) -> Units:
        return Units(_name(table), None, False, read_units(size_bytes, consistent) * factor)

    def _size_now(self, reference: str, key: Mapping[str, Any]) -> int:
        table = self._backend.tables.get(_name(reference))
        if table is None or any(name not in key for name in table.table_key_attrs):
            return 0
        found = self._tables.find(table, key)
        return found.size() if found is not None else 0

    def _local_indexes(self, consumed: list[Units]) -> dict[str, frozenset[str]]:
        tables = self._backend.tables
        return {
            used.table: frozenset(index.name for index in tables[used.table].indexes)
            for used in consumed
            if used.table in tables
        }


def _name(reference: str) -> str:
    """A table's name; calls may give its ARN."""
    return reference.rsplit("/", 1)[-1]
