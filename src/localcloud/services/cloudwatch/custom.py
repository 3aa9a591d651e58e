"""What custom metrics cost: each metric, by the hours in which it gets data."""

from __future__ import annotations

from localcloud.metering import Meter
from localcloud.services.cloudwatch.store import Metric
from localcloud.standing import HOURS_A_MONTH

_HOUR_S = 3_600


class CustomMetrics:
    """Counts metric-months. A metric is its name with one combination of dimension values: each new one costs."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._latest_hour: dict[Metric, int] = {}

    def published(self, metric: Metric, unix_s: int) -> None:
        """A value was published. AWS's own namespaces are free."""
        if metric.namespace.startswith("AWS/"):
            return
        hour = unix_s // _HOUR_S
        if self._latest_hour.get(metric) == hour:
            return
        self._latest_hour[metric] = hour
        self._meter.add("cloudwatch.custom_metric_months", 1 / HOURS_A_MONTH, metric.namespace)
