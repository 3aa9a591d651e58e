"""GetMetricStatistics."""

from __future__ import annotations

from typing import Any

from localcloud.api import ApiError
from localcloud.facts import Facts
from localcloud.services.cloudwatch.parameters import TimeRange, dimensions_of, to_datetime, valid_period
from localcloud.services.cloudwatch.selectors import BASIC, Selector, selector
from localcloud.services.cloudwatch.store import Metric, Series, Store, buckets

_INVALID = "InvalidParameterValue"
_COMBINATION = "InvalidParameterCombination"


class MetricStatisticsReader:
    """Answers GetMetricStatistics: data points in the order of time, those of each unit for themselves."""

    def __init__(self, store: Store, facts: Facts) -> None:
        self._store = store
        self._facts = facts
        self._limit: int = facts.value("quota.cloudwatch.get_metric_statistics")

    def read(self, params: dict[str, Any], now_s: float) -> dict[str, Any]:
        """The answer to a request. Raises ApiError."""
        period_s: int = params["Period"]
        if not valid_period(period_s):
            raise ApiError(
                _INVALID, "The parameter Period must be 1, 5, 10, 30 or a value greater than or equal to 60 that is "
                "a multiple of 60."
            )  # fmt: skip
        times = TimeRange(params["StartTime"], params["EndTime"], now_s, self._facts, _INVALID)
        if period_s % times.grain_s():
            raise ApiError(
                _INVALID, f"The parameter Period must be a multiple of {times.grain_s()} for data as old as StartTime."
            )
        basic, extended = self._selectors(params)
        points = times.points(period_s)
        if points > self._limit:
            raise ApiError(
                _COMBINATION,
                f"You have requested up to {points} datapoints, which exceeds the limit of {self._limit}. You may "
                "reduce the datapoints requested by increasing Period, or decreasing the time range.",
            )
        metric = Metric.of(params["Namespace"], params["MetricName"], dimensions_of(params.get("Dimensions")))
        found: list[dict[str, Any]] = []
        for unit, series in self._store.find(metric, params.get("Unit")).items():
            found += self._datapoints(unit, series, times, period_s, basic, extended)
        found.sort(key=lambda point: point["Timestamp"])
        return {"Label": params["MetricName"], "Datapoints": found}

    def _selectors(self, params: dict[str, Any]) -> tuple[dict[str, Selector], dict[str, Selector]]:
        names, extended_names = params.get("Statistics") or (), params.get("ExtendedStatistics") or ()
        if bool(names) == bool(extended_names):
            raise ApiError(
                _COMBINATION, "You must specify either Statistics or ExtendedStatistics, but not both, in a request."
            )
        for name in names:
            if name not in BASIC:
                raise ApiError(_INVALID, f"The value {name} for parameter Statistics is invalid.")
        extended: dict[str, Selector] = {}
        for name in extended_names:
            found = selector(name)
            if found is None or name in BASIC:
                raise ApiError(_INVALID, f"The value {name} for parameter ExtendedStatistics is not supported.")
            extended[name] = found
        return {name: BASIC[name] for name in names}, extended

    def _datapoints(
        self,
        unit: str,
        series: Series,
        times: TimeRange,
        period_s: int,
        basic: dict[str, Selector],
        extended: dict[str, Selector],
    ) -> list[dict[str, Any]]:
        points: list[dict[str, Any]] = []
        for at, bucket in buckets([series], times.start_for(period_s), times.end_s, period_s).items():
            point: dict[str, Any] = {name: select(bucket) for name, select in basic.items()}
            values = {name: select(bucket) for name, select in extended.items()}
            known = {name: value for name, value in values.items() if value is not None}
            if known:
                point["ExtendedStatistics"] = known
            if point:
                points.append({"Timestamp": to_datetime(at), **point, "Unit": unit})
        return points
