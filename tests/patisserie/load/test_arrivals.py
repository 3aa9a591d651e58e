"""Customers come at random, but the same ones for the same seed."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patisserie.load import MorningRush, Poisson, Steady, WholeDay
from patisserie.story import Story, UnknownYear

STORY = Story.load()
PROCESSES = [
    Steady(2.0, 60.0),
    Poisson(2.0, 60.0),
    MorningRush(2.0, 60.0, 0.5, 1.6),
    MorningRush.of(STORY, 2025),
    WholeDay.of(STORY, 2021),
]


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: type(process).__name__)
@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_arrivals_are_in_order_inside_the_window_and_repeatable(process, seed):
    times = process.times(random.Random(seed))
    assert list(times) == sorted(times)
    assert all(0 <= at < process.duration_s for at in times)
    assert times == process.times(random.Random(seed))


@pytest.mark.parametrize("process", [Poisson(2.0, 5_000.0), MorningRush(2.0, 5_000.0, 0.3, 1.8)])
def test_the_number_of_arrivals_is_what_the_rate_says(process):
    count = len(process.times(random.Random(3)))
    assert abs(count - 10_000) < 5 * 10_000**0.5


def test_a_rush_is_densest_at_its_peak():
    times = MorningRush(5.0, 1_000.0, 0.5, 1.8).times(random.Random(1))
    counts = [sum(low <= at < low + 200 for at in times) for low in range(0, 1_000, 200)]
    assert counts[2] == max(counts)
    assert counts[0] < counts[2] * 0.6


def test_the_rush_of_a_year_brings_the_storys_share_of_the_day():
    rush = MorningRush.of(STORY, 2022)
    expected = STORY.year(2022).orders_per_month / STORY.open_days_per_month * STORY.rush.share_of_day
    assert rush.mean_per_s * rush.duration_s == pytest.approx(expected)
    shorter = MorningRush.of(STORY, 2022, minutes=10)
    assert (shorter.mean_per_s, shorter.duration_s) == (rush.mean_per_s, 600)


def test_a_day_brings_the_days_orders_with_the_rush_first():
    day = WholeDay.of(STORY, 2023)
    times = day.times(random.Random(5))
    orders = STORY.year(2023).orders_per_month / STORY.open_days_per_month
    assert len(times) == pytest.approx(orders, rel=0.05)
    assert sum(at < day.rush.duration_s for at in times) == pytest.approx(orders * STORY.rush.share_of_day, rel=0.1)


def test_a_year_the_story_does_not_tell_of_is_refused_in_one_sentence():
    with pytest.raises(UnknownYear, match="no year 1999; it tells of 2020"):
        MorningRush.of(STORY, 1999)
