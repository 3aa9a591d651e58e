"""The explorable: how slow may the payment provider become?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from patisserie.explorable import Explorable
from patisserie.figures import latency_distribution
from patisserie.labs.lab02.checks import P95_LIMIT_MS
from patisserie.load import Arrivals, Steady

if TYPE_CHECKING:
    from patisserie.session import LabSession

DESIGNS = {"before": "waiter", "after": "events"}
PAYMENT_SETTINGS_MS = (500, 2_000, 4_000, 8_000)
EXPLORED_ORDERS, GAP_S = 20, 2.0


def explore(session: LabSession) -> Explorable:
    """How long a customer waits, by how long the payment provider takes: in one function, and stored first."""
    for name in DESIGNS.values():
        session.deploy(name)
    frames = []
    for milliseconds in PAYMENT_SETTINGS_MS:
        session.partners({"PaymentMilliseconds": str(milliseconds)})
        found = {label: session.measure(name, label, _few()) for label, name in DESIGNS.items()}
        answered = {label: measured.answered_ms for label, measured in found.items()}
        lost = ", ".join(f"{measured.failed + measured.abandoned} {label}" for label, measured in found.items())
        said = f"{milliseconds:,} ms (customers lost, of {EXPLORED_ORDERS}: {lost})"
        frames.append((said, latency_distribution(answered, target_ms=P95_LIMIT_MS)))
    session.partners({})
    return Explorable("How slow may the payment provider become?", "It takes", tuple(frames), start=1)


def _few() -> Arrivals:
    return Steady(1 / GAP_S, EXPLORED_ORDERS * GAP_S)
