"""What became of one order, as its customer saw it."""

from __future__ import annotations

from dataclasses import dataclass

ACCEPTED, FAILED, ABANDONED = "accepted", "failed", "abandoned"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One order. `latency_ms` is how long the customer waited, whatever the end.

    `kind`: "accepted" (a status from 200 to 299), "failed" (any other answer), "abandoned" (patience ended first).
    `order_id` is what the system called the order; "" when it did not say.
    """

    number: int
    arrived_s: float
    latency_ms: float
    status: int
    kind: str
    order_id: str
