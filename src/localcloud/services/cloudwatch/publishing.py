"""PutMetricData: what may be published, and how it reaches the store."""

from __future__ import annotations

import math
from typing import Any

from localcloud.api import ApiError
from localcloud.facts import Facts
from localcloud.services.cloudwatch.custom import CustomMetrics
from localcloud.services.cloudwatch.parameters import dimensions_of, unix_s
from localcloud.services.cloudwatch.store import MINUTE_S, Metric, Series, StatisticSet, Store

_RESERVED = "AWS/"
_SIZES = ("Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes", "Bits", "Kilobits", "Megabits", "Gigabits",
          "Terabits")  # fmt: skip
_RATES = tuple(f"{size}/Second" for size in _SIZES)
_UNITS = ("Seconds", "Microseconds", "Milliseconds", *_SIZES, "Percent", "Count", *_RATES, "Count/Second", "None")
_RESOLUTIONS_S = (1, MINUTE_S)
_SET_MEMBERS = ("SampleCount", "Sum", "Minimum", "Maximum")


def _refuse(message: str, code: str = "InvalidParameterValue") -> ApiError:
    return ApiError(code, message)


class Publishing:
    """Checks a whole request before it stores any of it, as AWS does."""

    def __init__(self, store: Store, facts: Facts, custom: CustomMetrics) -> None:
        self._store = store
        self._custom = custom
        limits = facts.value("quota.cloudwatch.put_metric_data")
        self._most_metrics: int = limits["metrics"]
        self._most_values: int = limits["values"]
        self._most_dimensions: int = limits["dimensions"]
        self._past_s = limits["past_days"] * 86_400
        self._future_s = limits["future_hours"] * 3_600
        self._largest = 2.0 ** limits["exponent"]

    def put(self, params: dict[str, Any], now_s: float) -> None:
        """Publish a PutMetricData request. Raises ApiError."""
        namespace = params["Namespace"]
        if namespace.startswith(_RESERVED):
            raise _refuse(f"The value {namespace} for parameter Namespace is invalid.")
        data = list(params.get("MetricData") or ())
        for entity in params.get("EntityMetricData") or ():
            data.extend(entity.get("MetricData") or ())
        if not data:
            raise _refuse("The parameter MetricData is required.", "MissingParameter")
        if len(data) > self._most_metrics:
            raise _refuse(f"The collection MetricData must not have a size greater than {self._most_metrics}.")
        for number, datum in enumerate(data, start=1):
            self._check(f"MetricData.member.{number}", datum, now_s)
        for datum in data:
            self._write(namespace, datum, now_s)

    # -- checks ------------------------------------------------------------------------------

    def _check(self, where: str, datum: dict[str, Any], now_s: float) -> None:
        given = [name for name in ("Value", "Values", "StatisticValues") if datum.get(name) is not None]
        if not given:
            raise _refuse(
                f"At least one of the parameters {where}.Value, {where}.Values and "
                f"{where}.StatisticValues must be specified.",
                "InvalidParameterCombination",
            )
        if len(given) > 1:
            raise _refuse(
                f"The parameters {where}.{given[0]} and {where}.{given[1]} are mutually exclusive and you have "
                "specified both.",
                "InvalidParameterCombination",
            )
        dimensions = datum.get("Dimensions") or ()
        if len(dimensions) > self._most_dimensions:
            raise _refuse(
                f"The collection {where}.Dimensions must not have a size greater than {self._most_dimensions}."
            )
        if datum.get("Unit", "None") not in _UNITS:
            raise _refuse(f"The parameter {where}.Unit must be a value in the set [ {', '.join(_UNITS)} ].")
        if datum.get("StorageResolution", MINUTE_S) not in _RESOLUTIONS_S:
            raise _refuse(f"The parameter {where}.StorageResolution must be 1 or {MINUTE_S}.")
        self._check_time(where, datum, now_s)
        if given == ["Value"]:
            self._check_number(f"{where}.Value", datum["Value"])
        elif given == ["Values"]:
            self._check_values(where, datum["Values"], datum.get("Counts"))
        else:
            self._check_set(f"{where}.StatisticValues", datum["StatisticValues"])

    def _check_time(self, where: str, datum: dict[str, Any], now_s: float) -> None:
        if datum.get("Timestamp") is None:
            return
        at_s = unix_s(datum["Timestamp"])
        if at_s < now_s - self._past_s:
            raise _refuse(f"The parameter {where}.Timestamp must specify a time within the past two weeks.")
        if at_s > now_s + self._future_s:
            raise _refuse(f"The parameter {where}.Timestamp must specify a time no more than two hours in the future.")

    def _check_number(self, where: str, value: float) -> None:
        if math.isnan(value):
            raise _refuse(f"The value NaN for parameter {where} is invalid.")
        if abs(value) > self._largest:
            raise _refuse(f"The value {value} for parameter {where} is invalid.")

    def _check_values(self, where: str, values: list[float], counts: list[float] | None) -> None:
        if not values:
            raise _refuse(f"The parameter {where}.Values must not be empty.")
        if len(values) > self._most_values:
            raise _refuse(f"The collection {where}.Values must not have a size greater than {self._most_values}.")
        if counts is not None and len(counts) != len(values):
            raise _refuse(f"The parameters {where}.Values and {where}.Counts must be of the same size.")
        for value in values:
            self._check_number(f"{where}.Values", value)
        for count in counts or ():
            if not 0 < count < math.inf:
                raise _refuse(f"The value {count} for parameter {where}.Counts is invalid.")

    def _check_set(self, where: str, given: dict[str, float]) -> None:
        for member in _SET_MEMBERS:
            self._check_number(f"{where}.{member}", given[member])
        if given["SampleCount"] <= 0:
            raise _refuse(f"The value {given['SampleCount']} for parameter {where}.SampleCount is invalid.")
        if given["Minimum"] > given["Maximum"]:
            raise _refuse(f"The parameter {where}.Maximum must be greater than {where}.Minimum.")

    # -- writing -----------------------------------------------------------------------------

    def _write(self, namespace: str, datum: dict[str, Any], now_s: float) -> None:
        metric = Metric.of(namespace, datum["MetricName"], dimensions_of(datum.get("Dimensions")))
        series = self._store.series(metric, datum.get("Unit") or "None")
        at_s = int(now_s if datum.get("Timestamp") is None else unix_s(datum["Timestamp"]))
        at_s -= at_s % datum.get("StorageResolution", MINUTE_S)
        self._custom.published(metric, at_s)
        if datum.get("StatisticValues") is not None:
            self._write_set(series, at_s, datum["StatisticValues"])
        elif datum.get("Values") is not None:
            values = datum["Values"]
            for value, count in zip(values, datum.get("Counts") or [1.0] * len(values), strict=True):
                series.add(at_s, value, count)
        else:
            series.add(at_s, datum["Value"])

    def _write_set(self, series: Series, at_s: int, given: dict[str, float]) -> None:
        series.add_set(StatisticSet(at_s, given["SampleCount"], given["Sum"], given["Minimum"], given["Maximum"]))
