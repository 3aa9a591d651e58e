"""Arrival processes: when customers place their orders."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Protocol

from patisserie.story import Story


class Arrivals(Protocol):
    """Times of arrival in seconds from the start, in order, drawn from `stream`."""

    @property
    def duration_s(self) -> float: ...

    def times(self, stream: random.Random) -> tuple[float, ...]: ...


@dataclass(frozen=True, slots=True)
class Steady:
    """Evenly spaced arrivals, the first one at 0."""

    rate_per_s: float
    duration_s: float

    def times(self, stream: random.Random) -> tuple[float, ...]:
        count = round(self.rate_per_s * self.duration_s)
        return tuple(round(number / self.rate_per_s, 6) for number in range(count))


@dataclass(frozen=True, slots=True)
class Poisson:
    """Independent arrivals at a constant rate."""

    rate_per_s: float
    duration_s: float

    def times(self, stream: random.Random) -> tuple[float, ...]:
        found: list[float] = []
        at = stream.expovariate(self.rate_per_s)
        while at < self.duration_s:
            found.append(round(at, 6))
            at += stream.expovariate(self.rate_per_s)
        return tuple(found)


@dataclass(frozen=True, slots=True)
class MorningRush:
    """Independent arrivals at a rate that rises from the edges of the window to its peak, and falls again.

    `mean_per_s` is the rate over the whole window; `peak_over_mean` at most 2, where the edges are at 0.
    """

    mean_per_s: float
    duration_s: float
    peak_at: float
    peak_over_mean: float

    @classmethod
    def of(cls, story: Story, year: int, minutes: float | None = None, times: float = 1.0) -> MorningRush:
        """The rush of a year. `minutes` takes a shorter window with the same rates; `times` multiplies them.

        Raises UnknownYear.
        """
        rush = story.rush
        orders_a_day = story.year(year).orders_per_month / story.open_days_per_month
        mean_per_s = orders_a_day * rush.share_of_day / (rush.minutes * 60)
        return cls(mean_per_s * times, (minutes or rush.minutes) * 60, rush.peak_at, rush.peak_over_mean)

    def rate_at(self, at_s: float) -> float:
        """Arrivals a second at that moment."""
        edge = 2 - self.peak_over_mean
        place = at_s / self.duration_s
        rise = place / self.peak_at if place < self.peak_at else (1 - place) / (1 - self.peak_at)
        return self.mean_per_s * (edge + (self.peak_over_mean - edge) * rise)

    def times(self, stream: random.Random) -> tuple[float, ...]:
        """By thinning: candidates at the peak rate, each kept with the share that the rate then has."""
        highest = self.mean_per_s * self.peak_over_mean
        found: list[float] = []
        at = stream.expovariate(highest)
        while at < self.duration_s:
            if stream.random() * highest < self.rate_at(at):
                found.append(round(at, 6))
            at += stream.expovariate(highest)
        return tuple(found)


@dataclass(frozen=True, slots=True)
class WholeDay:
    """A day from the opening of the shop: first the rush, then independent arrivals at a constant rate.

    `later_per_s` is the rate after the rush; `duration_s` that of the whole day.
    """

    rush: MorningRush
    later_per_s: float
    duration_s: float

    @classmethod
    def of(cls, story: Story, year: int) -> WholeDay:
        """An average day of a year. Raises UnknownYear."""
        rush = MorningRush.of(story, year)
        orders = story.year(year).orders_per_month / story.open_days_per_month
        duration_s = story.open_hours_per_day * 3600.0
        return cls(rush, orders * (1 - story.rush.share_of_day) / (duration_s - rush.duration_s), duration_s)

    def times(self, stream: random.Random) -> tuple[float, ...]:
        rest = Poisson(self.later_per_s, self.duration_s - self.rush.duration_s)
        return (*self.rush.times(stream), *(round(self.rush.duration_s + at, 6) for at in rest.times(stream)))
