"""The data plane of HTTP APIs: stages, routes, throttling, CORS."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from localcloud.ids import uuid4_text
from localcloud.metering import chunks
from localcloud.net import HttpRequest, HttpResponse
from localcloud.services.access_logs import write_access_log
from localcloud.services.http_api.control import ControlPlane, lowered_names, route_settings
from localcloud.services.http_api.cors import cors_headers, simple_cors_headers
from localcloud.services.http_api.deployments import Deployments
from localcloud.services.http_api.integrations import Integrations
from localcloud.services.http_api.metrics import Metrics
from localcloud.services.http_api.payload import common_log_time
from localcloud.services.http_api.proxy import refusal, traced
from localcloud.services.http_api.routing import Match, find_route
from localcloud.services.http_api.throttling import Buckets

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_MB = 1024 * 1024
_CHUNK_KB = 512
_NOT_FOUND = refusal(404, "Not Found")
_THROTTLED = refusal(429, "Too Many Requests")
_TOO_LARGE = refusal(413, "Request Entity Too Large")

Finished = Callable[[str, str, int, int], None]  # API id, stage, status, duration in us


class HttpApi:
    """APIs, stages, routes and integrations are moto's; requests are ours. `on_finished` hears of each one."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._suffix = f".execute-api.{cloud.region}.amazonaws.com"
        self.buckets = Buckets(cloud.kernel)
        account = cloud.facts.value("quota.apigw.throttle")
        self._rate, self._burst = float(account["rps"]), float(account["burst"])
        self._body_limit = int(cloud.facts.value("quota.apigw.payload")) * _MB
        self._ids = cloud.kernel.streams["http-api/ids"]
        self._deployments = Deployments(cloud)
        self._control = ControlPlane(cloud, self._deployments)
        self._integrations = Integrations(cloud)
        self._metrics = Metrics(cloud)
        self.on_finished: list[Finished] = []

    def install(self) -> None:
        """Serve every API's host, as moto knows them at the moment of the request."""
        self._cloud.http.serve_suffix(self._suffix, self.serve)
        self._control.install()
        self._deployments.install()

    # -- one request -----------------------------------------------------------------------------

    def serve(self, request: HttpRequest) -> HttpResponse:
        """Answer a request to the host of an API."""
        api = self._control.find(request.host.removesuffix(self._suffix))
        if api is None or api.disable_execute_api_endpoint:
            return refusal(404, "Not Found") if api is None else refusal(403, "Forbidden")
        started_us = self._cloud.kernel.now_us
        stage, path = _stage(api, request.path)
        name = f"{request.method} {path}"
        with self._cloud.tracer.span(name, "apigateway", api.api_id) as span:
            request = traced(self._cloud, request, span)
            self._cloud.kernel.sleep(self._cloud.latency.fact_us("model.api.apigw.http_overhead"))
            log: dict[str, Any] = {}
            answer = self._answer(api, stage, path, request, log)
            span.set(status=answer.status)
            if answer.status >= 400:
                span.status = "throttled" if answer.status == 429 else "error"
        if stage is not None:
            self._metrics.record(api.api_id, stage, log, request, answer, self._cloud.kernel.now_us - started_us)
        if stage is not None and stage.access_log_settings:
            self._log(api, stage, path, request, answer, log, started_us)
        self._finish(api.api_id, stage.name if stage is not None else "", answer, request, started_us)
        return answer

    def _log(
        self,
        api: Any,
        stage: Any,
        path: str,
        request: HttpRequest,
        answer: HttpResponse,
        log: dict[str, Any],
        started_us: int,
    ) -> None:
        at = self._cloud.now
        variables = {
            "accountId": self._cloud.account_id,
            "apiId": api.api_id,
            "domainName": request.host,
            "httpMethod": request.method,
            "identity": {"sourceIp": "192.0.2.1", "userAgent": request.headers.get("user-agent")},
            "path": path if stage.name == "$default" else f"/{stage.name}{path}",
            "protocol": "HTTP/1.1",
            "requestTime": common_log_time(at),
            "requestTimeEpoch": str(int(at.timestamp() * 1_000)),
            "responseLatency": str((self._cloud.kernel.now_us - started_us) // 1_000),
            "responseLength": str(len(answer.body)),
            "stage": stage.name,
            "status": str(answer.status),
            **log,
        }
        settings = lowered_names(stage.access_log_settings)
        write_access_log(self._cloud, settings, variables, f"{api.api_id}/{stage.name}")

    def _finish(self, api_id: str, stage: str, answer: HttpResponse, request: HttpRequest, started_us: int) -> None:
        if answer.status != 429:  # throttled requests are not billed
            size = max(len(request.body), len(answer.body))
            self._cloud.meter.add("apigw.http.requests", chunks(size, _CHUNK_KB), api_id)
        for listener in self.on_finished:
            listener(api_id, stage, answer.status, self._cloud.kernel.now_us - started_us)

    def _answer(self, api: Any, stage: Any, path: str, request: HttpRequest, log: dict[str, Any]) -> HttpResponse:
        api = self._deployments.live(api, stage) if stage is not None else None
        if api is None:
            return _NOT_FOUND
        cors = lowered_names(api.cors_configuration) if api.cors_configuration else {}
        if cors and request.method == "OPTIONS" and "origin" in request.headers:
            return HttpResponse(204, cors_headers(cors, request.headers["origin"]))
        if len(request.body) > self._body_limit:
            return _TOO_LARGE
        found = find_route(api.routes.values(), request.method, path)
        if found is None:
            return _NOT_FOUND
        match = Match(found.route, found.parameters, self._request_id())
        log |= {"requestId": match.request_id, "routeKey": match.route.route_key}
        if not self._admits(api.api_id, stage, match.route.route_key):
            return _THROTTLED
        answer = self._integrations.run(api, stage, match, path, request, log)
        if cors and "origin" in request.headers:
            headers = {**answer.headers, **simple_cors_headers(cors, request.headers["origin"])}
            answer = HttpResponse(answer.status, headers, answer.body)
        return answer

    def _admits(self, api_id: str, stage: Any, route_key: str) -> bool:
        """The route's limits, or the stage's, and then the account's."""
        settings = route_settings(stage, route_key)
        rate, burst = settings.get("throttlingRateLimit"), settings.get("throttlingBurstLimit")
        if rate is not None or burst is not None:
            rate = self._rate if rate is None else float(rate)
            burst = self._burst if burst is None else float(burst)
            if not self.buckets.take((api_id, stage.name, route_key), rate, burst):
                return False
        return self.take_of_account()

    def take_of_account(self) -> bool:
        """Whether the account's own limit, which all its APIs share, lets a request in."""
        return self.buckets.take((), self._rate, self._burst)

    def _request_id(self) -> str:
        return uuid4_text(self._ids)


def _stage(api: Any, path: str) -> tuple[Any, str]:
    """The stage of a request, by the first segment of its path, and the path without it."""
    first, _, rest = path.lstrip("/").partition("/")
    if first in api.stages:
        return api.stages[first], f"/{rest}"
    return api.stages.get("$default"), path
