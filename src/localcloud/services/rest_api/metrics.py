"""The metrics of REST APIs: AWS/ApiGateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.services.rest_api.exchange import Exchange
from localcloud.services.rest_api.limits import method_settings

if TYPE_CHECKING:
    from localcloud.cloud import Cloud
    from localcloud.services.cloudwatch.store import Series

_NAMESPACE = "AWS/ApiGateway"


class Metrics:
    """Records each request by API, by stage and, where the stage asks for it, by method."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._series: dict[tuple[str, ...], Series] = {}

    def record(self, exchange: Exchange, status: int, latency_us: int) -> None:
        """Count, Latency and IntegrationLatency in milliseconds, and 4XXError and 5XXError as 0 or 1."""
        api = {"ApiName": exchange.definition.name}
        stage = {**api, "Stage": exchange.stage.name}
        places = [api, stage]
        if method_settings(exchange).get("metricsEnabled"):
            places.append({**stage, "Resource": exchange.resource.path, "Method": exchange.method.verb})
        values: list[tuple[str, float, str]] = [
            ("Count", 1.0, "Count"),
            ("Latency", latency_us / 1_000, "Milliseconds"),
            ("4XXError", float(400 <= status < 500), "Count"),
            ("5XXError", float(status >= 500), "Count"),
        ]
        if exchange.integration_us is not None:
            values.append(("IntegrationLatency", exchange.integration_us / 1_000, "Milliseconds"))
        for dimensions in places:
            for name, value, unit in values:
                self._add(name, value, dimensions, unit)

    def _add(self, name: str, value: float, dimensions: dict[str, str], unit: str) -> None:
        key = (name, *dimensions.values())
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = self._cloud.cloudwatch.series(_NAMESPACE, name, dimensions, unit)
        self._cloud.cloudwatch.add(series, value)
