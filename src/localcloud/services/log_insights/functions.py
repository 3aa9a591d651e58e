"""The functions of the query language: of one event, and of many."""

from __future__ import annotations

import ipaddress
import json
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
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
    if isinstance(value, dict | list):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
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


class Period(float):
    """A period of time in milliseconds; `months` for those of the calendar, whose length differs."""

    months: int

    def __new__(cls, count: int, unit: str) -> Period:
        months = _MONTHS.get(unit, 0) * count
        made = super().__new__(cls, _MS.get(unit, 30 * _MS["d"] * _MONTHS.get(unit, 0)) * count)
        made.months = months
        return made


_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_MONTHS = {"mo": 1, "q": 3, "y": 12}


def floor(at: Any, period: float, ahead: bool = False) -> Instant | None:
    """The beginning of the period that `at` (Unix ms) lies in, or the next one unless `at` is one itself."""
    found = number(at)
    if found is None:
        return None
    months = getattr(period, "months", 0)
    if not months:
        return Instant(-(-found // period) * period if ahead else found - found % period)
    moment = datetime.fromtimestamp(found / 1_000, UTC)
    first = (moment.year * 12 + moment.month - 1) // months * months
    start = _month_ms(first)
    return Instant(_month_ms(first + months) if ahead and start < found else start)


def _month_ms(months: int) -> float:
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC).timestamp() * 1_000


def _substring(text: str, start: float, length: float | None = None) -> str:
    first = int(start)
    return text[first:] if length is None else text[first : first + int(length)]


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _valid(*kinds: type) -> Callable[..., Any]:
    """Whether a text is an address of one of these kinds."""

    def check(text: str) -> int:
        try:
            return int(isinstance(ipaddress.ip_address(text), kinds))
        except ValueError:
            return 0

    return _textual(check)


def _inside(*kinds: type) -> Callable[..., Any]:
    """Whether an address of one of these kinds lies in a subnet, in CIDR notation."""

    def check(text: str, subnet: Any) -> int:
        try:
            address, network = ipaddress.ip_address(text), ipaddress.ip_network(shown(subnet), strict=False)
        except ValueError:
            return 0
        return int(isinstance(address, kinds) and address in network)

    return _textual(check)


_V4, _V6 = ipaddress.IPv4Address, ipaddress.IPv6Address

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
    "datefloor": floor,
    "dateceil": lambda at, period: floor(at, period, ahead=True),
    "frommillis": lambda value: None if number(value) is None else Instant(float(value)),
    "tomillis": lambda value: None if number(value) is None else float(value),
    "jsonparse": _textual(_parsed),
    "jsonstringify": lambda value: None if value is None else shown(value),
    "isvalidip": _valid(_V4, _V6),
    "isvalidipv4": _valid(_V4),
    "isvalidipv6": _valid(_V6),
    "isipinsubnet": _inside(_V4, _V6),
    "isipv4insubnet": _inside(_V4),
    "isipv6insubnet": _inside(_V6),
}


def _over(fold: Callable[[list[float]], float]) -> Callable[[Sequence[Any]], Any]:
    def call(values: Sequence[Any]) -> float | None:
        numbers = [found for found in map(number, values) if found is not None]
        return fold(numbers) if numbers else None

    return call


def _extreme(fold: Callable[..., Any]) -> Callable[[Sequence[Any]], Any]:
    """Of numbers, of times, or of texts where there are only those."""

    def call(values: Sequence[Any]) -> Any:
        known = [value for value in values if value is not None]
        if known and all(isinstance(value, Instant) for value in known):
            return fold(known)
        numbers = [found for found in map(number, known) if found is not None]
        return fold(numbers) if numbers else fold(map(shown, known), default=None)

    return call


# each takes the values of its argument in the order of the events' times, None where an event has none
AGGREGATE: Mapping[str, Callable[..., Any]] = {
    "count": lambda values: sum(value is not None for value in values),
    "count_distinct": lambda values: len({shown(value) for value in values if value is not None}),
    "sum": _over(math.fsum),
    "avg": _over(statistics.fmean),
    "min": _extreme(min),
    "max": _extreme(max),
    "median": _over(statistics.median),
    "stddev": _over(statistics.pstdev),
    "pct": lambda values, percent: _over(lambda found: percentile(Sample.of(found), percent))(values),
    "earliest": lambda values: next((value for value in values if value is not None), None),
    "latest": lambda values: next((value for value in reversed(values) if value is not None), None),
    "sortsfirst": lambda values: min((shown(value) for value in values if value is not None), default=None),
    "sortslast": lambda values: max((shown(value) for value in values if value is not None), default=None),
}
