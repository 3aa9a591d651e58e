"""Functions of metric math that take arrays of time series apart, and that tell the time."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime

from localcloud.services.cloudwatch.expressions import Keyword, Scope, TimeSeries, Value, each_series, with_points
from localcloud.services.cloudwatch.syntax import ExpressionError

Function = Callable[[Scope, list[Value]], Value]
_SORTS = ("AVG", "MIN", "MAX", "SUM")


def _array(name: str, arguments: list[Value]) -> tuple[TimeSeries, ...]:
    value = arguments[0] if arguments else None
    if isinstance(value, TimeSeries):
        return (value,)
    if not isinstance(value, tuple):
        raise ExpressionError(f"{name} expects an array of time series as its first argument")
    return value


def _count(name: str, value: Value) -> int:
    if not isinstance(value, float) or value != int(value) or value < 0:
        raise ExpressionError(f"{name} expects whole numbers from 0")
    return int(value)


def _remove_empty(_: Scope, arguments: list[Value]) -> Value:
    return tuple(series for series in _array("REMOVE_EMPTY", arguments) if series.points)


def _slice(_: Scope, arguments: list[Value]) -> Value:
    """SLICE(array, index) is one time series, SLICE(array, from, to) an array without `to`."""
    if len(arguments) not in (2, 3):
        raise ExpressionError("SLICE expects an array, and one or two numbers")
    series = _array("SLICE", arguments)
    first = _count("SLICE", arguments[1])
    if len(arguments) == 3:
        return series[first : _count("SLICE", arguments[2])]
    if first >= len(series):
        return ()
    return series[first]


def _sort(_: Scope, arguments: list[Value]) -> Value:
    """SORT(array, AVG|MIN|MAX|SUM, ASC|DESC[, limit])."""
    words = [value.text.upper() for value in arguments[1:3] if isinstance(value, Keyword)]
    if len(arguments) not in (3, 4) or len(words) != 2 or words[0] not in _SORTS or words[1] not in ("ASC", "DESC"):
        raise ExpressionError("SORT expects an array, AVG, MIN, MAX or SUM, ASC or DESC, and perhaps a limit")
    empty = [series for series in _array("SORT", arguments) if not series.points]
    full = [series for series in _array("SORT", arguments) if series.points]
    full.sort(key=lambda series: _statistic(words[0], series), reverse=words[1] == "DESC")
    found = [*full, *empty]
    return tuple(found[: _count("SORT", arguments[3])] if len(arguments) == 4 else found)


def _statistic(name: str, series: TimeSeries) -> float:
    values = list(series.points.values())
    if name == "AVG":
        return sum(values) / len(values)
    return min(values) if name == "MIN" else max(values) if name == "MAX" else math.fsum(values)


def _time_series(scope: Scope, arguments: list[Value]) -> Value:
    """TIME_SERIES(number): the same value in every period of the request."""
    if len(arguments) != 1 or not isinstance(arguments[0], float):
        raise ExpressionError("TIME_SERIES expects a number")
    period_s = min((series.period_s for series in scope.metrics().values()), default=60)
    value = arguments[0]
    return TimeSeries("", period_s, dict.fromkeys(range(scope.start_s, scope.end_s, period_s), value))


def _clock(part: Callable[[datetime], float]) -> Function:
    def function(_: Scope, arguments: list[Value]) -> Value:
        if len(arguments) != 1:
            raise ExpressionError(f"Expected 1 argument(s), found {len(arguments)}")
        return each_series(
            arguments[0],
            lambda series: with_points(series, {at: part(datetime.fromtimestamp(at, UTC)) for at in series.points}),
        )

    return function


def _search(scope: Scope, arguments: list[Value]) -> Value:
    """SEARCH('search', 'statistic'[, period])."""
    words = [value.text for value in arguments[:2] if isinstance(value, Keyword)]
    if len(words) != 2 or len(arguments) > 3:
        raise ExpressionError("SEARCH expects a search and a statistic in quotes, and perhaps a period")
    period_s = _count("SEARCH", arguments[2]) if len(arguments) == 3 else None
    return scope.search(words[0], words[1], period_s)


SERIES_FUNCTIONS: dict[str, Function] = {
    "DATE": _clock(lambda at: float(at.day)),
    "DAY": _clock(lambda at: float(at.isoweekday())),
    "EPOCH": _clock(lambda at: at.timestamp()),
    "HOUR": _clock(lambda at: float(at.hour)),
    "MINUTE": _clock(lambda at: float(at.minute)),
    "MONTH": _clock(lambda at: float(at.month)),
    "REMOVE_EMPTY": _remove_empty,
    "SEARCH": _search,
    "SLICE": _slice,
    "SORT": _sort,
    "TIME_SERIES": _time_series,
    "YEAR": _clock(lambda at: float(at.year)),
}
