"""CloudWatch Logs: lines go straight into moto's state, where its read operations find them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from moto.core.utils import utcnow
from moto.logs.models import LogEvent, LogGroup, LogStream, logs_backends

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


_EVENT_OVERHEAD = 26  # bytes that CloudWatch Logs counts for each event beside its message


class Line:
    """One event, as moto's LogEvent but a quarter of its size: runs write millions of lines."""

    __slots__ = ("event_id", "ingestion_time", "message", "timestamp")

    def __init__(self, event_id: int, unix_ms: int, message: str) -> None:
        self.event_id = event_id
        self.ingestion_time = self.timestamp = unix_ms
        self.message = message

    to_filter_dict = LogEvent.to_filter_dict
    to_response_dict = LogEvent.to_response_dict


class Logs:
    """The log groups of one cloud."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._ids = itertools.count(10_000_000_000)  # far from those that moto gives

    def put(self, group: str, stream: str, events: Sequence[tuple[int, str]]) -> None:
        """Append events as (unix milliseconds, message); group and stream are made when they are missing."""
        target = self._stream(group, stream)
        ingested = 0
        for unix_ms, message in events:
            target.events.append(Line(self._next_id(), unix_ms, message))  # type: ignore[arg-type]
            size = len(message.encode())
            target.stored_bytes += size
            ingested += size + _EVENT_OVERHEAD
        target.last_ingestion_time = utcnow()
        # by the function's name, so that a function's cost includes its logs
        self._cloud.meter.add("logs.ingested_gb", ingested / 1e9, group.rsplit("/", 1)[-1])

    def _next_id(self) -> int:
        return next(self._ids)

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
