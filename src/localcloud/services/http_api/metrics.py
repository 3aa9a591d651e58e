"""The metrics of HTTP APIs: AWS/ApiGateway, by API, by stage and, where the stage asks for it, by route."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.net import HttpRequest, HttpResponse
from localcloud.services.cloudwatch.store import Series, minute_s
from localcloud.services.http_api.control import route_settings

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_NAMESPACE = "AWS/ApiGateway"
_Sextet = tuple[Series, Series, Series, Series, Series, Series]


class Metrics:
    """Records each request that a stage answers."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._series: dict[tuple[str, ...], _Sextet] = {}

    def record(
        self, api_id: str, stage: Any, log: dict[str, Any], request: HttpRequest, answer: HttpResponse, latency_us: int
    ) -> None:
        """Count, Latency and IntegrationLatency in milliseconds, DataProcessed in bytes, 4xx and 5xx as 0 or 1.

        `log` is what the access log knows: `routeKey` when a route matched, `integrationLatency` when it was called.
        """
        places: list[tuple[str, ...]] = [(api_id,), (api_id, stage.name)]
        route_key = log.get("routeKey", "")
        if route_key and route_settings(stage, route_key).get("detailedMetricsEnabled"):
            method, _, resource = route_key.rpartition(" ")
            places.append((api_id, stage.name, method, resource))
        at_s, status = minute_s(self._cloud.kernel.unix_us), answer.status
        size = float(len(request.body) + len(answer.body))
        for place in places:
            count, latency, integration, data, client_errors, server_errors = self._of(place)
            count.add(at_s, 1.0)
            latency.add(at_s, latency_us / 1_000)
            if "integrationLatency" in log:
                integration.add(at_s, float(log["integrationLatency"]))
            data.add(at_s, size)
            client_errors.add(at_s, 1.0 if 400 <= status < 500 else 0.0)
            server_errors.add(at_s, 1.0 if status >= 500 else 0.0)

    def _of(self, place: tuple[str, ...]) -> _Sextet:
        found = self._series.get(place)
        if found is None:
            dimensions = dict(zip(("ApiId", "Stage", "Method", "Resource"), place, strict=False))
            make = self._cloud.cloudwatch.series
            found = self._series[place] = (
                make(_NAMESPACE, "Count", dimensions, "Count"),
                make(_NAMESPACE, "Latency", dimensions, "Milliseconds"),
                make(_NAMESPACE, "IntegrationLatency", dimensions, "Milliseconds"),
                make(_NAMESPACE, "DataProcessed", dimensions, "Bytes"),
                make(_NAMESPACE, "4xx", dimensions, "Count"),
                make(_NAMESPACE, "5xx", dimensions, "Count"),
            )
        return found
