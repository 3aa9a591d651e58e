"""Puts, updates and reads of one item that are plainly valid, answered without moto.

Every other call goes the long way: it is looked at in full, and moto does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from moto.dynamodb.models import DynamoDBBackend

from localcloud.api import ApiCall
from localcloud.services.dynamodb.expressions import check_expressions
from localcloud.stores.dynamodb import Tables, item_size, updates
from localcloud.stores.dynamodb.validity import plain_keys, plain_size

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_KB = 1_024
_PLAIN_PUT = frozenset(
    {
        "TableName", "Item", "ConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues",
        "ReturnConsumedCapacity", "ReturnValues",
    }
)  # fmt: skip
_PLAIN_UPDATE = frozenset({*_PLAIN_PUT - {"Item"}, "Key", "UpdateExpression"})
_PLAIN_GET = frozenset({"TableName", "Key", "ConsistentRead", "ReturnConsumedCapacity"})
_NOTHING: Mapping[str, Any] = {}


class PlainItems:
    """What runs do by the thousand. `slowly` answers every call that is not plain."""

    def __init__(
        self,
        cloud: Cloud,
        tables: Tables,
        backend: DynamoDBBackend,
        slowly: Callable[[ApiCall], dict[str, Any]],
    ) -> None:
        self._slowly = slowly
        self._tables = tables
        self._backend = backend
        self._item_limit = int(cloud.facts.value("quota.dynamodb.item_kb") * _KB)
        self._sure_bytes = self._item_limit // 2  # moto measures updated items in another way

    def put(self, call: ApiCall) -> dict[str, Any]:
        """A put that is plainly valid."""
        params, item = call.params, call.params["Item"]
        table = self._backend.tables.get(params["TableName"])
        if table is None or not _PLAIN_PUT.issuperset(params) or params.get("ReturnValues", "NONE") != "NONE":
            return self._slowly(call)
        size_bytes = plain_size(table, item, self._item_limit)
        if size_bytes is None:
            return self._slowly(call)
        old = self._tables.find(table, item)
        expression = params.get("ConditionExpression")
        if expression is not None:
            check_expressions(params)
            names, values = params.get("ExpressionAttributeNames"), params.get("ExpressionAttributeValues")
            condition = self._tables.conditions.sound(expression, names, values)
            if condition is None or not condition.expr(old.thawed() if old is not None else None):
                return self._slowly(call)
        elif "ExpressionAttributeNames" in params or "ExpressionAttributeValues" in params:
            return self._slowly(call)
        self._tables.put(table, item, size_bytes, old)
        return {}

    def update(self, call: ApiCall) -> dict[str, Any]:
        """An update that is plainly valid and changes whole attributes."""
        params, key = call.params, call.params["Key"]
        check_expressions(params)
        table = self._backend.tables.get(params["TableName"])
        names: Mapping[str, str] = params.get("ExpressionAttributeNames", _NOTHING)
        values: Mapping[str, Any] = params.get("ExpressionAttributeValues", _NOTHING)
        update = updates.parsed(params.get("UpdateExpression", ""))
        if (
            table is None
            or update is None
            or not _PLAIN_UPDATE.issuperset(params)
            or (not names and names is not _NOTHING)
            or (not values and values is not _NOTHING)
            or not update.names <= names.keys()
            or not update.values <= values.keys()
            or len(key) != len(table.table_key_attrs)
            or not plain_keys(table, key)
        ):
            return self._slowly(call)
        involved = update.involved(names)
        if involved is None or not involved.isdisjoint(table.table_key_attrs):
            return self._slowly(call)
        old = self._tables.find(table, key)
        expression = params.get("ConditionExpression")
        if expression is not None:
            condition = self._tables.conditions.sound(expression, names, values, update.names | update.values)
            if condition is None or not condition.expr(old.thawed() if old is not None else None):
                return self._slowly(call)
        elif len(names) > len(update.names) or len(values) > len(update.values):
            return self._slowly(call)
        after = old.wire if old is not None else {name: key[name] for name in table.table_key_attrs}
        if not update.applied(after, names, values) or not plain_keys(table, after):
            return self._slowly(call)
        wanted = params.get("ReturnValues", "NONE")
        answer = {} if wanted == "NONE" else updates.returned(wanted, old.wire if old is not None else {}, after)
        size_bytes = item_size(after)
        if answer is None or size_bytes > self._sure_bytes:
            return self._slowly(call)
        self._tables.put(table, after, size_bytes, old)
        return answer

    def get(self, call: ApiCall) -> dict[str, Any]:
        """A read of a whole item."""
        params, key = call.params, call.params["Key"]
        table = self._backend.tables.get(params["TableName"])
        if table is None or not _PLAIN_GET.issuperset(params):
            return self._slowly(call)
        if len(key) != len(table.table_key_attrs) or not plain_keys(table, key):
            return self._slowly(call)
        found = self._tables.find(table, key)
        return {} if found is None else {"Item": found.wire}
