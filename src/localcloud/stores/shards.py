"""The records of one shard of a stream, in the order in which they came."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """One record. `at_us` is its arrival in Unix microseconds; records of one `key` keep their order."""

    sequence: int
    at_us: int
    key: str
    size_bytes: int
    data: Any


class ShardLog:
    """Append-only. Positions count from the shard's first record, and stay when old records are dropped.

    Each of `on_append` is told of every new record; each of `on_close` when the shard takes no more of them.
    """

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._first = 0
        self.closed = False
        self.on_append: list[Callable[[Entry], None]] = []
        self.on_close: list[Callable[[], None]] = []

    @property
    def start(self) -> int:
        """The position of the oldest record that is still there."""
        return self._first

    @property
    def end(self) -> int:
        """The position that the next record will have."""
        return self._first + len(self._entries)

    def append(self, entry: Entry) -> None:
        """Add the newest record."""
        self._entries.append(entry)
        for told in tuple(self.on_append):
            told(entry)

    def close(self) -> None:
        """No record comes any more."""
        self.closed = True
        for told in tuple(self.on_close):
            told()

    def at(self, position: int) -> Entry | None:
        """The record at a position; None when it is gone, or has not come yet."""
        index = position - self._first
        return self._entries[index] if 0 <= index < len(self._entries) else None

    def position_at_time(self, unix_us: int) -> int:
        """The position of the first record at that time or later."""
        return self._first + bisect_left(self._entries, unix_us, key=lambda entry: entry.at_us)

    def position_after(self, sequence: int) -> int:
        """The position of the first record with a greater sequence number."""
        return self._first + bisect_right(self._entries, sequence, key=lambda entry: entry.sequence)

    def trim(self, before_us: int) -> None:
        """Drop what came before that time: its retention period has passed."""
        kept = bisect_left(self._entries, before_us, key=lambda entry: entry.at_us)
        if kept:
            del self._entries[:kept]
            self._first += kept

    def take_back(self, end: int) -> None:
        """Drop the newest records, down to position `end`: what wrote them has failed."""
        del self._entries[max(0, end - self._first) :]
