"""CloudWatch Logs: lines go straight into moto's state, where its read operations find them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from moto.core.utils import utcnow
from moto.logs.models import LogEvent, LogGroup, LogStream, logs_backends

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


_EVENT_OVERHEAD = 26  # bytes that CloudWatch Logs counts for each event beside its message


class Logs:
    """The log groups of one cloud."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def put(self, group: str, stream: str, events: Sequence[tuple[int, str]]) -> None:
        """Append events as (unix milliseconds, message); group and stream are made when they are missing."""
        target = self._stream(group, stream)
        ingested = 0
        for unix_ms, message in events:
            target.events.append(LogEvent(unix_ms, {"timestamp": unix_ms, "message": message}))
            size = len(message.encode())
            target.stored_bytes += size
            ingested += size + _EVENT_OVERHEAD
        target.last_ingestion_time = utcnow()
        # by the function's name, so that a function's cost includes its logs
        self._cloud.meter.add("logs.ingested_gb", ingested / 1e9, group.rsplit("/", 1)[-1])

    @cached_property
    def _backend(self) -> Any:
        return logs_backends[self._cloud.account_id][self._cloud.region]

    def _stream(self, group: str, stream: str) -> LogStream:
        groups = self._backend.groups
        if group not in groups:
            groups[group] = LogGroup(self._cloud.account_id, self._cloud.region, group)  # type: ignore[abstract]
        found: LogGroup = groups[group]
        if stream not in found.streams:
            found.create_log_stream(stream)
        return found.streams[stream]
