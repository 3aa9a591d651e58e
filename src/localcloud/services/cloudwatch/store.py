"""Where metric values are kept: cheap to write, aggregated when they are read."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from localcloud.services.cloudwatch.statistics import Sample

MINUTE_S = 60


def minute_s(unix_us: int) -> int:
    """The unix second at which a minute starts: the time of data of standard resolution."""
    at_s = unix_us // 1_000_000
    return at_s - at_s % MINUTE_S


@dataclass(frozen=True, slots=True)
class Metric:
    """What identifies a metric: there is no roll-up from one set of dimensions to another."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, namespace: str, name: str, dimensions: Mapping[str, str]) -> Metric:
        return cls(namespace, name, tuple(sorted(dimensions.items())))


@dataclass(frozen=True, slots=True)
class StatisticSet:
    """Values that were aggregated before they were published; their single values are not known."""

    unix_s: int
    count: float
    total: float
    minimum: float
    maximum: float


class Bucket:
    """What a metric collected during one period: at least one value or statistic set."""

    __slots__ = ("_pairs", "_sample", "sets")

    def __init__(self, pairs: list[tuple[float, float]], sets: list[StatisticSet]) -> None:
        self._pairs = pairs
        self._sample: Sample | None = None
        self.sets = sets

    @property
    def count(self) -> float:
        return sum(count for _, count in self._pairs) + sum(each.count for each in self.sets)

    @property
    def total(self) -> float:
        return sum(value * count for value, count in self._pairs) + sum(each.total for each in self.sets)

    @property
    def minimum(self) -> float:
        return min([value for value, _ in self._pairs] + [each.minimum for each in self.sets])

    @property
    def maximum(self) -> float:
        return max([value for value, _ in self._pairs] + [each.maximum for each in self.sets])

    @property
    def sample(self) -> Sample | None:
        """The single values, or None where CloudWatch has no percentiles: statistic sets, negative values."""
        if self.sets or self.minimum < 0:
            return None
        if self._sample is None:
            self._sample = Sample(self._pairs)
        return self._sample


class Series:
    """The values of one metric in one unit, in three flat arrays; `add` takes well below a microsecond.

    A value that comes again at the same time is counted, not kept again: most metrics are mostly ones and zeros.
    """

    __slots__ = ("_counts", "_last", "_ordered", "_sets", "_times", "_values", "latest_s")

    def __init__(self) -> None:
        self._times = array("q")
        self._values = array("d")
        self._counts = array("d")
        self._sets: list[StatisticSet] = []
        self._ordered = True
        self._last: float | None = None
        self.latest_s = 0

    def add(self, unix_s: int, value: float, count: float = 1.0) -> None:
        """Add a value. Data of standard resolution carry the second at which their minute starts."""
        if unix_s < self.latest_s:
            self._ordered = False
            self._last = None
        elif unix_s == self.latest_s and value == self._last:
            self._counts[-1] += count
            return
        else:
            self.latest_s = unix_s
            self._last = value
        self._times.append(unix_s)
        self._values.append(value)
        self._counts.append(count)

    def add_set(self, given: StatisticSet) -> None:
        """Add a statistic set. One whose values are all the same is as good as the values."""
        if given.count == 1 or given.minimum == given.maximum:
            self.add(given.unix_s, given.minimum, given.count)
            return
        self._sets.append(given)
        self._sets.sort(key=lambda each: each.unix_s)
        self.latest_s = max(self.latest_s, given.unix_s)

    def _order(self) -> None:
        if self._ordered:
            return
        order = sorted(range(len(self._times)), key=self._times.__getitem__)
        self._times = array("q", [self._times[index] for index in order])
        self._values = array("d", [self._values[index] for index in order])
        self._counts = array("d", [self._counts[index] for index in order])
        self._ordered, self._last = True, None

    def points(self, start_s: int, end_s: int) -> Iterator[tuple[int, float, float]]:
        """(unix second, value, count) with start_s <= second < end_s, in the order of time."""
        self._order()
        first, end = bisect_left(self._times, start_s), bisect_left(self._times, end_s)
        yield from zip(self._times[first:end], self._values[first:end], self._counts[first:end], strict=True)

    def sets(self, start_s: int, end_s: int) -> Iterator[StatisticSet]:
        return (each for each in self._sets if start_s <= each.unix_s < end_s)


def buckets(series: list[Series], start_s: int, end_s: int, period_s: int) -> dict[int, Bucket]:
    """Aggregate one or several series; keys are the starts of the periods that have data, ascending.

    Periods are counted from the epoch: a key is always a multiple of `period_s`, also the first.
    """
    pairs: dict[int, list[tuple[float, float]]] = {}
    sets: dict[int, list[StatisticSet]] = {}
    start_s -= start_s % period_s
    for each in series:
        for unix_s, value, count in each.points(start_s, end_s):
            pairs.setdefault(unix_s - unix_s % period_s, []).append((value, count))
        for given in each.sets(start_s, end_s):
            sets.setdefault(given.unix_s - given.unix_s % period_s, []).append(given)
    starts = sorted(pairs.keys() | sets.keys())
    return {start: Bucket(pairs.get(start, []), sets.get(start, [])) for start in starts}


class Store:
    """All metrics of one account, in the order in which they first appeared."""

    def __init__(self) -> None:
        self._series: dict[Metric, dict[str, Series]] = {}

    def series(self, metric: Metric, unit: str) -> Series:
        """The series to write to; it is made when it is new."""
        units = self._series.get(metric)
        if units is None:
            units = self._series[metric] = {}
        found = units.get(unit)
        if found is None:
            found = units[unit] = Series()
        return found

    def find(self, metric: Metric, unit: str | None = None) -> dict[str, Series]:
        """The series of a metric by unit; of one unit only when it is given."""
        units = self._series.get(metric, {})
        return {name: series for name, series in units.items() if unit in (None, name)}

    def metrics(self) -> Iterator[tuple[Metric, int]]:
        """Every metric with the unix second of its latest value."""
        for metric, units in self._series.items():
            yield metric, max(series.latest_s for series in units.values())
