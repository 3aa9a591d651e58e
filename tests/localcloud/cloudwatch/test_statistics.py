"""Statistics of weighted samples against their definitions on plain sorted lists."""

from __future__ import annotations

import math
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.services.cloudwatch.statistics import (
    Bounds,
    Sample,
    interquartile_mean,
    percentile,
    percentile_rank,
    trimmed_count,
    trimmed_mean,
    trimmed_sum,
    winsorized_mean,
)

numbers = st.integers(0, 10_000).map(lambda value: value / 8)
counted = st.lists(st.tuples(numbers, st.integers(1, 5)), min_size=1, max_size=30)
percents = st.integers(0, 1_000).map(lambda value: value / 10)


def expand(pairs):
    return sorted(value for value, count in pairs for _ in range(count))


def tenths(percent):
    return round(percent * 10)


def kept(ordered, low, high):
    """What percentage bounds leave, in whole numbers so that no rounding can hide."""
    cut_low = tenths(low) * len(ordered) // 1_000
    cut_high = (1_000 - tenths(high)) * len(ordered) // 1_000
    return ordered[cut_low : len(ordered) - cut_high]


@given(counted, percents)
def test_percentile_is_linear_between_the_two_nearest_ranks(pairs, percent):
    ordered = expand(pairs)
    whole, part = divmod((len(ordered) - 1) * tenths(percent), 1_000)
    above = ordered[min(whole + 1, len(ordered) - 1)]
    expected = ordered[whole] + (above - ordered[whole]) * part / 1_000
    assert percentile(Sample(pairs), percent) == pytest.approx(expected, abs=1e-6)


@given(counted, percents, percents)
def test_percentage_bounds_cut_whole_values_from_both_ends(pairs, one, other):
    low, high = sorted((one, other))
    inside = kept(expand(pairs), low, high)
    sample, bounds = Sample(pairs), Bounds(low, high, percent=True)
    assert trimmed_count(sample, bounds) == len(inside)
    assert trimmed_sum(sample, bounds) == pytest.approx(math.fsum(inside))
    mean = trimmed_mean(sample, bounds)
    assert mean == (pytest.approx(fmean(inside)) if inside else None)


@given(counted, numbers, numbers)
def test_absolute_bounds_leave_the_lower_one_out(pairs, one, other):
    low, high = sorted((one, other))
    ordered = expand(pairs)
    inside = [value for value in ordered if low < value <= high]
    sample, bounds = Sample(pairs), Bounds(low, high, percent=False)
    assert trimmed_count(sample, bounds) == len(inside)
    assert trimmed_sum(sample, bounds) == pytest.approx(math.fsum(inside))
    assert percentile_rank(sample, bounds) == pytest.approx(100 * len(inside) / len(ordered))


@given(counted, percents)
def test_winsorized_mean_puts_the_highest_on_the_bound(pairs, percent):
    ordered = expand(pairs)
    inside = kept(ordered, 0, percent)
    edge = inside[-1] if inside else ordered[0]
    expected = fmean(min(value, edge) for value in ordered)
    assert winsorized_mean(Sample(pairs), Bounds(None, percent, percent=True)) == pytest.approx(expected)


@given(counted)
def test_interquartile_mean_is_the_mean_of_the_middle_half(pairs):
    ordered = expand(pairs)
    quarter = len(ordered) // 4
    assert interquartile_mean(Sample(pairs)) == pytest.approx(fmean(ordered[quarter : len(ordered) - quarter]))


@given(counted)
def test_a_count_is_the_same_as_repeating_the_value(pairs):
    repeated = Sample.of(expand(pairs))
    assert percentile(Sample(pairs), 90) == pytest.approx(percentile(repeated, 90))
    assert repeated.size == Sample(pairs).size


def test_open_absolute_bounds_keep_everything():
    sample = Sample.of([5, 1, 3])
    assert trimmed_mean(sample, Bounds(None, None, percent=False)) == 3
    assert winsorized_mean(sample, Bounds(2, 4, percent=False)) == 3
