"""A month of the shop of 2020."""

from __future__ import annotations

from patisserie.load import Arrivals, Steady
from patisserie.story import Story

YEAR = 2020
GAP_S = 60.0
BAKERY = "Pâtisserie Amélie"
SAMPLE = 3  # orders in the short workloads of the checks


def arrivals(story: Story) -> Arrivals:
    """A month's orders, one a minute: the shop is tiny."""
    orders = story.year(YEAR).orders_per_month
    return Steady(1 / GAP_S, orders * GAP_S)
