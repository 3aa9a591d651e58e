"""CloudWatch Logs: lines go straight into moto's state, where its read operations find them."""

from __future__ import annotations

import marshal
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from moto.logs.models import LogEvent, LogGroup, LogStream, logs_backends

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


_EVENT_OVERHEAD = 26  # bytes that CloudWatch Logs counts for each event beside its message


class Line:
    """One event, as moto's LogEvent."""

    __slots__ = ("event_id", "ingestion_time", "message", "timestamp")

    def __init__(self, event_id: int, unix_ms: int, message: str) -> None:
        self.event_id = event_id
        self.ingestion_time = self.timestamp = unix_ms
        self.message = message

    to_filter_dict = LogEvent.to_filter_dict
    to_response_dict = LogEvent.to_response_dict


class Lines(Sequence[Any]):
    """The events of a stream, in moto's place for them. Runs write millions of lines and read few.

    What is written together is kept in one piece of bytes, and becomes lines again when somebody looks.
    """

    def __init__(self, reserve: Callable[[int], int], events: Iterable[Any] = ()) -> None:
        self._reserve = reserve  # event ids, the first of so many
        self._blocks: list[Any] = list(events)  # moto's own events as they are, ours as (first id, bytes)
        self._count = len(self._blocks)

    def write(self, events: Sequence[tuple[int, str]]) -> int:
        """Append events as (unix milliseconds, message); the id of the first."""
        first = self._reserve(len(events))
        self._blocks.append((first, marshal.dumps(list(events))))
        self._count += len(events)
        return first

    def expire(self, before_ms: int) -> int:
        """Drop what is older; how many bytes of messages went."""
        events = list(self)
        kept = [event for event in events if event.timestamp >= before_ms]
        if len(kept) == len(events):
            return 0
        self._blocks, self._count = kept, len(kept)
        return sum(len(event.message.encode()) for event in events if event.timestamp < before_ms)

    def append(self, event: Any) -> None:
        """Take in an event of moto's."""
        self._blocks.append(event)
        self._count += 1

    def __iadd__(self, events: Iterable[Any]) -> Lines:
        for event in events:
            self.append(event)
        return self

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Any]:
        for block in self._blocks:
            if type(block) is tuple:
                first, packed = block
                for number, (unix_ms, message) in enumerate(marshal.loads(packed)):
                    yield Line(first + number, unix_ms, message)
            else:
                yield block

    def __getitem__(self, index: Any) -> Any:
        return list(self)[index]


class Logs:
    """The log groups of one cloud."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._next_id = 10_000_000_000  # far from those that moto gives
        self.on_embedded_metrics: Callable[[str, Sequence[tuple[int, str]]], None] = _ignore  # group, events
        # who looks at the lines of a group: called with group, stream, id of the first event, events
        self.watchers: dict[str, Callable[[str, str, int, Sequence[tuple[int, str]]], None]] = {}
        self.items: dict[str, str] = {}  # what the lines of a group are billed as, where it is not the usual
        cloud.patches.set(LogStream, "last_ingestion_time", property(_last_ingestion, _set_last_ingestion))

    def put(self, group: str, stream: str, events: Sequence[tuple[int, str]], item: str = "logs.ingested_gb") -> None:
        """Append events as (unix milliseconds, message); group and stream are made when they are missing.

        `item` is what the meter counts: lines of functions have prices of their own.
        """
        target = self._stream(group, stream)
        lines: Any = target.events
        first_id = lines.write(events)
        size = sum(len(message) if message.isascii() else len(message.encode()) for _, message in events)
        target.stored_bytes += size
        target.last_ingestion_time = self._cloud.kernel.unix_us  # type: ignore[assignment]
        # by the function's name, so that a function's cost includes its logs
        ingested = size + _EVENT_OVERHEAD * len(events)
        item = self.items.get(group, item)
        self._cloud.meter.add(item, ingested / 1e9, group.rsplit("/", 1)[-1])
        embedded = [event for event in events if '"_aws"' in event[1]]
        if embedded:
            self.on_embedded_metrics(group, embedded)
        watcher = self.watchers.get(group)
        if watcher is not None:
            watcher(group, stream, first_id, events)

    def expire(self, stream: Any, before_ms: int) -> None:
        """Drop the events of a stream that are older."""
        if isinstance(stream.events, Lines):
            stream.stored_bytes -= stream.events.expire(before_ms)

    def _reserve(self, count: int) -> int:
        first = self._next_id
        self._next_id += count
        return first

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
        target = found.streams[stream]
        if not isinstance(target.events, Lines):
            target.events = Lines(self._reserve, target.events)  # type: ignore[assignment]
        return target


def _ignore(group: str, events: Sequence[tuple[int, str]]) -> None:
    """Nobody reads embedded metrics yet."""


def _last_ingestion(stream: Any) -> datetime | None:
    """moto wants a time without a zone; it is made when somebody asks."""
    found: int | datetime | None = vars(stream).get("_last_ingestion")
    return datetime.fromtimestamp(found / 1e6, UTC).replace(tzinfo=None) if isinstance(found, int) else found


def _set_last_ingestion(stream: Any, at: int | datetime | None) -> None:
    """Virtual unix microseconds from us, a time from moto."""
    vars(stream)["_last_ingestion"] = at
