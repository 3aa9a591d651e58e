"""The CloudWatch service: what services and callers publish, and the operations that read it.

Dashboards are moto's, and metered here; everything else about CloudWatch stays with moto.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from moto.cloudwatch.models import CloudWatchBackend

from localcloud.api import ApiCall
from localcloud.services.cloudwatch.alarms import Alarms
from localcloud.services.cloudwatch.custom import CustomMetrics
from localcloud.services.cloudwatch.dashboards import Dashboards
from localcloud.services.cloudwatch.get_metric_data import MetricDataReader
from localcloud.services.cloudwatch.get_metric_statistics import MetricStatisticsReader
from localcloud.services.cloudwatch.listing import Listing
from localcloud.services.cloudwatch.parameters import dimensions_of
from localcloud.services.cloudwatch.publishing import Publishing
from localcloud.services.cloudwatch.queries import is_insights
from localcloud.services.cloudwatch.store import Metric, Series, Store, minute_s

if TYPE_CHECKING:
    from localcloud.cloud import Cloud
    from localcloud.services.logs.emf import Datum


class CloudWatch:
    """The metrics of one cloud, in virtual time."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._store = Store()
        self.before_reading: list[Callable[[], None]] = []  # services that sample bring their metrics up to now
        self._custom = CustomMetrics(cloud.meter)
        self._publishing = Publishing(self._store, cloud.facts, self._custom)
        self._metric_data = MetricDataReader(self._store, cloud.facts)
        self._metric_statistics = MetricStatisticsReader(self._store, cloud.facts)
        self._listing = Listing(self._store, cloud.facts)
        self.alarms = Alarms(cloud)
        self._dashboards = Dashboards(cloud)

    def install(self) -> None:
        """Answer the metric operations, and keep what moto's own services publish."""
        register = self._cloud.api.register
        register("cloudwatch", "PutMetricData", self._put_api)
        register("cloudwatch", "GetMetricData", self._reading(self._metric_data.read))
        register("cloudwatch", "GetMetricStatistics", self._reading(self._metric_statistics.read))
        register("cloudwatch", "ListMetrics", self._reading(self._listing.read))
        self.alarms.install()
        self._dashboards.install()
        self._cloud.patches.set(CloudWatchBackend, "put_metric_data", self._put_by_moto())

    def _reading(self, read: Callable[[dict[str, Any], float], dict[str, Any]]) -> Callable[[ApiCall], dict[str, Any]]:
        def answer(call: ApiCall) -> dict[str, Any]:
            for settle in self.before_reading:
                settle()
            return read(call.params, self._now_s)

        return answer

    def metric_data(self, params: dict[str, Any]) -> dict[str, Any]:
        """GetMetricData as alarms ask for it: not billed, without latency. Raises ApiError."""
        for settle in self.before_reading:
            settle()
        return self._metric_data.read(params, self._now_s)

    def check_watched(self, queries: list[dict[str, Any]]) -> None:
        """Whether an alarm can watch what these queries return. Raises ApiError."""
        (watched,) = (query for query in queries if query.get("ReturnData", True))
        if not is_insights(watched.get("Expression", "")):  # a query's time series are known when there is data
            self._metric_data.check_single(queries, watched["Id"], self._now_s)

    @property
    def _now_s(self) -> float:
        return self._cloud.kernel.unix_us / 1e6

    def record(
        self,
        namespace: str,
        name: str,
        value: float,
        dimensions: Mapping[str, str],
        unit: str = "None",
        unix_us: int | None = None,
    ) -> None:
        """Publish one value of a metric at standard resolution; at the virtual present unless `unix_us` is given.

        A metric is its namespace, its name and exactly these dimensions: a service that publishes under several
        sets of dimensions records once for each.
        """
        self.add(self.series(namespace, name, dimensions, unit), value, unix_us)

    def series(self, namespace: str, name: str, dimensions: Mapping[str, str], unit: str = "None") -> Series:
        """The series that `add` writes to, for those who publish to the same metrics again and again."""
        return self._store.series(Metric.of(namespace, name, dimensions), unit)

    def add(self, series: Series, value: float, unix_us: int | None = None) -> None:
        """Publish one value, as `record` does, to a series that was looked up before."""
        series.add(minute_s(self._cloud.kernel.unix_us if unix_us is None else unix_us), value)

    def publish(self, datum: Datum) -> None:
        """Publish a metric that stood in a log line. There is no request to pay for."""
        metric = Metric.of(datum.namespace, datum.name, datum.dimensions)
        series, at_s = self._store.series(metric, datum.unit), datum.unix_ms // 1_000
        at_s -= at_s % datum.resolution_s
        self._custom.published(metric, at_s)
        for value in datum.values:
            series.add(at_s, value)

    # -- API operations ----------------------------------------------------------------------

    def _put_api(self, call: ApiCall) -> dict[str, Any]:
        self._publishing.put(call.params, self._now_s)
        self._cloud.meter.add("cloudwatch.put_requests", 1)
        return {}

    def _put_by_moto(self) -> Any:
        """moto's Kinesis publishes its metrics straight into moto's backend; they belong with all others."""
        record = self.record

        def put_metric_data(backend: CloudWatchBackend, namespace: str, metric_data: list[dict[str, Any]]) -> None:
            for datum in metric_data:
                dimensions = dimensions_of(datum.get("Dimensions"))
                record(namespace, datum["MetricName"], float(datum["Value"]), dimensions, datum.get("Unit") or "None")

        return put_metric_data
