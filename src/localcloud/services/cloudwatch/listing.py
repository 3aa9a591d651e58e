"""ListMetrics."""

from __future__ import annotations

from typing import Any

from localcloud.facts import Facts
from localcloud.services.cloudwatch.parameters import page_position, page_token
from localcloud.services.cloudwatch.store import Metric, Store


class Listing:
    """Answers ListMetrics: metrics in the order in which they first had a value."""

    def __init__(self, store: Store, facts: Facts) -> None:
        self._store = store
        limits = facts.value("quota.cloudwatch.list_metrics")
        self._page: int = limits["page"]
        self._recent_s = limits["recent_hours"] * 3_600
        self._listed_s = limits["listed_days"] * 86_400

    def read(self, params: dict[str, Any], now_s: float) -> dict[str, Any]:
        """The answer to a request. Raises ApiError InvalidParameterValue for a foreign NextToken."""
        (first,) = page_position(params.get("NextToken"), 1, "InvalidParameterValue")
        oldest_s = now_s - (self._recent_s if params.get("RecentlyActive") else self._listed_s)
        found = [
            metric for metric, latest_s in self._store.metrics() if latest_s >= oldest_s and _matches(metric, params)
        ]
        answer: dict[str, Any] = {"Metrics": [_describe(metric) for metric in found[first : first + self._page]]}
        if len(found) > first + self._page:
            answer["NextToken"] = page_token(first + self._page)
        return answer


def _matches(metric: Metric, params: dict[str, Any]) -> bool:
    if params.get("Namespace") not in (None, metric.namespace) or params.get("MetricName") not in (None, metric.name):
        return False
    has = dict(metric.dimensions)
    return all(
        each["Name"] in has and each.get("Value") in (None, has[each["Name"]])
        for each in params.get("Dimensions") or ()
    )


def _describe(metric: Metric) -> dict[str, Any]:
    return {
        "Namespace": metric.namespace,
        "MetricName": metric.name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in metric.dimensions],
    }
