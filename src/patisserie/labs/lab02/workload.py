"""The morning rush of 2022, its peak, and a few orders."""

from __future__ import annotations

from patisserie.load import Arrivals, MorningRush, Steady
from patisserie.story import Story

YEAR = 2022
RUSH_MINUTES = 15.0  # the middle of the story's half hour would not tell more
JUDGED_MINUTES = 5.0  # the peak alone is enough to judge a system by
SAMPLE = 12  # orders in the short workloads of the checks


def arrivals(story: Story) -> Arrivals:
    """The morning rush of 2022."""
    return MorningRush.of(story, YEAR, minutes=RUSH_MINUTES)


def peak(story: Story) -> Arrivals:
    """The peak of the rush."""
    return MorningRush.of(story, YEAR, minutes=JUDGED_MINUTES)


def few() -> Arrivals:
    """Enough orders to see what a system does, one every ten seconds."""
    return Steady(0.1, SAMPLE * 10)
