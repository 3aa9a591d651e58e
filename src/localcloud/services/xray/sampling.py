"""Which requests are traced, and the ids of traces and segments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.trace_header import TraceHeader

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


class Sampler:
    """The default rule, for each service that decides: the first request of a second, and a share of the others."""

    def __init__(self, cloud: Cloud) -> None:
        self._kernel = cloud.kernel
        self._ids = cloud.kernel.streams["xray/ids"]
        self._draws = cloud.kernel.streams["xray/sampling"]
        rule = cloud.facts.value("quota.xray.default_sampling")
        self._reservoir: int = rule["reservoir_per_s"]
        self._rate: float = rule["rate"]
        self._taken: dict[str, tuple[int, int]] = {}  # (second, requests taken in it) by who decides

    def new_root(self) -> str:
        """A trace id: 1-, the second at which the trace begins, and 96 bits, all in hexadecimal digits."""
        return f"1-{self._kernel.unix_us // 1_000_000:08x}-{self._ids.getrandbits(96):024x}"

    def new_id(self) -> str:
        """A segment id: 64 bits in hexadecimal digits."""
        return f"{self._ids.getrandbits(64):016x}"

    def sampled(self, who: str) -> bool:
        """Decide for one request that arrives at `who` without a decision."""
        second = self._kernel.unix_us // 1_000_000
        at, taken = self._taken.get(who, (second, 0))
        taken = taken + 1 if at == second else 1
        self._taken[who] = second, taken
        return taken <= self._reservoir or self._draws.random() < self._rate

    def arrive(self, who: str, incoming: TraceHeader | None, active: bool) -> TraceHeader:
        """The trace of a request that arrives at `who`, with a decision: that of whoever called, or one's own.

        One that does not trace actively (`active`) only hands on what it is given.
        """
        if incoming is None:
            return TraceHeader(self.new_root(), "", active and self.sampled(who))
        root = incoming.root or self.new_root()
        sampled = incoming.sampled
        if sampled is None:
            sampled = active and self.sampled(who)
        return TraceHeader(root, incoming.parent, sampled, incoming.links)
