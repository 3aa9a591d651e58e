"""What an execution has done, event by event."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """One event; `details` under the member `key` of the answer ("" for none)."""

    id: int
    previous_id: int
    unix_us: int
    type: str
    key: str
    details: dict[str, Any]

    def answer(self) -> dict[str, Any]:
        """As GetExecutionHistory lists it."""
        found: dict[str, Any] = {
            "id": self.id,
            "previousEventId": self.previous_id,
            "timestamp": datetime.fromtimestamp(self.unix_us / 1_000_000, UTC),
            "type": self.type,
        }
        if self.key:
            found[self.key] = self.details
        return found


class History:
    """The events of one execution, oldest first."""

    def __init__(self) -> None:
        self.events: list[HistoryEvent] = []

    def add(self, unix_us: int, kind: str, key: str = "", **details: Any) -> None:
        """Note an event; details that are None are left out."""
        number = len(self.events) + 1
        kept = {name: value for name, value in details.items() if value is not None}
        self.events.append(HistoryEvent(number, number - 1, unix_us, kind, key, kept))
