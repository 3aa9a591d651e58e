"""Customers: when they come, what they order, how long they wait."""

from __future__ import annotations

from patisserie.load.arrivals import Arrivals, MorningRush, Poisson, Steady, WholeDay
from patisserie.load.outcomes import ABANDONED, ACCEPTED, FAILED, Outcome
from patisserie.load.runner import Afterwards, run_load

__all__ = [
    "ABANDONED", "ACCEPTED", "FAILED", "Afterwards", "Arrivals", "MorningRush", "Outcome", "Poisson", "Steady",
    "WholeDay", "run_load",
]  # fmt: skip
