"""When customers come."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patisserie.load import MorningRush, Poisson, Steady
from patisserie.story import Story

STORY = Story.load()
PROCESSES = [Steady(2.0, 300), Poisson(2.0, 300), MorningRush(2.0, 300, peak_at=0.5, peak_over_mean=1.6)]


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: type(process).__name__)
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_arrivals_are_sorted_inside_the_window_repeatable_and_as_many_as_the_rate_says(process, seed):
    times = process.times(random.Random(seed))
    assert times == process.times(random.Random(seed))
    assert list(times) == sorted(times)
    assert all(0 <= at <= process.duration_s and at == round(at, 6) for at in times)
    assert abs(len(times) - 600) <= 7 * math.sqrt(600)  # seven standard deviations of a Poisson count


def test_steady_arrivals_are_evenly_spaced_from_zero():
    assert Steady(4.0, 1.0).times(random.Random(1)) == (0.0, 0.25, 0.5, 0.75)


def test_a_rush_is_densest_at_its_peak():
    times = MorningRush(20.0, 900, peak_at=0.5, peak_over_mean=1.6).times(random.Random(3))
    first, middle, last = (sum(low <= at < low + 300 for at in times) for low in (0, 300, 600))
    assert middle > 1.2 * first
    assert middle > 1.2 * last


def test_the_rush_of_a_year_follows_from_the_story():
    rush = MorningRush.of(STORY, 2025)
    a_day = 320_000 / STORY.open_days_per_month
    assert rush.mean_per_s * rush.duration_s == pytest.approx(a_day * STORY.rush.share_of_day)


def test_a_shorter_window_keeps_the_rates_and_a_holiday_multiplies_them():
    rush = MorningRush.of(STORY, 2025)
    short = MorningRush.of(STORY, 2025, minutes=5, times=STORY.holiday_times)
    assert short.duration_s == 300
    assert short.mean_per_s == pytest.approx(rush.mean_per_s * 40)
