"""Metric math: numbers, time series and arrays of time series, and what may be done with them.

As documented under "Metric math syntax and functions" in the CloudWatch user guide. An operator
works on two scalars, on a scalar and a time series, on two time series (where both have data), and
on an array of time series with one of the other two, member by member; not on two arrays. A value
that does not exist, such as x / 0, is a missing data point.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from localcloud.services.cloudwatch.syntax import (
    Binary,
    Call,
    ExpressionError,
    Listing,
    Name,
    Node,
    Number,
    Text,
    Unary,
)


@dataclass(frozen=True, slots=True)
class TimeSeries:
    """`points` maps the unix second of each period with data to its value, ascending."""

    label: str
    period_s: int
    points: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Keyword:
    """A string, or a bare word such as REPEAT."""

    text: str


WORDS = frozenset(["REPEAT", "LINEAR", "AVG", "MIN", "MAX", "SUM", "ASC", "DESC"])
Value = float | TimeSeries | tuple[TimeSeries, ...] | Keyword


def _nothing(_text: str, _statistic: str, _period_s: int | None) -> tuple[TimeSeries, ...]:
    return ()


@dataclass(slots=True)
class Scope:
    """What an expression can see.

    `lookup` finds other queries by id; `metrics` are all metrics of the request; `search(text, statistic, period_s)`
    looks through all metrics there are.
    """

    start_s: int
    end_s: int
    lookup: Callable[[str], Value | None]
    metrics: Callable[[], Mapping[str, TimeSeries]]
    search: Callable[[str, str, int | None], tuple[TimeSeries, ...]] = _nothing
    functions: Mapping[str, Callable[[Scope, list[Value]], Value]] = field(default_factory=dict)


def _quotient(left: float, right: float) -> float:
    return left / right if right else math.nan


def _power(left: float, right: float) -> float:
    try:
        result = left**right
    except (OverflowError, ZeroDivisionError):
        return math.nan
    return result if isinstance(result, float) else math.nan


def _truth(compare: Callable[[float, float], bool]) -> Callable[[float, float], float]:
    return lambda left, right: 1.0 if compare(left, right) else 0.0


_OPERATORS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _quotient,
    "^": _power,
    "==": _truth(operator.eq),
    "!=": _truth(operator.ne),
    "<": _truth(operator.lt),
    ">": _truth(operator.gt),
    "<=": _truth(operator.le),
    ">=": _truth(operator.ge),
    "&&": _truth(lambda left, right: bool(left) and bool(right)),
    "||": _truth(lambda left, right: bool(left) or bool(right)),
}


def with_points(series: TimeSeries, points: Mapping[int, float]) -> TimeSeries:
    """The series with other values; what is not a finite number is a missing data point."""
    return replace(series, points={at: value for at, value in points.items() if math.isfinite(value)})


def common_period(series: tuple[TimeSeries, ...]) -> int:
    """The period that all have. Raises ExpressionError."""
    periods = sorted({each.period_s for each in series})
    if len(periods) > 1:
        raise ExpressionError(f"The metrics have different periods: {', '.join(map(str, periods))}")
    return periods[0]


def each_series(value: Value, change: Callable[[TimeSeries], TimeSeries]) -> Value:
    """Apply `change` to a time series, or to every member of an array. Raises ExpressionError for anything else."""
    if isinstance(value, TimeSeries):
        return change(value)
    if isinstance(value, tuple):
        return tuple(change(member) for member in value)
    raise ExpressionError("A time series or an array of time series is expected as the argument")


def combine(name: str, left: Value, right: Value) -> Value:
    """`left name right` for an operator. Raises ExpressionError for types that do not go together."""
    function = _OPERATORS[name]
    if isinstance(left, Keyword) or isinstance(right, Keyword):
        raise ExpressionError(f"Operator '{name}' does not work on text")
    if isinstance(left, tuple) and isinstance(right, tuple):
        raise ExpressionError(f"Operator '{name}' does not work on two arrays of time series")
    if isinstance(left, tuple):
        return tuple(_pair(function, member, right) for member in left)  # type: ignore[arg-type, misc]
    if isinstance(right, tuple):
        return tuple(_pair(function, left, member) for member in right)  # type: ignore[misc]
    return _pair(function, left, right)


def _pair(
    function: Callable[[float, float], float], left: float | TimeSeries, right: float | TimeSeries
) -> float | TimeSeries:
    if isinstance(left, TimeSeries) and isinstance(right, TimeSeries):
        common_period((left, right))
        others = right.points
        return with_points(left, {at: function(v, others[at]) for at, v in left.points.items() if at in others})
    if isinstance(left, TimeSeries):
        assert not isinstance(right, TimeSeries)
        return with_points(left, {at: function(value, right) for at, value in left.points.items()})
    if isinstance(right, TimeSeries):
        return with_points(right, {at: function(left, value) for at, value in right.points.items()})
    return function(left, right)


def evaluate(node: Node, scope: Scope) -> Value:
    """Compute a parsed expression. Raises ExpressionError."""
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Text):
        return Keyword(node.value)
    if isinstance(node, Name):
        found = scope.lookup(node.name)
        if found is not None:
            return found
        if node.name in WORDS:
            return Keyword(node.name)
        raise ExpressionError(f"Unknown id '{node.name}'")
    if isinstance(node, Listing):
        return _listing(node, scope)
    if isinstance(node, Unary):
        return combine("-", 0.0, evaluate(node.operand, scope))
    if isinstance(node, Binary):
        return combine(node.operator, evaluate(node.left, scope), evaluate(node.right, scope))
    return _call(node, scope)


def _listing(node: Listing, scope: Scope) -> Value:
    members: list[TimeSeries] = []
    for item in node.items:
        value = evaluate(item, scope)
        if isinstance(value, TimeSeries):
            members.append(value)
        elif isinstance(value, tuple):
            members.extend(value)
        else:
            raise ExpressionError("An array may hold time series only")
    return tuple(members)


def _call(node: Call, scope: Scope) -> Value:
    function = scope.functions.get(node.function)
    if function is None:
        raise ExpressionError(
            f"Function '{node.function}' is not supported here; supported are {', '.join(sorted(scope.functions))}"
        )
    return function(scope, [evaluate(argument, scope) for argument in node.arguments])
