"""The memory of Express executions, which is billed: AWS's own estimate of it, made of the data that flow.

50 MB, the definition, and the data of every branch and iteration, each of which has its own. Those of a Map or
Parallel state add up until the state ends, since their outputs wait for one another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from localcloud.services.states.progress import Progress

if TYPE_CHECKING:
    from localcloud.facts import Facts

_MIB = 1_048_576


class Memory:
    """What one execution holds: `bytes` now, `most_bytes` at its worst."""

    __slots__ = ("bytes", "most_bytes")

    def __init__(self) -> None:
        self.bytes = self.most_bytes = 0

    def hold(self, progress: Progress, text: str) -> None:
        """The data of a machine, branch or iteration are now these (JSON)."""
        size = len(text.encode())
        self.bytes += size - progress.held_bytes
        progress.held_bytes = size
        self.most_bytes = max(self.most_bytes, self.bytes)

    def let_go(self, progress: Progress) -> None:
        """The branches or iterations of a state are over, and their data with them."""
        for inner in (progress.inner or {}).values():
            self.bytes -= inner.held_bytes
            inner.held_bytes = 0


@dataclass(frozen=True, slots=True)
class Billed:
    """What an Express execution is billed for, and the memory that it used."""

    duration_ms: int
    memory_mb: int
    used_bytes: int

    @property
    def gb_s(self) -> float:
        return self.duration_ms / 1_000 * self.memory_mb / 1_024


class ExpressBilling:
    """AWS's rule: the duration rounded up, the memory in chunks."""

    def __init__(self, facts: Facts) -> None:
        rule = facts.value("model.sfn.express.billing")
        self._base_bytes = int(rule["base_mb"]) * _MIB
        self._chunk_mb = int(rule["chunk_mb"])
        self._step_ms = int(rule["duration_ms"])

    def of(self, taken_us: int, definition: str, most_bytes: int) -> Billed:
        """For an execution that has taken so long and held so much data at its worst."""
        used_bytes = self._base_bytes + len(definition.encode()) + most_bytes
        chunks = -(-used_bytes // (self._chunk_mb * _MIB))
        steps = max(1, -(-taken_us // (self._step_ms * 1_000)))
        return Billed(steps * self._step_ms, chunks * self._chunk_mb, used_bytes)
