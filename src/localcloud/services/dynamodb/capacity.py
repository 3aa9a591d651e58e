"""Counting the read and write units of every call.

A write is counted by the size of the item after it (the guide takes the larger of before and after);
a failed conditional write still consumes its units.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType

from localcloud.api import ApiCall, ApiError
from localcloud.services.dynamodb.sizes import item_size, read_units, write_units

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_TRANSACTION = 2  # prepare and commit


class CapacityMeter:
    """Meters `dynamodb.wru` and `dynamodb.rru` by table."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._counters: dict[str, Callable[[dict[str, Any], Mapping[str, Any]], None]] = {
            "PutItem": lambda params, _: self._wrote(params["TableName"], params["Item"]),
            "UpdateItem": lambda params, _: self._touched(params),
            "DeleteItem": lambda params, _: self._touched(params),
            "GetItem": self._got,
            "Query": self._searched,
            "Scan": self._searched,
            "BatchGetItem": self._batch_got,
            "BatchWriteItem": self._batch_wrote,
            "TransactWriteItems": self._transacted,
            "TransactGetItems": self._transaction_got,
        }

    def install(self) -> None:
        """Listen to every DynamoDB call."""
        self._cloud.api.on_call(self._heard)

    def _heard(self, call: ApiCall, answer: dict[str, Any] | ApiError, duration_us: int) -> None:
        if call.service != "dynamodb" or call.operation not in self._counters:
            return
        if isinstance(answer, ApiError):
            if answer.code not in ("ConditionalCheckFailedException", "TransactionCanceledException"):
                return
            answer = {}
        self._counters[call.operation](call.params, answer)

    # -- writes --------------------------------------------------------------------------------

    def _wrote(self, table: str, item: Mapping[str, Any], factor: int = 1) -> None:
        self._add("dynamodb.wru", table, write_units(item_size(item)) * factor)

    def _touched(self, params: Mapping[str, Any], factor: int = 1) -> None:
        """An update or a delete: the item as it is now, or its key when there is none."""
        self._wrote(params["TableName"], self._now(params) or params["Key"], factor)

    def _now(self, params: Mapping[str, Any]) -> Mapping[str, Any] | None:
        table = dynamodb_backends[self._cloud.account_id][self._cloud.region].tables.get(_name(params["TableName"]))
        if table is None:
            return None
        key = params["Key"]
        sort = DynamoType(key[table.range_key_attr]) if table.range_key_attr else None
        item = table.get_item(DynamoType(key[table.hash_key_attr]), sort)
        return item.to_json()["Attributes"] if item is not None else None

    def _batch_wrote(self, params: dict[str, Any], answer: Mapping[str, Any]) -> None:
        for table, requests in params["RequestItems"].items():
            for request in requests:
                if "PutRequest" in request:
                    self._wrote(table, request["PutRequest"]["Item"])
                else:
                    self._wrote(table, request["DeleteRequest"]["Key"])

    def _transacted(self, params: dict[str, Any], answer: Mapping[str, Any]) -> None:
        for entry in params["TransactItems"]:
            ((kind, action),) = entry.items()
            if kind == "Put":
                self._wrote(action["TableName"], action["Item"], _TRANSACTION)
            else:
                self._touched(action, _TRANSACTION)

    # -- reads ---------------------------------------------------------------------------------

    def _got(self, params: dict[str, Any], answer: Mapping[str, Any]) -> None:
        size = item_size(answer.get("Item") or {})
        self._read(params["TableName"], size, bool(params.get("ConsistentRead")))

    def _searched(self, params: dict[str, Any], answer: Mapping[str, Any]) -> None:
        """Sums up what was returned; what a filter dropped was read too and counts by its average size."""
        items = answer.get("Items") or []
        size = sum(item_size(item) for item in items)
        scanned, count = answer.get("ScannedCount", len(items)), max(1, len(items))
        size = size * max(scanned, 1) // count if items else scanned * 100
        self._read(params["TableName"], size, bool(params.get("ConsistentRead")))

    def _batch_got(self, params: dict[str, Any], answer: Mapping[str, Any]) -> None:
        for table, items in (answer.get("Responses") or {}).items():
            consistent = bool(params["RequestItems"][table].get("ConsistentRead"))
            for item in items:
                self._read(table, item_size(item), consistent)

    def _transaction_got(self, params: dict[str, Any], answer: Mapping[str, Any]) -> None:
        for entry, found in zip(params["TransactItems"], answer.get("Responses") or [], strict=False):
            size = item_size(found.get("Item") or {})
            self._add("dynamodb.rru", entry["Get"]["TableName"], read_units(size, True) * _TRANSACTION)

    def _read(self, table: str, size: int, consistent: bool) -> None:
        self._add("dynamodb.rru", table, read_units(size, consistent))

    def _add(self, item: str, table: str, units: float) -> None:
        self._cloud.meter.add(item, units, _name(table))


def _name(reference: str) -> str:
    """A table's name; calls may give its ARN."""
    return reference.rsplit("/", 1)[-1]
