"""What tables cost for what is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.dynamodb.models import dynamodb_backends

from localcloud.api import ApiCall, ApiError
from localcloud.standing import Storage
from localcloud.stores.dynamodb import Tables, item_size, stored_items
from localcloud.stores.dynamodb.secondary import project

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


class TableStorage:
    """Meters `dynamodb.storage_gb_months` by table: its items and those of its indexes, each with AWS's overhead."""

    def __init__(self, cloud: Cloud, tables: Tables) -> None:
        self._cloud = cloud
        self._tables = tables
        self._storage = Storage(cloud.kernel, cloud.meter, "dynamodb.storage_gb_months")
        self._overhead = int(cloud.facts.value("quota.dynamodb.storage_overhead"))

    def install(self) -> None:
        """Hear of every item that is written, and of tables that are deleted."""
        self._tables.on_stored = self._stored
        self._cloud.api.on_call(self._on_call, "dynamodb")

    def _stored(self, table: Any, items: int, size_bytes: int) -> None:
        change = size_bytes + items * self._overhead
        if change:
            self._storage.place(table.name).change(self._cloud.kernel.now_us, change)

    def _on_call(self, call: ApiCall, answer: dict[str, Any] | ApiError, duration_us: int) -> None:
        if not isinstance(answer, dict):
            return
        if call.operation == "DeleteTable":
            self._storage.end(call.resources[0])
        elif call.operation == "UpdateTable" and call.params.get("GlobalSecondaryIndexUpdates"):
            self._recount(call.resources[0])

    def _recount(self, name: str) -> None:
        """Indexes came or went: look at everything once."""
        table = dynamodb_backends[self._cloud.account_id][self._cloud.region].tables[name]
        size = 0
        for item in stored_items(table):
            entries = [project(table, index, item.wire) for index in table.all_indexes()]
            size += item.size() + self._overhead
            size += sum(item_size(entry) + self._overhead for entry in entries if entry)
        place = self._storage.place(name)
        place.change(self._cloud.kernel.now_us, size - place.level)
