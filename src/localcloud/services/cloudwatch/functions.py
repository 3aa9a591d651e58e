"""The functions of metric math."""

from __future__ import annotations

import math
import statistics
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise

from localcloud.services.cloudwatch.expressions import (
    Keyword,
    Scope,
    TimeSeries,
    Value,
    common_period,
    each_series,
    with_points,
)
from localcloud.services.cloudwatch.series_functions import SERIES_FUNCTIONS
from localcloud.services.cloudwatch.syntax import ExpressionError

Function = Callable[[Scope, list[Value]], Value]


def _arguments(arguments: list[Value], *counts: int) -> None:
    if len(arguments) not in counts:
        expected = " or ".join(map(str, counts))
        raise ExpressionError(f"Expected {expected} argument(s), found {len(arguments)}")


# -- one value out of many ---------------------------------------------------------------------


def _aggregate(fold: Callable[[list[float]], float]) -> Function:
    """A scalar of a time series, a time series of an array: over the members that have data at the time."""

    def function(scope: Scope, arguments: list[Value]) -> Value:
        _arguments(arguments, 1)
        value = arguments[0]
        if isinstance(value, TimeSeries):
            return fold(list(value.points.values())) if value.points else math.nan
        if not isinstance(value, tuple):
            raise ExpressionError("A time series or an array of time series is expected as the argument")
        if not value:
            return ()
        common_period(value)
        at_time: dict[int, list[float]] = {}
        for member in value:
            for at, number in member.points.items():
                at_time.setdefault(at, []).append(number)
        return TimeSeries("", value[0].period_s, {at: fold(at_time[at]) for at in sorted(at_time)})

    return function


# -- value by value ----------------------------------------------------------------------------


def _pointwise(change: Callable[[float], float]) -> Function:
    def function(scope: Scope, arguments: list[Value]) -> Value:
        _arguments(arguments, 1)
        return each_series(
            arguments[0],
            lambda series: with_points(series, {at: change(value) for at, value in series.points.items()}),
        )

    return function


def _logarithm(base: Callable[[float], float]) -> Callable[[float], float]:
    return lambda value: base(value) if value > 0 else math.nan


# -- along the time ----------------------------------------------------------------------------


def _along(change: Callable[[TimeSeries], Mapping[int, float]]) -> Function:
    def function(scope: Scope, arguments: list[Value]) -> Value:
        _arguments(arguments, 1)
        return each_series(arguments[0], lambda series: with_points(series, change(series)))

    return function


def _steps(series: TimeSeries) -> Iterable[tuple[int, int, float]]:
    """(unix second, seconds since the point before, difference to it) of every point but the first."""
    points = list(series.points.items())
    for (before, old), (at, new) in pairwise(points):
        yield at, at - before, new - old


def _rate(series: TimeSeries) -> Mapping[int, float]:
    return {at: difference / seconds for at, seconds, difference in _steps(series)}


def _running_sum(series: TimeSeries) -> Mapping[int, float]:
    total = 0.0
    sums: dict[int, float] = {}
    for at, value in series.points.items():
        total += value
        sums[at] = total
    return sums


def _period(scope: Scope, arguments: list[Value]) -> Value:
    _arguments(arguments, 1)
    if not isinstance(arguments[0], TimeSeries):
        raise ExpressionError("PERIOD expects a time series")
    return float(arguments[0].period_s)


# -- missing data ------------------------------------------------------------------------------


def _fill(scope: Scope, arguments: list[Value]) -> Value:
    _arguments(arguments, 2)
    filler = arguments[1]
    if isinstance(filler, tuple) or (isinstance(filler, Keyword) and filler.text not in ("REPEAT", "LINEAR")):
        raise ExpressionError("FILL expects a number, a time series, REPEAT or LINEAR as its second argument")
    return each_series(arguments[0], lambda series: with_points(series, _filled(scope, series, filler)))


