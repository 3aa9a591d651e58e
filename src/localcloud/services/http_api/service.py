"""The data plane of HTTP APIs: stages, routes, integrations, throttling, CORS."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from moto.apigatewayv2.models import apigatewayv2_backends

from localcloud.api import ApiCall, ApiError
from localcloud.ids import uuid4_text
from localcloud.metering import chunks
from localcloud.net import HttpRequest, HttpResponse
from localcloud.services.access_logs import write_access_log
from localcloud.services.http_api.authorizers import LambdaAuthorizers, Refused, described
from localcloud.services.http_api.cors import cors_headers
from localcloud.services.http_api.first_class import OPERATIONS, FirstClassIntegrations, Sources
from localcloud.services.http_api.jwt_authorizers import JwtAuthorizers
from localcloud.services.http_api.payload import Context, common_log_time, event_v1, event_v2
from localcloud.services.http_api.proxy import UNAVAILABLE, invoke, refusal, traced
from localcloud.services.http_api.routing import Match, find_route
from localcloud.services.http_api.throttling import Buckets
from localcloud.services.permissions import function_of, gateway_may_invoke

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_MB = 1024 * 1024
_CHUNK_KB = 512
_NOT_FOUND = refusal(404, "Not Found")
_THROTTLED = refusal(429, "Too Many Requests")
_TOO_LARGE = refusal(413, "Request Entity Too Large")
_FORBIDDEN = refusal(403, "Forbidden")
_FAILED = refusal(500, "Internal Server Error")

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
        self._timeout_ms = int(cloud.facts.value("quota.apigw.http.timeout"))
        self._ids = cloud.kernel.streams["http-api/ids"]
        self._authorizers = LambdaAuthorizers(cloud)
        self._jwt_authorizers = JwtAuthorizers(cloud)
        self._services = FirstClassIntegrations(cloud)
        self.on_finished: list[Finished] = []

    def install(self) -> None:
        """Serve every API's host, as moto knows them at the moment of the request."""
        self._cloud.http.serve_suffix(self._suffix, self.serve)
        self._cloud.api.register("apigatewayv2", "UpdateStage", self._update_stage)
        self._cloud.api.register("apigatewayv2", "CreateIntegration", self._create_integration)
        self._cloud.api.register("apigatewayv2", "CreateApi", self._create_api)
        self._cloud.api.register("apigatewayv2", "GetAuthorizers", self._get_authorizers)

    def _update_stage(self, call: ApiCall) -> dict[str, Any]:
        """moto cannot change a stage."""
        params = call.params
        api = self._api(params["ApiId"])
        stage = api.stages.get(params["StageName"]) if api is not None else None
        if stage is None:
            raise ApiError("NotFoundException", "Invalid stage identifier specified", 404)
        lowered = {name[:1].lower() + name[1:]: value for name, value in params.items()}
        for name, attribute in _STAGE_SETTINGS.items():
            if name in lowered:
                value = lowered[name]
                setattr(stage, attribute, _lower(value) if attribute.endswith("_settings") else value)
        if "routeSettings" in lowered:
            stage.route_settings = {route: _lower(value) for route, value in lowered["routeSettings"].items()}
        stage.updated = self._cloud.now
        return _described(stage)

    def _create_api(self, call: ApiCall) -> Any:
        """With a target it is made at once: an integration, a route ($default) and a stage that deploys itself.

        moto would keep WebSocket APIs, and nothing would answer behind them: they are refused.
        """
        if call.params["ProtocolType"] == "WEBSOCKET":
            raise ApiError(
                "BadRequestException",
                "The local cloud serves no WebSocket APIs: expected ProtocolType HTTP, found WEBSOCKET; use an "
                "AppSync Events API for messages to subscribers.",
            )
        answer = self._cloud.api.stock(call)
        target = call.params.get("Target")
        if target and call.params["ProtocolType"] == "HTTP":
            client, api = self._cloud.client("apigatewayv2"), answer["ApiId"]
            settings = {"IntegrationType": "AWS_PROXY", "PayloadFormatVersion": "2.0"}
            if not target.startswith("arn:"):
                settings = {"IntegrationType": "HTTP_PROXY", "IntegrationMethod": "ANY", "PayloadFormatVersion": "1.0"}
            made = client.create_integration(ApiId=api, IntegrationUri=target, **settings)
            key = call.params.get("RouteKey") or "$default"
            client.create_route(ApiId=api, RouteKey=key, Target=f"integrations/{made['IntegrationId']}")
            client.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
        return answer

    def _get_authorizers(self, call: ApiCall) -> dict[str, Any]:
        """moto has each one, and no list."""
        api = self._api(call.params["ApiId"])
        if api is None:
            raise ApiError("NotFoundException", "Invalid API identifier specified", 404)
        return {"Items": [described(authorizer) for authorizer in api.authorizers.values()]}

    def _create_integration(self, call: ApiCall) -> dict[str, Any]:
        """moto takes any integration: those of HTTP APIs are functions, HTTP endpoints and a list of operations."""
        api, params = self._api(call.params["ApiId"]), call.params
        subtype = params.get("IntegrationSubtype")
        if api is not None and api.protocol_type == "HTTP":
            if params["IntegrationType"] not in ("AWS_PROXY", "HTTP_PROXY"):
                raise ApiError("BadRequestException", "Invalid integration type specified for HTTP protocol type.")
            if subtype is not None and subtype.split(":")[0] not in OPERATIONS:
                raise ApiError("BadRequestException", f"Invalid integration subtype {subtype} specified.")
            if subtype is not None and not params.get("CredentialsArn"):
                raise ApiError("BadRequestException", "Credentials are required for an integration with a subtype.")
        return self._cloud.api.stock(call)

    def _api(self, api_id: str) -> Any:
        return self._backend.apis.get(api_id)

    @cached_property
    def _backend(self) -> Any:
        return apigatewayv2_backends[self._cloud.account_id][self._cloud.region]

    # -- one request -----------------------------------------------------------------------------

    def serve(self, request: HttpRequest) -> HttpResponse:
        """Answer a request to the host of an API."""
        api = self._api(request.host.removesuffix(self._suffix))
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
        settings = _lower(stage.access_log_settings)
        write_access_log(self._cloud, settings, variables, f"{api.api_id}/{stage.name}")

    def _finish(self, api_id: str, stage: str, answer: HttpResponse, request: HttpRequest, started_us: int) -> None:
        if answer.status != 429:  # throttled requests are not billed
            size = max(len(request.body), len(answer.body))
            self._cloud.meter.add("apigw.http.requests", chunks(size, _CHUNK_KB), api_id)
        for listener in self.on_finished:
            listener(api_id, stage, answer.status, self._cloud.kernel.now_us - started_us)

    def _answer(self, api: Any, stage: Any, path: str, request: HttpRequest, log: dict[str, Any]) -> HttpResponse:
        if stage is None:
            return _NOT_FOUND
        cors = _lower(api.cors_configuration or {})
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
        answer = self._integrate(api, stage, match, path, request)
        if cors and "origin" in request.headers:
            allowed = cors_headers(cors, request.headers["origin"]).get("access-control-allow-origin")
            if allowed:
                headers = {**answer.headers, "access-control-allow-origin": allowed}
                answer = HttpResponse(answer.status, headers, answer.body)
        return answer

    def _admits(self, api_id: str, stage: Any, route_key: str) -> bool:
        """The route's limits, or the stage's, and then the account's."""
        settings = {**_lower(stage.default_route_settings or {}), **_lower(stage.route_settings.get(route_key) or {})}
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

    # -- integrations ------------------------------------------------------------------------------

    def _integrate(self, api: Any, stage: Any, match: Match, path: str, request: HttpRequest) -> HttpResponse:
        identifier = (match.route.target or "").removeprefix("integrations/")
        integration = api.integrations.get(identifier)
        if integration is None:
            return _FAILED
        try:
            authorizer = self._authorized(api, stage, match, path, request)
        except Refused as refused:
            return refused.answer
        timeout_us = min(int(integration.timeout_in_millis or self._timeout_ms), self._timeout_ms) * 1_000
        if integration.integration_type == "AWS_PROXY" and ":lambda:" in (integration.integration_uri or ""):
            return self._to_lambda(api, stage, match, path, request, integration, timeout_us, authorizer)
        if integration.integration_subtype in OPERATIONS:
            return self._to_service(api, stage, match, path, request, integration, timeout_us)
        if integration.integration_type == "HTTP_PROXY":
            return self._to_http(integration, request, match, timeout_us)
        return _FAILED

    def _to_lambda(
        self,
        api: Any,
        stage: Any,
        match: Match,
        path: str,
        request: HttpRequest,
        integration: Any,
        timeout_us: int,
        authorizer: Mapping[str, Any] | None,
    ) -> HttpResponse:
        function = function_of(integration.integration_uri)
        source = f"arn:aws:execute-api:{self._cloud.region}:{self._cloud.account_id}:{api.api_id}/{stage.name}/"
        verb, _, template = match.route.route_key.partition(" ")
        if not gateway_may_invoke(self._cloud, function, source + verb.replace("ANY", request.method) + template):
            return _FAILED
        context = self._context(api, stage, match, path, request, authorizer)
        version = integration.payload_format_version or "1.0"
        event = event_v2(request, context) if version == "2.0" else event_v1(request, context)
        return invoke(self._cloud, function, json.dumps(event).encode(), version, timeout_us)

    def _context(
        self, api: Any, stage: Any, match: Match, path: str, request: HttpRequest, authorizer: Mapping[str, Any] | None
    ) -> Context:
        return Context(
            account_id=self._cloud.account_id,
            api_id=api.api_id,
            domain=request.host,
            stage=stage.name,
            route_key=match.route.route_key,
            request_id=match.request_id,
            at=self._cloud.now,
            path=path if stage.name == "$default" else f"/{stage.name}{path}",
            parameters=match.parameters,
            stage_variables=stage.stage_variables or {},
            authorizer=authorizer,
        )

    def _authorized(
        self, api: Any, stage: Any, match: Match, path: str, request: HttpRequest
    ) -> Mapping[str, Any] | None:
        """What a route's authorizer gives; None for a route that has none. Raises Refused."""
        kind = match.route.authorization_type or "NONE"
        if kind == "AWS_IAM" and not request.headers.get("authorization", "").startswith("AWS4-HMAC-SHA256"):
            raise Refused(_FORBIDDEN)  # that there is a signature is all that is looked at
        if kind not in ("CUSTOM", "JWT"):
            return None
        authorizer = api.authorizers.get(match.route.authorizer_id)
        if authorizer is None:
            raise Refused(_FAILED)
        context = self._context(api, stage, match, path, request, None)
        old = authorizer.auth_payload_format_version == "1.0"
        event = event_v1(request, context) if old else event_v2(request, context)
        sources = Sources(request, match.parameters, event["requestContext"], context.stage_variables, path)
        if kind == "JWT":
            return self._jwt_authorizers.authorize(authorizer, match.route.authorization_scopes or [], sources)
        return self._authorizers.authorize(api.api_id, authorizer, sources, event)

    def _to_service(
        self, api: Any, stage: Any, match: Match, path: str, request: HttpRequest, integration: Any, timeout_us: int
    ) -> HttpResponse:
        context = {
            "accountId": self._cloud.account_id,
            "apiId": api.api_id,
            "domainName": request.host,
            "httpMethod": request.method,
            "identity": {"sourceIp": "192.0.2.1", "userAgent": request.headers.get("user-agent", "")},
            "path": path,
            "requestId": match.request_id,
            "routeKey": match.route.route_key,
            "stage": stage.name,
        }
        sources = Sources(request, match.parameters, context, stage.stage_variables or {}, path)
        subtype, mapping = integration.integration_subtype, integration.request_parameters or {}
        task = self._cloud.kernel.spawn(self._services.call, subtype, mapping, sources, name=f"{subtype} for {path}")
        if not task.join(timeout_us):
            return UNAVAILABLE
        answer: HttpResponse = task.result()
        return answer

    def _to_http(self, integration: Any, request: HttpRequest, match: Match, timeout_us: int) -> HttpResponse:
        from localcloud.net.plane import HttpTimeout, HttpUnreachable

        target = urlsplit(integration.integration_uri)
        path = target.path
        for name, value in match.parameters.items():
            path = path.replace("{" + name + "}", value).replace("{" + name + "+}", value)
        url = urlunsplit((target.scheme, target.netloc, path, request.query, ""))
        method = integration.integration_method if integration.integration_method != "ANY" else request.method
        try:
            return self._cloud.http.request(HttpRequest(method, url, request.headers, request.body), timeout_us)
        except (HttpTimeout, HttpUnreachable):
            return UNAVAILABLE

    def _request_id(self) -> str:
        return uuid4_text(self._ids)


