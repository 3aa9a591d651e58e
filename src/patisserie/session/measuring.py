"""Sending a lab's workload to an architecture, and summing up what became of it."""

from __future__ import annotations

import random
from collections.abc import Callable

from patisserie.load import Afterwards, Arrivals, Steady, run_load
from patisserie.measure import Measurement, measurement
from patisserie.session.deploying import Deploying
from patisserie.session.standing import plainly
from patisserie.story import Story
from patisserie.targets.base import Started
from patisserie.widgets import progress_bar

_QUIET_S = 120.0  # after the last order: events and retries under way come to their end
_QUIET_AWS_S = 10.0  # the same in real time, for a load without outages
_AWS_GAP_S = 1.0
AWS_ARRIVALS = Steady(1.0, 12.0)  # a person waits for it, and somebody pays for it


class Measuring(Deploying):
    """A session that can measure."""

    @plainly
    def measure(
        self,
        name: str,
        label: str | None = None,
        arrivals: Arrivals | None = None,
        progress: Callable[[int, int], None] | None = None,
        then: Callable[[Story, random.Random], Afterwards] | None = None,
    ) -> Measurement:
        """Send the lab's workload to an architecture and sum up what became of it.

        `then` draws what a customer does after an order; the lab's own way when it is not given.
        """
        stack = self._standing(name)
        url = self.orders_url(name)
        chosen = arrivals or self._arrivals()
        bar = None if progress else progress_bar(label or name)
        self._measured_ms[name] = self.unix_ms()
        meter = self.target.start_metering()
        try:
            others = self._beside(name, chosen.duration_s)
            outcomes = run_load(self.target, url, chosen, self.story, self.seed, progress or bar, then or self.lab.then)
            self.target.join_all(others)
        finally:
            if bar is not None:
                bar.close()
        self.target.wait(self.quiet_s)
        return measurement(label or name, outcomes, meter(stack), self.target.source, self.seed)

    @property
    def quiet_s(self) -> float:
        """How long a measurement goes on after its last order."""
        return _QUIET_S if self.target.name == "local" else _QUIET_AWS_S

    def few(self, orders: int, gap_s: float) -> Arrivals:
        """So many orders, one every `gap_s` seconds; on AWS, where seconds are real, one a second."""
        gap_s = gap_s if self.target.name == "local" else _AWS_GAP_S
        return Steady(1 / gap_s, orders * gap_s)

    def orders_url(self, name: str) -> str:
        """Where an architecture takes orders. Raises TargetError when its template has lost that output."""
        return self.output(name, "OrdersUrl")

    def _beside(self, name: str, duration_s: float) -> list[Started]:
        """What else goes on while an architecture is measured: started now, and joined at the end."""
        return []

    def _arrivals(self) -> Arrivals:
        return self.lab.arrivals(self.story) if self.target.name == "local" else AWS_ARRIVALS
