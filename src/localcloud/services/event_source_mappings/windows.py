"""Tumbling windows: state that one invocation hands to the next, until its time span has passed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

_LARGEST_STATE = 1024 * 1024


@dataclass(slots=True)
class Window:
    """A time span of `seconds`, by the arrival of records. `state` is what the function returned last."""

    number: int
    seconds: int
    state: dict[str, Any] = field(default_factory=dict)
    too_large: bool = False

    @property
    def end_us(self) -> int:
        """When it is over, in Unix microseconds."""
        return (self.number + 1) * self.seconds * 1_000_000

    def members(self, shard_id: str, arn: str, final: bool) -> dict[str, Any]:
        """What an event of this window has besides its records."""
        start_us = self.number * self.seconds * 1_000_000
        return {
            "window": {"start": _iso(start_us), "end": _iso(self.end_us)},
            "state": self.state,
            "shardId": shard_id,
            "eventSourceARN": arn,
            "isFinalInvokeForWindow": final,
            "isWindowTerminatedEarly": self.too_large,
        }

    def keep(self, answer: bytes) -> None:
        """Take the state out of a function's answer. More than 1 MB ends the window early."""
        try:
            parsed = json.loads(answer or b"null")
        except ValueError:
            parsed = None
        state = parsed.get("state") if isinstance(parsed, dict) else None
        self.state = state if isinstance(state, dict) else {}
        self.too_large = len(json.dumps(self.state)) > _LARGEST_STATE


def window_number(unix_us: int, seconds: int) -> int:
    """Which window a moment belongs to."""
    return unix_us // (seconds * 1_000_000)


def _iso(unix_us: int) -> str:
    return datetime.fromtimestamp(unix_us / 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
