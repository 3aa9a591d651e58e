"""The functions of the query language: of one event, and of many."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from localcloud.services.cloudwatch.statistics import Sample, percentile
from localcloud.services.log_insights.records import Instant


def number(value: Any) -> float | None:
    """The number that a value is or spells; None for anything else."""
    if value is None:
        return None
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None


def shown(value: Any) -> str:
    """A value as results give it: at most four decimal places."""
    if isinstance(value, float) and not isinstance(value, Instant):
        return f"{value:.4f}".rstrip("0").rstrip(".")
    return str(value)


def _numeric(function: Callable[..., float]) -> Callable[..., Any]:
    def call(*values: Any) -> float | None:
        numbers = [number(value) for value in values]
        known = [each for each in numbers if each is not None]
        if len(known) < len(numbers):
            return None
        try:
            return float(function(*known))
        except (ValueError, OverflowError):
            return None

    return call


def _textual(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(first: Any, *rest: Any) -> Any:
        return None if first is None else function(shown(first), *rest)

    return call


def _floor(at: Any, step_ms: float) -> Instant | None:
    found = number(at)
    return None if found is None else Instant(found - found % step_ms)


def _substring(text: str, start: float, length: float | None = None) -> str:
    first = int(start)
    return text[first:] if length is None else text[first : first + int(length)]


SCALAR: Mapping[str, Callable[..., Any]] = {
    "abs": _numeric(abs),
    "ceil": _numeric(math.ceil),
    "floor": _numeric(math.floor),
    "greatest": _numeric(max),
    "least": _numeric(min),
    "log": _numeric(math.log),
    "sqrt": _numeric(math.sqrt),
    "ispresent": lambda value: int(value is not None),
    "isempty": lambda value: int(value is None or value == ""),
    "isblank": lambda value: int(value is None or not shown(value).strip()),
    "coalesce": lambda *values: next((value for value in values if value is not None), None),
    "concat": lambda *values: "".join(shown(value) for value in values if value is not None),
    "strlen": _textual(len),
    "toupper": _textual(str.upper),
    "tolower": _textual(str.lower),
    "trim": _textual(str.strip),
    "ltrim": _textual(str.lstrip),
    "rtrim": _textual(str.rstrip),
    "strcontains": _textual(lambda text, wanted: int(shown(wanted) in text)),
    "substr": _textual(_substring),
    "replace": _textual(lambda text, old, new: text.replace(shown(old), shown(new))),
    "datefloor": _floor,
    "dateceil": lambda at, step_ms: None if at is None else Instant(-(-float(at) // step_ms) * step_ms),
    "frommillis": lambda value: None if number(value) is None else Instant(float(value)),
    "tomillis": lambda value: None if number(value) is None else float(value),
}


def _over(fold: Callable[[list[float]], float]) -> Callable[[Sequence[Any]], Any]:
    def call(values: Sequence[Any]) -> float | None:
        numbers = [found for found in map(number, values) if found is not None]
        return fold(numbers) if numbers else None

    return call


# each takes the values of its argument in the order of the events, None where an event has none
AGGREGATE: Mapping[str, Callable[..., Any]] = {
    "count": lambda values: sum(value is not None for value in values),
    "count_distinct": lambda values: len({shown(value) for value in values if value is not None}),
    "sum": _over(math.fsum),
    "avg": _over(statistics.fmean),
    "min": _over(min),
    "max": _over(max),
    "median": _over(statistics.median),
    "stddev": _over(statistics.pstdev),
    "pct": lambda values, percent: _over(lambda found: percentile(Sample.of(found), percent))(values),
    "sortsfirst": lambda values: min((shown(value) for value in values if value is not None), default=None),
    "sortslast": lambda values: max((shown(value) for value in values if value is not None), default=None),
}
