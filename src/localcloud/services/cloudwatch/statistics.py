"""Percentiles and trimmed statistics of weighted values, as CloudWatch defines them.

A `Sample` is a multiset: `values` ascending, `counts[i]` times each. Boundaries are in percent of the
number of values, or absolute. Percentage boundaries cut whole values: of n values the floor(low% * n)
lowest and the floor((100 - high)% * n) highest are cut. Absolute boundaries keep low < value <= high.
Source: "CloudWatch statistics definitions" in the CloudWatch user guide.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate

# What binary fractions add to a product such as 0.07 * 100 must not move a rank.
_RANK_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Bounds:
    """`low` and `high` in percent (`percent`) or in the metric's own unit; None is open."""

    low: float | None
    high: float | None
    percent: bool


class Sample:
    """Values in ascending order with how often each was seen. Never empty where a statistic is asked for."""

    __slots__ = ("_ends", "counts", "size", "values")

    def __init__(self, pairs: Iterable[tuple[float, float]]) -> None:
        ordered = sorted(pairs)
        self.values = [value for value, _ in ordered]
        self.counts = [count for _, count in ordered]
        self._ends = list(accumulate(self.counts))
        self.size = self._ends[-1] if self._ends else 0.0

    @classmethod
    def of(cls, values: Iterable[float]) -> Sample:
        """A sample in which every value counts once."""
        return cls((value, 1) for value in values)

    def at_rank(self, rank: float) -> float:
        """The value at a rank that counts from 0."""
        return self.values[min(bisect_right(self._ends, rank), len(self.values) - 1)]

    def cut(self, bounds: Bounds) -> tuple[float, float]:
        """The ranks [first, end) that percentage bounds keep."""
        low = 0.0 if bounds.low is None else bounds.low
        high = 100.0 if bounds.high is None else bounds.high
        first = math.floor(round(self.size * low / 100, _RANK_DIGITS))
        end = math.ceil(round(self.size * high / 100, _RANK_DIGITS))
        return first, min(end, self.size)

    def within(self, bounds: Bounds) -> Iterator[tuple[float, float]]:
        """The values inside the bounds, with their counts."""
        if bounds.percent:
            first, end = self.cut(bounds)
            start = 0.0
            for value, stop in zip(self.values, self._ends, strict=True):
                kept = min(end, stop) - max(first, start)
                if kept > 0:
                    yield value, kept
                start = stop
            return
        low = -math.inf if bounds.low is None else bounds.low
        high = math.inf if bounds.high is None else bounds.high
        for value, count in zip(self.values, self.counts, strict=True):
            if low < value <= high:
                yield value, count


def percentile(sample: Sample, percent: float) -> float:
    """The value below which `percent` (0 to 100) of the values lie, linear between the two nearest."""
    rank = round((sample.size - 1) * percent / 100, _RANK_DIGITS)
    below = math.floor(rank)
    low, high = sample.at_rank(below), sample.at_rank(math.ceil(rank))
    return low if low == high else low + (high - low) * (rank - below)


def trimmed_count(sample: Sample, bounds: Bounds) -> float:
    """TC: how many values lie inside the bounds."""
    return sum(count for _, count in sample.within(bounds))


def trimmed_sum(sample: Sample, bounds: Bounds) -> float:
    """TS: the sum of the values inside the bounds."""
    return math.fsum(value * count for value, count in sample.within(bounds))


def trimmed_mean(sample: Sample, bounds: Bounds) -> float | None:
    """TM: the mean of the values inside the bounds; None when there are none."""
    count = trimmed_count(sample, bounds)
    return trimmed_sum(sample, bounds) / count if count else None


def interquartile_mean(sample: Sample) -> float | None:
    """IQM: the mean of the middle half, the same as TM(25%:75%)."""
    return trimmed_mean(sample, Bounds(25, 75, percent=True))


def winsorized_mean(sample: Sample, bounds: Bounds) -> float:
    """WM: the mean after what lies outside the bounds was set to the value at the bound."""
    if bounds.percent:
        first, end = sample.cut(bounds)
        low, high = sample.at_rank(min(first, sample.size - 1)), sample.at_rank(max(end - 1, 0))
    else:
        low = -math.inf if bounds.low is None else bounds.low
        high = math.inf if bounds.high is None else bounds.high
    pairs = zip(sample.values, sample.counts, strict=True)
    return math.fsum(min(max(value, low), high) * count for value, count in pairs) / sample.size


def percentile_rank(sample: Sample, bounds: Bounds) -> float:
    """PR: the share in percent of the values inside absolute bounds."""
    return 100.0 * trimmed_count(sample, bounds) / sample.size
