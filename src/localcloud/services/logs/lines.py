"""Log events in moto's place for them, packed: runs write millions of lines and read few."""

from __future__ import annotations

import marshal
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from moto.logs.models import LogEvent


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
    """The events of a stream.

    What is written together is kept in one piece of bytes, and becomes lines again when somebody looks.
    """

    def __init__(self, reserve: Callable[[int], int], events: Iterable[Any] = ()) -> None:
        self._reserve = reserve  # event ids, the first of so many
        self._blocks: list[Any] = list(events)  # moto's own events as they are, ours as (first id, bytes)
        self._count = len(self._blocks)

    def __deepcopy__(self, memo: dict[int, Any]) -> Lines:
        """Stays what it is: moto copies a function with its log groups when it publishes a version."""
        return self

    def write(self, events: Sequence[tuple[int, str]]) -> int:
        """Append events as (unix milliseconds, message); the id of the first."""
        first = self._reserve(len(events))
        self._blocks.append((first, marshal.dumps(list(events))))
        self._count += len(events)
        return first

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

    def drop_before(self, unix_ms: int) -> int:
        """Drop the events before that time; the bytes of their messages."""
        kept = [event for event in self if event.timestamp >= unix_ms]
        if len(kept) == self._count:
            return 0
        dropped = sum(len(event.message.encode()) for event in self if event.timestamp < unix_ms)
        self._blocks, self._count = list(kept), len(kept)
        return dropped
