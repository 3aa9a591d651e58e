"""What the operations on items consume."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from moto.dynamodb.models import DynamoDBBackend

from localcloud.api import ApiCall
from localcloud.services.dynamodb.units import Units, read_units, write_units
from localcloud.stores.dynamodb import Tables, Touch, item_size

_TRANSACTION = 2  # prepare and commit


class Consumption:
    """Works out the units of calls from what they touched."""

    def __init__(self, backend: DynamoDBBackend, tables: Tables) -> None:
        self._backend = backend
        self._tables = tables

    def of_get(self, table: Any, params: Mapping[str, Any], answer: Mapping[str, Any]) -> Units:
        """A GetItem. With a projection the whole item is read all the same."""
        key = params["Key"]
        size = item_size(answer.get("Item") or {})
        if "ProjectionExpression" in params or "AttributesToGet" in params:
            size = self.size_now(table.name, key)
        units = read_units(size, bool(params.get("ConsistentRead")))
        return Units(table.name, None, False, units, partition_of(table, key))

    def of_keys(self, table: str, keys: Iterable[Mapping[str, Any]], consistent: bool) -> list[Units]:
        """The items of a BatchGetItem, found or not."""
        return [self._read(table, key, self.size_now(table, key), consistent, 1) for key in keys]

    def of_transact_get(self, params: Mapping[str, Any]) -> list[Units]:
        """The items of a TransactGetItems: read twice, always consistently."""
        gets = [entry["Get"] for entry in params["TransactItems"]]
        return [
            self._read(get["TableName"], get["Key"], self.size_now(get["TableName"], get["Key"]), True, _TRANSACTION)
            for get in gets
        ]

    def of_touched(self, touched: Iterable[Touch], consistent: bool, transaction: bool = False) -> list[Units]:
        """Writes and what they did to indexes; queries and scans."""
        factor = _TRANSACTION if transaction else 1
        return [
            Units(touch.table, touch.index_name, True, write_units(touch.size_bytes) * factor, touch.partition)
            if touch.write
            else Units(touch.table, touch.index_name, False, read_units(touch.size_bytes, consistent), touch.partition)
            for touch in touched
        ]

    def of_checks(self, params: Mapping[str, Any]) -> list[Units]:
        """The condition checks of a transaction."""
        checks = [entry["ConditionCheck"] for entry in params["TransactItems"] if "ConditionCheck" in entry]
        return [self._written(check, _TRANSACTION) for check in checks]

    def of_refused(self, call: ApiCall) -> list[Units]:
        """A write whose condition failed: by the larger of the item as it is and as it would have been."""
        if call.operation != "TransactWriteItems":
            return [self._written(call.params, 1)]
        actions = [action for entry in call.params["TransactItems"] for action in entry.values()]
        return [self._written(action, _TRANSACTION) for action in actions]

    # -- parts ---------------------------------------------------------------------------------

    def _written(self, action: Mapping[str, Any], factor: int) -> Units:
        item, name = action.get("Item", {}), action["TableName"]
        key = item or action["Key"]
        size = max(item_size(item), self.size_now(name, key))
        return Units(plain(name), None, True, write_units(size) * factor, self.partition(name, key))

    def _read(self, table: str, key: Mapping[str, Any], size_bytes: int, consistent: bool, factor: int) -> Units:
        units = read_units(size_bytes, consistent) * factor
        return Units(plain(table), None, False, units, self.partition(table, key))

    def size_now(self, reference: str, key: Mapping[str, Any]) -> int:
        """Bytes of the item with this key, 0 when there is none."""
        table = self._backend.tables.get(plain(reference))
        if table is None or any(name not in key for name in table.table_key_attrs):
            return 0
        found = self._tables.find(table, key)
        return found.size() if found is not None else 0

    def partition(self, reference: str, key: Mapping[str, Any]) -> Any:
        """The value of the partition key; None when there is none."""
        table = self._backend.tables.get(plain(reference))
        return partition_of(table, key) if table is not None else None


def partition_of(table: Any, key: Mapping[str, Any]) -> Any:
    """The value of the partition key in a key or an item; None when it is not there."""
    for value in key.get(table.hash_key_attr, {}).values():
        return value
    return None


def plain(reference: str) -> str:
    """A table's name; calls may give its ARN."""
    return reference.rsplit("/", 1)[-1]
