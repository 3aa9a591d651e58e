"""How many batches of one queue may be processed at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.facts import Facts
from localcloud.services.event_source_mappings.pollers import PollerLimits


@dataclass(frozen=True, slots=True)
class Bounds:
    """Concurrency: where it starts, how fast it grows while there is a backlog, where it ends."""

    start: int
    per_minute: int
    most: int
    floor: int
    pollers: PollerLimits | None = None  # those of provisioned mode


def bounds(facts: Facts, mapping: Any, fifo: bool) -> Bounds:
    """The bounds of an event source mapping as it is configured now (moto's object)."""
    floor = int(facts.value("quota.lambda.esm.sqs.idle_floor"))
    provisioned: Mapping[str, Any] = mapping.poller_config or {}
    if provisioned:
        quota = facts.value("quota.lambda.esm.sqs.provisioned")
        limits = PollerLimits.of(quota)
        each = limits.concurrent
        least = int(provisioned.get("MinimumPollers", quota["min_pollers"]["default"]))
        most = int(provisioned.get("MaximumPollers", max(least, quota["max_pollers"]["default"])))
        return Bounds(least * each, int(quota["scale_per_min"]), most * each, least * each, limits)
    most = int((mapping.scaling_config or {}).get("MaximumConcurrency") or 0)
    most = most or int(facts.value("quota.lambda.esm.sqs.max_on_demand"))
    start = int(facts.value("quota.lambda.esm.sqs.start_concurrency"))
    rate = int(facts.value("quota.lambda.esm.sqs.scale_rate"))
    if fifo:  # as many as there are message groups: the queue itself hands out no more
        return Bounds(most, rate, most, min(floor, most))
    return Bounds(min(start, most), rate, most, min(floor, most))


class Concurrency:
    """The concurrency of one mapping, growing with a lasting backlog, backing off after function errors."""

    def __init__(self, limits: Bounds, now_us: int, pause_us: int) -> None:
        self._limits = limits
        self._pause_us = pause_us  # after an error nothing grows for so long
        self._grows_from_us = 0
        self._allowed = float(limits.start)
        self._since_us = now_us
        self._backlog = False

    @property
    def allowed(self) -> int:
        return max(1, int(self._allowed))

    def reconfigure(self, limits: Bounds) -> None:
        """Take new bounds over; growth so far stays as far as they allow."""
        if limits != self._limits:
            self._limits = limits
            self._allowed = float(min(max(self._allowed, limits.start), limits.most))

    def observe(self, backlog: bool, now_us: int) -> None:
        """Say whether messages wait although every allowed batch is under way."""
        since_us = max(self._since_us, self._grows_from_us)
        if self._backlog and now_us > since_us:
            grown = self._allowed + (now_us - since_us) * self._limits.per_minute / 60e6
            self._allowed = min(self._limits.most, grown)
        self._since_us, self._backlog = now_us, backlog

    def rest(self) -> None:
        """The queue is empty: start again from the bottom with the next message."""
        self._allowed = float(min(self._allowed, self._limits.start))
        self._backlog = False

    def back_off(self, now_us: int) -> None:
        """A function error without partial responses: half as many at once, down to the floor."""
        self._allowed = max(float(self._limits.floor), self._allowed / 2)
        self._grows_from_us = now_us + self._pause_us
