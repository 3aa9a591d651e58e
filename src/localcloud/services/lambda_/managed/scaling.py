"""How many environments a version needs: after the load, not with it.

The scaler looks at the environments every few seconds while there are requests. It aims at half of their
concurrency and of their CPU (or the CPU that the capacity provider's own policy aims at), so that traffic can
double within the time new ones take. More than double meets no room, and is refused until they are there.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from localcloud.services.lambda_.managed.fleets import Fleet

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


class Scaler:
    """Scales one fleet. It stops looking when there is nothing to see: no requests, no more than it has at least."""

    def __init__(self, cloud: Cloud, fleet: Fleet) -> None:
        self._cloud = cloud
        self._fleet = fleet
        fleet.on_request = self._seen
        rules = cloud.facts.value("model.lambda.lmi.scaling")
        self._every_us = int(rules["every_s"]) * 1_000_000
        self._target = float(rules["target"])
        self._window_us = int(rules["down_window_s"]) * 1_000_000
        self._down_every_us = int(rules["down_every_s"]) * 1_000_000
        self._wanted: deque[tuple[int, int]] = deque()  # (when, how many) over the window
        self._due = False
        self._looked_us = 0
        self._ended_us = -self._down_every_us
        self._busy_us: dict[object, float] = {}

    def _seen(self) -> None:
        if not self._due:
            self._due = True
            self._looked_us = self._cloud.kernel.now_us
            self._busy_us = {one: one.processor.busy_us for one in self._fleet.environments}
            self._cloud.kernel.call_later(self._every_us, self._look)

    def _look(self) -> None:
        fleet, now_us = self._fleet, self._cloud.kernel.now_us
        self._due = False
        if fleet.closed:
            return
        wanted = fleet.clamp(fleet.needed(self._load()))
        self._wanted.append((now_us, wanted))
        while self._wanted[0][0] < now_us - self._window_us:
            self._wanted.popleft()
        fleet.grow(wanted)
        most = max(count for _, count in self._wanted)
        if most < len(fleet.environments) and self._may_end(now_us):
            self._ended_us = now_us
            fleet.shrink(len(fleet.environments) - 1)
        self._looked_us = now_us
        self._busy_us = {one: one.processor.busy_us for one in fleet.environments}
        if fleet.running or fleet.starting or len(fleet.environments) > fleet.low:
            self._due = True
            self._cloud.kernel.call_later(self._every_us, self._look)

    def _may_end(self, now_us: int) -> bool:
        """Slowly, and only after low load for as long as is looked back."""
        watched_us: int = now_us - self._wanted[0][0]
        return watched_us >= self._window_us - self._every_us and now_us - self._ended_us >= self._down_every_us

    def _load(self) -> float:
        """The load since the last look in multiples of what is aimed at."""
        fleet = self._fleet
        environments = fleet.environments
        room = sum(one.limit for one in environments)
        peak = sum(one.take_peak() for one in environments)
        refused, fleet.refusals = fleet.refusals, 0
        concurrency = 1.0 if refused else peak / room if room else 0.0
        passed_us = self._cloud.kernel.now_us - self._looked_us
        used_us = sum(one.processor.busy_us - self._busy_us.get(one, 0.0) for one in environments)
        cpu = used_us / (passed_us * fleet.vcpus * len(environments)) if environments and passed_us else 0.0
        return max(concurrency / self._target, cpu / fleet.provider.cpu_target(self._target))
