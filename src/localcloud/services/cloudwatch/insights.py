"""Metrics Insights: SQL over metrics, one time series for each group.

As documented under "Query components and syntax in CloudWatch Metrics Insights": observations of all matching metrics
are pooled in each period. Only metrics that have every label a query groups by take part in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from localcloud.services.cloudwatch.expressions import TimeSeries
from localcloud.services.cloudwatch.selectors import BASIC
from localcloud.services.cloudwatch.store import Bucket, Metric, Series, Store, buckets
from localcloud.services.cloudwatch.syntax import ExpressionError

_FUNCTIONS = {"AVG": "Average", "COUNT": "SampleCount", "MAX": "Maximum", "MIN": "Minimum", "SUM": "Sum"}
_KEYWORDS = frozenset(
    ["SELECT", "FROM", "SCHEMA", "WHERE", "AND", "OR", "GROUP", "ORDER", "BY", "ASC", "DESC", "LIMIT"]
)
_TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>"(?:[^"]|"")*")|(?P<text>'(?:[^']|'')*')|(?P<number>\d+(?![A-Za-z0-9_]))
    |(?P<word>[A-Za-z0-9_][A-Za-z0-9_.]*)|(?P<sign>!=|=|[(),]))""",
    re.VERBOSE,
)

Condition = Callable[[Mapping[str, str]], bool]


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query. `schema` is the exact set of labels, None when any will do."""

    function: str
    metric: str
    namespace: str
    schema: frozenset[str] | None
    condition: Condition
    group_by: tuple[str, ...]
    order_by: str
    descending: bool
    limit: int | None

    def wants(self, metric: Metric) -> bool:
        """Whether a metric takes part."""
        labels = dict(metric.dimensions)
        return (
            (metric.namespace, metric.name) == (self.namespace, self.metric)
            and (self.schema is None or self.schema == labels.keys())
            and labels.keys() >= set(self.group_by)
            and self.condition(labels)
        )


def parse_query(text: str) -> Query:
    """Raises ExpressionError."""
    return _Parser(text).query()


def run_query(query: Query, store: Store, start_s: int, end_s: int, period_s: int, most: int) -> list[TimeSeries]:
    """The time series of a query, labelled with their group; at most `most` of them."""
    groups: dict[tuple[str, ...], list[Series]] = {}
    for metric, _ in store.metrics():
        if query.wants(metric):
            labels = dict(metric.dimensions)
            group = groups.setdefault(tuple(labels[name] for name in query.group_by), [])
            group.extend(store.find(metric).values())
    found = [
        (group, buckets(series, start_s, end_s, period_s))
        for group, series in sorted(groups.items(), key=lambda item: item[0])
    ]
    found = [(group, periods) for group, periods in found if periods]
    if query.order_by:
        found.sort(key=lambda item: _overall(query.order_by, item[1]), reverse=query.descending)
    select = BASIC[query.function]
    return [
        TimeSeries(" ".join(group), period_s, {at: float(select(one) or 0.0) for at, one in periods.items()})
        for group, periods in found[: min(most, query.limit or most)]
    ]


def _overall(function: str, periods: Mapping[int, Bucket]) -> float:
    """A statistic of the whole time range, by which groups are ordered."""
    every = list(periods.values())
    count, total = sum(one.count for one in every), sum(one.total for one in every)
    return {
        "Average": total / count,
        "SampleCount": count,
        "Maximum": max(one.maximum for one in every),
        "Minimum": min(one.minimum for one in every),
        "Sum": total,
    }[function]


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        position, text = 0, text.rstrip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise ExpressionError(f"Unexpected character '{text[position:].lstrip()[0]}'")
            self._tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))
            position = match.end()
        self._tokens.append(("end", "end of query"))
        self._next = 0

    def query(self) -> Query:
        self._expect("SELECT")
        function, metric = self._call(named=True)
        self._expect("FROM")
        namespace, schema = self._source()
        condition = self._any() if self._accept("WHERE") else _everything
        group_by = self._names() if self._by("GROUP") else ()
        order_by, descending = "", False
        if self._by("ORDER"):
            order_by, _ = self._call(named=False)
            descending = self._accept("DESC")
            if not descending:
                self._accept("ASC")
        limit = self._limit() if self._accept("LIMIT") else None
        if self._tokens[self._next][0] != "end":
            raise self._unexpected()
        return Query(function, metric, namespace, schema, condition, group_by, order_by, descending, limit)

    # -- clauses ---------------------------------------------------------------------------------

    def _call(self, *, named: bool) -> tuple[str, str]:
        """FUNCTION(metric), or FUNCTION() in ORDER BY."""
        word = self._take("word").upper()
        if word not in _FUNCTIONS:
            raise ExpressionError(f"Unknown function '{word}'; supported are {', '.join(_FUNCTIONS)}")
        self._sign("(")
        metric = self._name() if named else ""
        self._sign(")")
        return _FUNCTIONS[word], metric

    def _source(self) -> tuple[str, frozenset[str] | None]:
        if not self._accept("SCHEMA"):
            return self._name(), None
        self._sign("(")
        namespace, *labels = self._names()
        self._sign(")")
        return namespace, frozenset(labels)

    def _any(self) -> Condition:
        parts = [self._all()]
        while self._accept("OR"):
            parts.append(self._all())
        return lambda labels: any(part(labels) for part in parts)

    def _all(self) -> Condition:
        parts = [self._comparison()]
        while self._accept("AND"):
            parts.append(self._comparison())
        return lambda labels: all(part(labels) for part in parts)

    def _comparison(self) -> Condition:
        if self._is_sign("("):
            inner = self._any()
            self._sign(")")
            return inner
        label = self._name()
        operator = self._take("sign")
        if operator not in ("=", "!="):
            raise ExpressionError(f"Unexpected token '{operator}'; a label is compared with = or !=")
        value = self._take("text")[1:-1].replace("''", "'")
        if operator == "=":
            return lambda labels: labels.get(label) == value
        return lambda labels: label in labels and labels[label] != value

    def _limit(self) -> int:
        number = int(self._take("number"))
        if not number:
            raise ExpressionError("LIMIT must be a positive number")
        return number

    # -- tokens ----------------------------------------------------------------------------------

    def _names(self) -> tuple[str, ...]:
        found = [self._name()]
        while self._is_sign(","):
            found.append(self._name())
        return tuple(found)

    def _name(self) -> str:
        kind, text = self._tokens[self._next]
        if kind == "quoted":
            self._next += 1
            return text[1:-1].replace('""', '"')
        if kind == "word" and text.upper() not in _KEYWORDS:
            self._next += 1
            return text
        raise self._unexpected()

    def _take(self, kind: str) -> str:
        found, text = self._tokens[self._next]
        if found != kind:
            raise self._unexpected()
        self._next += 1
        return text

    def _accept(self, keyword: str) -> bool:
        kind, text = self._tokens[self._next]
        if kind == "word" and text.upper() == keyword:
            self._next += 1
            return True
        return False

    def _by(self, keyword: str) -> bool:
        if not self._accept(keyword):
            return False
        self._expect("BY")
        return True

    def _expect(self, keyword: str) -> None:
        if not self._accept(keyword):
            raise ExpressionError(f"Expected {keyword}, found '{self._tokens[self._next][1]}'")

    def _is_sign(self, sign: str) -> bool:
        if self._tokens[self._next] == ("sign", sign):
            self._next += 1
            return True
        return False

    def _sign(self, sign: str) -> None:
        if not self._is_sign(sign):
            raise self._unexpected()

    def _unexpected(self) -> ExpressionError:
        return ExpressionError(f"Unexpected token '{self._tokens[self._next][1]}'")


def _everything(_: Mapping[str, str]) -> bool:
    return True
