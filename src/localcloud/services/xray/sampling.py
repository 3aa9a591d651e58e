"""Which requests are traced, and the ids of traces and segments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.services.xray.rules import Request, Rules
from localcloud.trace_header import TraceHeader

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


class Sampler:
    """The first requests of a second, and a share of the others, as the rule says that matches first.

    The reservoir of the default rule is one for each service that decides; that of any other is one for all of them.
    """

    def __init__(self, cloud: Cloud, rules: Rules) -> None:
        self._rules = rules
        self._kernel = cloud.kernel
        self._ids = cloud.kernel.streams["xray/ids"]
        self._draws = cloud.kernel.streams["xray/sampling"]
        self._taken: dict[str, tuple[int, int]] = {}  # (second, requests taken in it) by who decides, or by rule

    def new_root(self) -> str:
        """A trace id: 1-, the second at which the trace begins, and 96 bits, all in hexadecimal digits."""
        return f"1-{self._kernel.unix_us // 1_000_000:08x}-{self._ids.getrandbits(96):024x}"

    def new_id(self) -> str:
        """A segment id: 64 bits in hexadecimal digits."""
        return f"{self._ids.getrandbits(64):016x}"

    def sampled(self, who: str, request: Request | None = None) -> bool:
        """Decide for one request that arrives at `who` without a decision. Without a `request` by the default rule."""
        rule = self._rules.default if request is None else self._rules.of(request)
        holder = who if rule is self._rules.default else f"rule {rule.name}"
        second = self._kernel.unix_us // 1_000_000
        at, taken = self._taken.get(holder, (second, 0))
        taken = taken + 1 if at == second else 1
        self._taken[holder] = second, taken
        return taken <= rule.reservoir or self._draws.random() < rule.rate

    def arrive(
        self, who: str, incoming: TraceHeader | None, active: bool, request: Request | None = None
    ) -> TraceHeader:
        """The trace of a request that arrives at `who`, with a decision: that of whoever called, or one's own.

        One that does not trace actively (`active`) only hands on what it is given. Rules look at the `request`.
        """
        if incoming is None:
            return TraceHeader(self.new_root(), "", active and self.sampled(who, request))
        root = incoming.root or self.new_root()
        sampled = incoming.sampled
        if sampled is None:
            sampled = active and self.sampled(who, request)
        return TraceHeader(root, incoming.parent, sampled, incoming.links)
