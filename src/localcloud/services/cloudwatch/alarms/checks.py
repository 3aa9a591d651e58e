"""What PutMetricAlarm asks for, checked as CloudWatch checks it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.api import ApiError
from localcloud.services.cloudwatch.alarms.evaluation import COMPARISONS, TREATMENTS
from localcloud.services.cloudwatch.queries import ID, check_queries
from localcloud.services.cloudwatch.selectors import selector

_STANDARD_S = 60
_OF_ONE_METRIC = ("MetricName", "Namespace", "Dimensions", "Period", "Unit", "Statistic", "ExtendedStatistic")


def refused(message: str) -> ApiError:
    """CloudWatch's answer to what is not valid."""
    return ApiError("ValidationError", message, 400)


def check_metric_alarm(settings: Mapping[str, Any], bounds: Mapping[str, int]) -> None:
    """Raises ApiError. `bounds` says how far back alarms with short and long periods may look."""
    if settings["ComparisonOperator"] not in COMPARISONS:
        raise refused(f"The local cloud has no anomaly detection: {settings['ComparisonOperator']}.")
    if "Threshold" not in settings:
        raise refused("Parameter Threshold must be specified.")
    needed = settings.get("DatapointsToAlarm", settings["EvaluationPeriods"])
    if not 1 <= needed <= settings["EvaluationPeriods"]:
        raise refused("Parameter DatapointsToAlarm must be between 1 and EvaluationPeriods.")
    if settings.get("TreatMissingData", "missing") not in TREATMENTS:
        raise refused(
            f"Option {settings['TreatMissingData']} is not supported. Supported options for parameter "
            "TreatMissingData are [breaching, notBreaching, ignore, missing]."
        )
    if settings.get("Metrics"):
        _check_list(settings)
        return
    for name in ("MetricName", "Namespace", "Period"):
        if not settings.get(name):
            raise refused(f"Parameter {name} must be specified.")
    if bool(settings.get("Statistic")) == bool(settings.get("ExtendedStatistic")):
        raise refused("Exactly one of Statistic or ExtendedStatistic must be specified.")
    if selector(settings.get("Statistic") or settings["ExtendedStatistic"]) is None:
        raise refused(f"The value {settings['ExtendedStatistic']} for parameter ExtendedStatistic is not supported.")
    period_s = settings["Period"]
    if period_s not in (10, 20, 30) and (period_s <= 0 or period_s % _STANDARD_S):
        raise refused("Metric period must be 10, 20, 30 or a multiple of 60.")
    _check_range(period_s, settings["EvaluationPeriods"], bounds)


def _check_list(settings: Mapping[str, Any]) -> None:
    """An alarm on metric math, or on a query."""
    for name in _OF_ONE_METRIC:
        if settings.get(name):
            raise refused(f"{name} should not be set if list of Metrics is set.")
    found = settings["Metrics"]
    if any("SEARCH(" in query.get("Expression", "").replace(" ", "").upper() for query in found):
        raise refused("SEARCH is not supported on Metric Alarms.")
    if not all(ID.fullmatch(query["Id"]) for query in found):
        raise refused("Invalid metrics list")
    check_queries(found, "Metrics")
    if sum(bool(query.get("ReturnData", True)) for query in found) != 1:
        raise refused("Exactly one element of the metrics list should return data.")


def _check_range(period_s: int, periods: int, bounds: Mapping[str, int]) -> None:
    long = period_s >= bounds["long_from_s"]
    most_s = bounds["long_period_s" if long else "short_period_s"]
    if period_s * periods > most_s:
        raise refused(
            f"Metrics cannot be checked across more than a {'week' if long else 'day'} (EvaluationPeriods * Period "
            f"must be <= {most_s})."
        )
