"""GetMetricData: metrics, metric math over them, and pages of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from localcloud.api import ApiError
from localcloud.facts import Facts
from localcloud.services.cloudwatch.expressions import Scope, TimeSeries, Value, evaluate
from localcloud.services.cloudwatch.functions import FUNCTIONS
from localcloud.services.cloudwatch.insights import parse_query, run_query
from localcloud.services.cloudwatch.parameters import (
    TimeRange,
    dimensions_of,
    page_position,
    page_token,
    to_datetime,
)
from localcloud.services.cloudwatch.queries import INVALID, check_queries, expression_error, is_insights
from localcloud.services.cloudwatch.search import matcher
from localcloud.services.cloudwatch.selectors import Selector, selector
from localcloud.services.cloudwatch.store import MINUTE_S, Bucket, Metric, Store, buckets
from localcloud.services.cloudwatch.syntax import ExpressionError, parse

_WHILE = timedelta(hours=1)  # any stretch of time would do


@dataclass(frozen=True, slots=True)
class _Result:
    """One time series of the answer; `points` in the order in which they are returned."""

    id: str
    label: str
    points: list[tuple[int, float]]


class MetricDataReader:
    """Answers GetMetricData. A page token is a position, so every page is computed afresh."""

    def __init__(self, store: Store, facts: Facts) -> None:
        self._store = store
        self._facts = facts
        limits = facts.value("quota.cloudwatch.get_metric_data")
        self._most_queries: int = limits["queries"]
        self._most_points: int = limits["datapoints"]
        insights, search = facts.value("quota.cloudwatch.metrics_insights"), facts.value("quota.cloudwatch.search")
        self._limits = _Limits(insights["max_series"], search["max_series"], search["recent_days"] * 86_400)

    def read(self, params: dict[str, Any], now_s: float) -> dict[str, Any]:
        """The answer to a request. Raises ApiError ValidationError or InvalidNextToken."""
        queries = params["MetricDataQueries"]
        self._check(queries)
        most = params.get("MaxDatapoints", self._most_points)
        if not 0 < most <= self._most_points:
            raise ApiError(INVALID, f"The parameter MaxDatapoints must be between 1 and {self._most_points}.")
        position = page_position(params.get("NextToken"), 2, "InvalidNextToken")
        times = TimeRange(params["StartTime"], params["EndTime"], now_s, self._facts, INVALID)
        computation = _Computation(self._store, queries, times, self._limits)
        descending = params.get("ScanBy", "TimestampDescending") == "TimestampDescending"
        results: list[_Result] = []
        for query in queries:
            if query.get("ReturnData", True):
                results += _returned(query, computation, descending)
        return _page(results, position, most)

    def check_single(self, queries: list[dict[str, Any]], query_id: str, now_s: float) -> None:
        """Whether a query comes to one time series, whatever data there will be: what alarms ask for.

        Raises ApiError ValidationError.
        """
        end = datetime.fromtimestamp(now_s, UTC)
        times = TimeRange(end - _WHILE, end, now_s, self._facts, INVALID)
        if not isinstance(_Computation(Store(), queries, times, self._limits).value(query_id), TimeSeries):
            raise expression_error(query_id, "An alarm watches one time series, and this is none or several.")

    def _check(self, queries: list[dict[str, Any]]) -> None:
        if not queries:
            raise ApiError(INVALID, "The parameter MetricDataQueries is required.")
        if len(queries) > self._most_queries:
            raise ApiError(
                INVALID, f"The collection MetricDataQueries must not have a size greater than {self._most_queries}."
            )
        check_queries(queries, "MetricDataQueries")
        if not any(query.get("ReturnData", True) for query in queries):
            raise ApiError(INVALID, "At least one of the MetricDataQueries must have ReturnData set to true.")


@dataclass(frozen=True, slots=True)
class _Limits:
    """Of what looks through all metrics: time series that are returned, and how far back SEARCH looks."""

    insights_series: int
    search_series: int
    search_s: int


def _series(label: str, period_s: int, select: Selector, found: Mapping[int, Bucket]) -> TimeSeries:
    values = {at: select(bucket) for at, bucket in found.items()}
    return TimeSeries(label, period_s, {at: float(value) for at, value in values.items() if value is not None})


class _Computation:
    """The values of one request's queries, each computed when it is first asked for."""

    def __init__(self, store: Store, queries: list[dict[str, Any]], times: TimeRange, limits: _Limits) -> None:
        self._store = store
        self._limits = limits
        self._times = times
        self._queries = {query["Id"]: query for query in queries}
        self._values: dict[str, Value] = {}

    def value(self, query_id: str) -> Value:
        """The value of a query. Raises ApiError for an expression that cannot be computed."""
        if query_id not in self._values:
            query = self._queries[query_id]
            stat = query.get("MetricStat")
            value = self._expression(query) if stat is None else self._metric(query, stat)
            self._values[query_id] = value
        return self._values[query_id]

    def _metric(self, query: dict[str, Any], stat: dict[str, Any]) -> TimeSeries:
        given, period_s = stat["Metric"], stat["Period"]
        if period_s % self._times.grain_s():
            raise ApiError(
                INVALID, f"The Period of {query['Id']} must be a multiple of {self._times.grain_s()} for data as old "
                "as StartTime."
            )  # fmt: skip
        metric = Metric.of(given["Namespace"], given["MetricName"], dimensions_of(given.get("Dimensions")))
        series = list(self._store.find(metric, stat.get("Unit")).values())
        select = selector(stat["Stat"])
        assert select is not None
        found = buckets(series, self._times.start_for(period_s), self._times.end_s, period_s)
        return _series(query.get("Label") or given["MetricName"], period_s, select, found)

    def _expression(self, query: dict[str, Any]) -> Value:
        query_id, text = query["Id"], query["Expression"]
        try:
            if is_insights(text):
                return self._insights(query)
            return evaluate(parse(text), self._scope(query.get("Period")))
        except ExpressionError as exc:
            raise expression_error(query_id, exc) from None

    def _insights(self, query: dict[str, Any]) -> Value:
        period_s = query.get("Period")
        if period_s is None:
            raise ExpressionError("A Metrics Insights query needs a Period")
        found = run_query(
            parse_query(query["Expression"]), self._store, self._times.start_for(period_s), self._times.end_s, period_s,
            self._limits.insights_series,
        )  # fmt: skip
        return tuple(found) if len(found) != 1 or found[0].label else found[0]

    def _search(self, text: str, statistic: str, period_s: int | None) -> tuple[TimeSeries, ...]:
        select, wanted = selector(statistic), matcher(text)
        if select is None:
            raise ExpressionError(f"SEARCH: the statistic {statistic} is not supported")
        period_s = period_s or self._finest()
        return tuple(
            _series(" ".join([metric.name, *(value for _, value in metric.dimensions)]), period_s, select,
                    buckets(list(self._store.find(metric).values()), self._times.start_for(period_s),
                            self._times.end_s, period_s))
            for metric, latest_s in self._store.metrics()
            if wanted(metric) and latest_s >= self._times.end_s - self._limits.search_s
        )[: self._limits.search_series]  # fmt: skip

    def _finest(self) -> int:
        return min((stat["Period"] for stat in self._stats().values()), default=MINUTE_S)

    def _scope(self, period_s: int | None) -> Scope:
        finest = period_s or self._finest()
        return Scope(
            self._times.start_for(finest), self._times.end_s, self._lookup, self._metrics,
            lambda text, statistic, given_s: self._search(text, statistic, given_s or period_s), FUNCTIONS,
        )  # fmt: skip

    def _lookup(self, query_id: str) -> Value | None:
        return self.value(query_id) if query_id in self._queries else None

    def _stats(self) -> dict[str, dict[str, Any]]:
        return {key: query["MetricStat"] for key, query in self._queries.items() if query.get("MetricStat") is not None}

    def _metrics(self) -> Mapping[str, TimeSeries]:
        found: dict[str, TimeSeries] = {}
        for query_id in self._stats():
            value = self.value(query_id)
            assert isinstance(value, TimeSeries)
            found[query_id] = value
        return found


