"""One query from its start to its end: it takes time, and bills what it has scanned by then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from localcloud.kernel import Kernel, Timer

SCHEDULED, RUNNING, COMPLETE = "Scheduled", "Running", "Complete"
CANCELLED, TIMEOUT = "Cancelled", "Timeout"

Rows = list[list[dict[str, str]]]


@dataclass(eq=False)
class Execution:
    """`scans` are the bytes to scan by log group, `takes_us` the time that takes; `limit_us` is the time allowed.

    `bill(group, size_bytes)` is told of what was scanned when the query ends, whichever way.
    """

    kernel: Kernel
    text: str
    groups: list[str]
    rows: Rows
    matched: int
    records: int
    scans: dict[str, int]
    takes_us: int
    limit_us: int
    bill: Callable[[str, int], None]
    language: str = "CWLI"
    status: str = RUNNING
    started_us: int = 0
    ended_us: int = 0
    _timer: Timer | None = field(default=None, repr=False)

    def start(self) -> None:
        """Begin now."""
        self.started_us = self.kernel.unix_us
        in_time = self.takes_us <= self.limit_us
        end = COMPLETE if in_time else TIMEOUT
        delay_us = min(self.takes_us, self.limit_us)
        self._timer = self.kernel.call_later(delay_us, self._end, end)

    @property
    def running(self) -> bool:
        return self.status == RUNNING

    def cancel(self) -> bool:
        """Stop it; False when it has ended already."""
        if not self.running:
            return False
        assert self._timer is not None
        self._timer.cancel()
        self._end(CANCELLED)
        return True

    def _end(self, status: str) -> None:
        self.status, self.ended_us = status, self.kernel.unix_us
        for group, size in self.scans.items():
            self.bill(group, round(size * self._share))

    @property
    def _share(self) -> float:
        """The part of its work that is done."""
        if self.status == COMPLETE:
            return 1.0
        until_us = self.kernel.unix_us if self.running else self.ended_us
        return (until_us - self.started_us) / self.takes_us

    @property
    def results(self) -> Rows:
        """The rows, once it is complete."""
        return self.rows if self.status == COMPLETE else []

    @property
    def statistics(self) -> dict[str, float]:
        """As GetQueryResults has it, as far as it has come."""
        share = self._share
        return {
            "recordsMatched": float(self.matched if self.status == COMPLETE else 0),
            "recordsScanned": float(round(self.records * share)),
            "bytesScanned": float(round(sum(self.scans.values()) * share)),
        }