def _filled(
    scope: Scope, series: TimeSeries, filler: float | TimeSeries | Keyword | tuple[TimeSeries, ...]
) -> Mapping[int, float]:
    period_s = series.period_s
    known = sorted(series.points)
    filled: dict[int, float] = {}
    for at in range(scope.start_s - scope.start_s % period_s, scope.end_s, period_s):
        value = series.points.get(at)
        if value is None:
            value = _missing(at, series, known, filler)
        if value is not None:
            filled[at] = value
    return filled


def _missing(
    at: int,
    series: TimeSeries,
    known: list[int],
    filler: float | TimeSeries | Keyword | tuple[TimeSeries, ...],
) -> float | None:
    """What stands in for a missing point. Before the first point nothing can be repeated or drawn a line from."""
    if isinstance(filler, TimeSeries):
        return filler.points.get(at)
    if isinstance(filler, float):
        return filler
    next_index = bisect_left(known, at)
    if next_index == 0:
        return None
    before = known[next_index - 1]
    if isinstance(filler, Keyword) and filler.text == "REPEAT":
        return series.points[before]
    if next_index == len(known):
        return None
    after = known[next_index]
    share = (at - before) / (after - before)
    return series.points[before] + (series.points[after] - series.points[before]) * share


# -- conditions and the request's metrics -------------------------------------------------------


def _if(scope: Scope, arguments: list[Value]) -> Value:
    """IF(condition, then[, else]): with a series as condition a series, without `else` only where it holds."""
    _arguments(arguments, 2, 3)
    condition, chosen = arguments[0], arguments[1]
    other = arguments[2] if len(arguments) == 3 else None
    operands = [value for value in (condition, chosen, other) if value is not None]
    if any(isinstance(value, Keyword | tuple) for value in operands):
        raise ExpressionError("IF works on numbers and single time series")
    series = tuple(value for value in operands if isinstance(value, TimeSeries))
    if not series:
        if other is None and not condition:
            return math.nan
        return chosen if condition or other is None else other
    common_period(series)
    template = series[0]
    if isinstance(condition, TimeSeries):
        times = list(condition.points)
    else:
        times = sorted({at for each in series for at in each.points})
    points: dict[int, float] = {}
    for at in times:
        picked = chosen if _at(condition, at) else other
        value = _at(picked, at)
        if value is not None:
            points[at] = value
    return with_points(template, points)


def _at(value: Value | None, at: int) -> float | None:
    if isinstance(value, TimeSeries):
        return value.points.get(at)
    return value if isinstance(value, float) else None


def _metrics(scope: Scope, arguments: list[Value]) -> Value:
    """METRICS(): every metric of the request; METRICS("text"): those whose id contains the text."""
    _arguments(arguments, 0, 1)
    wanted = ""
    if arguments:
        if not isinstance(arguments[0], Keyword):
            raise ExpressionError("METRICS expects a text as its argument")
        wanted = arguments[0].text
    return tuple(series for name, series in scope.metrics().items() if wanted in name)


def _metric_count(scope: Scope, arguments: list[Value]) -> Value:
    _arguments(arguments, 1)
    if not isinstance(arguments[0], tuple):
        raise ExpressionError("METRIC_COUNT expects an array of time series")
    return float(len(arguments[0]))


FUNCTIONS: dict[str, Function] = {
    "ABS": _pointwise(abs),
    "AVG": _aggregate(statistics.fmean),
    "CEIL": _pointwise(math.ceil),
    "DATAPOINT_COUNT": _aggregate(lambda values: float(len(values))),
    "DIFF": _along(lambda series: {at: difference for at, _, difference in _steps(series)}),
    "FILL": _fill,
    "FLOOR": _pointwise(math.floor),
    "IF": _if,
    "LOG": _pointwise(_logarithm(math.log)),
    "LOG10": _pointwise(_logarithm(math.log10)),
    "MAX": _aggregate(max),
    "METRIC_COUNT": _metric_count,
    "METRICS": _metrics,
    "MIN": _aggregate(min),
    "PERIOD": _period,
    "RATE": _along(_rate),
    "RUNNING_SUM": _along(_running_sum),
    "STDDEV": _aggregate(statistics.pstdev),
    "SUM": _aggregate(math.fsum),
    **SERIES_FUNCTIONS,
}