def _returned(query: dict[str, Any], computation: _Computation, descending: bool) -> list[_Result]:
    """The time series that a query returns: several for an expression that is an array."""
    query_id = query["Id"]
    value = computation.value(query_id)
    if isinstance(value, TimeSeries):
        label = query.get("Label") or (query_id if query.get("Expression") else value.label)
        members: tuple[tuple[str, TimeSeries], ...] = ((label, value),)
    elif isinstance(value, tuple):
        members = tuple((" ".join(filter(None, (query.get("Label"), each.label))), each) for each in value)
    else:
        raise expression_error(
            query_id,
            "The result must be a time series, found a single value; combine it with a time series or set ReturnData "
            "to false.",
        )
    return [_Result(query_id, label, sorted(series.points.items(), reverse=descending)) for label, series in members]


def _page(results: list[_Result], position: tuple[int, ...], most: int) -> dict[str, Any]:
    """As many data points as a page may hold, from (result, point) on."""
    first, skip = position
    answer: dict[str, Any] = {"MetricDataResults": [], "Messages": []}
    for index, result in enumerate(results[first:], start=first):
        rest = result.points[skip:]
        taken, left = rest[:most], rest[most:]
        if rest and not taken:
            answer["NextToken"] = page_token(index, skip)
            break
        answer["MetricDataResults"].append(
            {
                "Id": result.id,
                "Label": result.label,
                "Timestamps": [to_datetime(at) for at, _ in taken],
                "Values": [value for _, value in taken],
                "StatusCode": "PartialData" if left else "Complete",
            }
        )
        most -= len(taken)
        if left:
            answer["NextToken"] = page_token(index, skip + len(taken))
            break
        skip = 0
    return answer
