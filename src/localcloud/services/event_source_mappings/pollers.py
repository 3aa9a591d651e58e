"""Event pollers of provisioned mode: what each of them can do, and how long they are billed.

Source: the Lambda developer guide on provisioned mode for SQS event source mappings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_MB = 1024 * 1024
_HOUR_US = 3_600_000_000


@dataclass(frozen=True, slots=True)
class PollerLimits:
    """What one event poller does at most: invocations at once, polls a second, bytes a second."""

    concurrent: int
    polls_per_s: int
    bytes_per_s: int

    @classmethod
    def of(cls, quota: Mapping[str, Any]) -> PollerLimits:
        each = quota["per_poller"]
        return cls(int(each["concurrent_invokes"]), int(each["polls_s"]), int(each["mb_s"] * _MB))


class EventPollers:
    """The pollers of one mapping as a whole: their number changes, their throughput is shared."""

    def __init__(self, limits: PollerLimits, now_us: int) -> None:
        self._limits = limits
        self.count = 0
        self._billed_to_us = now_us
        self._next_us = 0  # when they can poll again

    def for_concurrency(self, concurrency: float) -> int:
        """How many pollers so many invocations at once take."""
        return -(-int(concurrency) // self._limits.concurrent)

    def wait_us(self, now_us: int) -> int:
        """Microseconds until one of them can poll again; 0 when it can now, and then it does."""
        if now_us < self._next_us:
            return self._next_us - now_us
        self._next_us = now_us + 1_000_000 // (max(1, self.count) * self._limits.polls_per_s)
        return 0

    def took(self, size_bytes: int, now_us: int) -> None:
        """A poll brought so many bytes: the next one waits until they are through."""
        busy_us = size_bytes * 1_000_000 // (max(1, self.count) * self._limits.bytes_per_s)
        self._next_us = max(self._next_us, now_us + busy_us)

    def hours(self, now_us: int) -> float:
        """Poller-hours since the last call."""
        passed_us, self._billed_to_us = now_us - self._billed_to_us, now_us
        return self.count * passed_us / _HOUR_US
