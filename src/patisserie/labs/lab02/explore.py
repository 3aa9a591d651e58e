"""The explorable: how slow may the payment provider become?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from patisserie.explorable import Explorable
from patisserie.figures import latency_distribution
from patisserie.labs.lab02.checks import P95_LIMIT_MS
from patisserie.load import Steady

if TYPE_CHECKING:
    from patisserie.session import LabSession

PAYMENT_SETTINGS_MS = (500, 1_000, 2_000, 4_000, 8_000)
EXPLORE_S = 40.0


def explore(session: LabSession) -> Explorable:
    """How long a customer waits, by how long the payment provider takes: in one function, and stored first."""
    frames = []
    for milliseconds in PAYMENT_SETTINGS_MS:
        session.partners({"PaymentMilliseconds": str(milliseconds)})
        series = {}
        for label, name in (("before", "waiter"), ("after", "events")):
            session.deploy(name)
            found = session.measure(name, label, Steady(0.5, EXPLORE_S))
            series[label] = [outcome.latency_ms for outcome in found.outcomes]
        frames.append((f"{milliseconds:,} ms", latency_distribution(series, target_ms=P95_LIMIT_MS)))
    session.partners({})
    return Explorable("How slow may the payment provider become?", "It takes", tuple(frames), start=2)