_STAGE_SETTINGS = {
    "accessLogSettings": "access_log_settings",
    "autoDeploy": "auto_deploy",
    "defaultRouteSettings": "default_route_settings",
    "description": "description",
    "stageVariables": "stage_variables",
}


def _upper(value: Mapping[str, Any]) -> dict[str, Any]:
    return {name[:1].upper() + name[1:]: inner for name, inner in value.items()}


def _described(stage: Any) -> dict[str, Any]:
    """A stage as the API's own clients see it."""
    described = {
        "AccessLogSettings": _upper(stage.access_log_settings) if stage.access_log_settings else None,
        "AutoDeploy": stage.auto_deploy,
        "CreatedDate": stage.created,
        "DefaultRouteSettings": _upper(stage.default_route_settings),
        "Description": stage.description,
        "LastUpdatedDate": stage.updated,
        "RouteSettings": {route: _upper(settings) for route, settings in stage.route_settings.items()},
        "StageName": stage.name,
        "StageVariables": stage.stage_variables,
        "Tags": stage.tags,
    }
    return {name: value for name, value in described.items() if value is not None}


def _lower(value: Mapping[str, Any]) -> dict[str, Any]:
    return {name[:1].lower() + name[1:]: inner for name, inner in value.items()}


def _stage(api: Any, path: str) -> tuple[Any, str]:
    """The stage of a request, by the first segment of its path, and the path without it."""
    first, _, rest = path.lstrip("/").partition("/")
    if first in api.stages:
        return api.stages[first], f"/{rest}"
    return api.stages.get("$default"), path
