"""What an execution has done, event by event."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

_DATA = ("input", "output", "parameters", "result")  # members that have details beside them
_SECRET = (*_DATA, "error", "cause")


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """One event; `details` under the member `key` of the answer ("" for none)."""

    id: int
    previous_id: int
    unix_us: int
    type: str
    key: str
    details: dict[str, Any]

    def answer(self, with_data: bool = True) -> dict[str, Any]:
        """As GetExecutionHistory lists it, with the data that went through the execution or without."""
        found: dict[str, Any] = {
            "id": self.id,
            "previousEventId": self.previous_id,
            "timestamp": datetime.fromtimestamp(self.unix_us / 1_000_000, UTC),
            "type": self.type,
        }
        if self.key:
            found[self.key] = self.told(with_data)
        return found

    def told(self, with_data: bool) -> dict[str, Any]:
        """The details, and which of them are whole."""
        if not with_data:
            return {name: value for name, value in self.details.items() if name not in _SECRET}
        extra = {f"{name}Details": {"truncated": False} for name in ("input", "output") if name in self.details}
        return {**self.details, **extra}


class History:
    """The events of one execution, oldest first. Those of Express executions are counted, and kept by nobody.

    `listener` sees each event as it happens.
    """

    __slots__ = ("_kept", "count", "events", "listener")

    def __init__(self, kept: bool = True) -> None:
        self._kept = kept
        self.count = 0
        self.events: list[HistoryEvent] = []
        self.listener: Callable[[HistoryEvent], None] | None = None

    def add(self, unix_us: int, kind: str, key: str = "", **details: Any) -> None:
        """Note an event; details that are None are left out."""
        self.count += 1
        if not self._kept and self.listener is None:
            return
        kept = {name: value for name, value in details.items() if value is not None}
        event = HistoryEvent(self.count, self.count - 1, unix_us, kind, key, kept)
        if self._kept:
            self.events.append(event)
        if self.listener is not None:
            self.listener(event)
