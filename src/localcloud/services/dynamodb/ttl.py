"""Time to live: expired items go some time after their hour, and until then they can be read.

DynamoDB deletes them in the background, at best effort. Here they are swept before a table is used: to whoever
asks, it looks the same.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import TYPE_CHECKING, Any

from moto.dynamodb.models import dynamodb_backends

from localcloud.api import ApiCall, ApiError
from localcloud.services.dynamodb.consumption import plain
from localcloud.stores.dynamodb import stored_items
from localcloud.stores.dynamodb.streams import StreamLogs

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_YEAR_S = 365 * 86_400
_PAUSE_US = 600_000_000  # between two sweeps of one table


class TimeToLive:
    """Deletes what has expired. A deletion consumes no write units."""

    def __init__(self, cloud: Cloud, streams: StreamLogs) -> None:
        self._cloud = cloud
        self._streams = streams
        self._longest_s = round(float(cloud.facts.value("model.dynamodb.ttl_delay_h")) * 3_600)
        self._oldest_s = int(cloud.facts.value("quota.dynamodb.ttl_past_years")) * _YEAR_S
        self._swept_us: dict[str, int] = {}

    def install(self) -> None:
        """Look at every DynamoDB call that names a table."""
        self._cloud.api.before_call(self._before, "dynamodb")
        self._cloud.api.register("dynamodb", "UpdateTimeToLive", self._update)

    def _update(self, call: ApiCall) -> dict[str, Any]:
        """What is on already is not switched on again. Raises ApiError ValidationException."""
        table = self._backend.tables.get(call.resource.rsplit("/", 1)[-1])
        wanted = call.params["TimeToLiveSpecification"]
        if table is not None:
            enabled = table.ttl.get("TimeToLiveStatus") == "ENABLED"
            current = table.ttl.get("AttributeName")
            if wanted["Enabled"] == enabled:
                raise _refused(f"TimeToLive is already {'enabled' if enabled else 'disabled'}")
            if enabled and wanted["AttributeName"] != current:
                told = f"current AttributeName is {current}"
                raise _refused(f"TimeToLive is active on a different AttributeName: {told}")
        return self._cloud.api.moto(call)

    @cached_property
    def _backend(self) -> Any:
        return dynamodb_backends[self._cloud.account_id][self._cloud.region]

    def _before(self, call: ApiCall) -> None:
        name = call.params.get("TableName")
        if not isinstance(name, str):  # a batch; what is not a text is refused later
            return
        tables = self._backend.tables
        table = tables.get(name)
        if table is None:
            table = tables.get(plain(name))
        if table is None or table.ttl.get("TimeToLiveStatus") != "ENABLED":
            return
        now_us = self._cloud.kernel.now_us
        if now_us - self._swept_us.get(table.name, -_PAUSE_US) >= _PAUSE_US:
            self._swept_us[table.name] = now_us
            self._sweep(table, self._cloud.kernel.unix_us // 1_000_000)

    def _sweep(self, table: Any, now_s: int) -> None:
        attribute = table.ttl["AttributeName"]
        for item in list(stored_items(table)):
            value = item.wire.get(attribute)
            if value is None or "N" not in value:
                continue
            expires_s = int(float(value["N"]))
            if now_s - expires_s > self._oldest_s:
                continue
            if now_s >= expires_s + self._delay_s(table.name, item):
                with self._streams.by_service():
                    table.delete_item(item.hash_key, item.range_key)

    def _delay_s(self, table: str, item: Any) -> int:
        """How long this item outlives its hour: spread by its key, the same in every run."""
        key = f"{self._cloud.seed}/{table}/{item.hash_key.value}/{item.range_key.value if item.range_key else ''}"
        return int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) % self._longest_s


def _refused(message: str) -> ApiError:
    return ApiError("ValidationException", message, 400)
