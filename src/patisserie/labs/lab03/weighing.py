"""What the queues did with the spell: what customers and the provider felt of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from patisserie.labs.lab03.queues import aftermath, settle
from patisserie.measure import Measurement, quantile

if TYPE_CHECKING:
    from patisserie.session import LabSession

SETTLED_S = 1_800.0
LOST = "orders lost"
ASKED = "payments asked for per order"
PAID_AFTER = "paid after, p95 (s)"
THANKS = "runs of the thanks function"
COST = "USD per 1,000 orders"


def weigh(session: LabSession, name: str, found: Measurement) -> Mapping[str, float]:
    """Wait until the payment queue is empty, half an hour at most; then look at the table and the queues."""
    settle(session, name, SETTLED_S if session.target.name == "local" else 60.0)
    after = aftermath(session, name, tuple(session.measured_orders(name)))
    return {
        LOST: after.lost,
        ASKED: after.asked_per_order,
        PAID_AFTER: quantile(session.paid_after_ms(name), 0.95) / 1_000,
        THANKS: session.functions(name).of("Thanks").invocations,
        COST: found.cost_usd_per_1000,
    }
