"""Integrations of HTTP APIs: functions, first-class services and HTTP endpoints, behind their authorizers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from localcloud.net import HttpRequest, HttpResponse, HttpTimeout, HttpUnreachable
from localcloud.services.http_api.authorizers import LambdaAuthorizers, Refused
from localcloud.services.http_api.first_class import OPERATIONS, FirstClassIntegrations
from localcloud.services.http_api.jwt_authorizers import JwtAuthorizers
from localcloud.services.http_api.mappings import mapped_request, mapped_response
from localcloud.services.http_api.payload import Context, event_v1, event_v2
from localcloud.services.http_api.proxy import FAILED, UNAVAILABLE, invoke, refusal
from localcloud.services.http_api.routing import Match
from localcloud.services.http_api.sources import Sources
from localcloud.services.lambda_.payloads import JsonPayload
from localcloud.services.permissions import function_of, gateway_may_invoke

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_PATH = "overwrite:path"
_FORBIDDEN = refusal(403, "Forbidden")


class Integrations:
    """Runs them for one cloud."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._timeout_ms = int(cloud.facts.value("quota.apigw.http.timeout"))
        self._authorizers = LambdaAuthorizers(cloud)
        self._jwt_authorizers = JwtAuthorizers(cloud)
        self._services = FirstClassIntegrations(cloud)

    def run(
        self, api: Any, stage: Any, match: Match, path: str, request: HttpRequest, log: dict[str, Any]
    ) -> HttpResponse:
        """What the integration of the route that matches answers, once its authorizer lets the request in.

        How long it took goes into `log`, as `integrationLatency` in whole milliseconds.
        """
        identifier = (match.route.target or "").removeprefix("integrations/")
        integration = api.integrations.get(identifier)
        if integration is None:
            return FAILED
        try:
            authorizer = self._authorized(api, stage, match, path, request)
        except Refused as refused:
            return refused.answer
        called_us = self._cloud.kernel.now_us
        answer = self._call(api, stage, match, path, request, integration, authorizer)
        log["integrationLatency"] = str((self._cloud.kernel.now_us - called_us) // 1_000)
        return answer

    def _call(
        self,
        api: Any,
        stage: Any,
        match: Match,
        path: str,
        request: HttpRequest,
        integration: Any,
        authorizer: Mapping[str, Any] | None,
    ) -> HttpResponse:
        timeout_us = min(int(integration.timeout_in_millis or self._timeout_ms), self._timeout_ms) * 1_000
        if integration.integration_subtype in OPERATIONS:
            return self._to_service(api, stage, match, path, request, integration, timeout_us)

        def sources(answer: HttpResponse | None = None) -> Sources:
            context = self._variables(api, stage, match, path, request, authorizer)
            return Sources(request, match.parameters, context, stage.stage_variables or {}, path, answer)

        mappings = integration.request_parameters
        sent = mapped_request(request, mappings, sources()) if mappings else request
        moved = sent.path if mappings and _PATH in mappings else None
        if integration.integration_type == "AWS_PROXY" and ":lambda:" in (integration.integration_uri or ""):
            answer = self._to_lambda(api, stage, match, moved or path, sent, integration, timeout_us, authorizer)
        elif integration.integration_type == "HTTP_PROXY":
            answer = self._to_http(integration, sent, match, moved, timeout_us)
        else:
            return FAILED
        own = answer is FAILED or answer is UNAVAILABLE  # what the gateway says for want of an answer
        if own or not integration.response_parameters:
            return answer
        return mapped_response(answer, integration.response_parameters, sources)

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
            return FAILED
        context = self._context(api, stage, match, path, request, authorizer)
        version = integration.payload_format_version or "1.0"
        event = event_v2(request, context) if version == "2.0" else event_v1(request, context)
        return invoke(self._cloud, function, JsonPayload(event), version, timeout_us)

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

    def _check_caller(self, api: Any, stage: Any, method: str, path: str, request: HttpRequest) -> None:
        """That there is a signature is all that is looked at; who has signed may be a role. Raises Refused."""
        arn = f"arn:aws:execute-api:{self._cloud.region}:{self._cloud.account_id}:{api.api_id}/{stage.name}/{method}"
        signed = request.headers.get("authorization", "").startswith("AWS4-HMAC-SHA256")
        if not signed or self._cloud.iam.refusal_of_caller("execute-api:Invoke", f"{arn}{path}") is not None:
            raise Refused(_FORBIDDEN)

    def _authorized(
        self, api: Any, stage: Any, match: Match, path: str, request: HttpRequest
    ) -> Mapping[str, Any] | None:
        """What a route's authorizer gives; None for a route that has none. Raises Refused."""
        kind = match.route.authorization_type or "NONE"
        if kind == "AWS_IAM":
            self._check_caller(api, stage, request.method, path, request)
        if kind not in ("CUSTOM", "JWT"):
            return None
        authorizer = api.authorizers.get(match.route.authorizer_id)
        if authorizer is None:
            raise Refused(FAILED)
        context = self._context(api, stage, match, path, request, None)
        old = authorizer.auth_payload_format_version == "1.0"
        event = event_v1(request, context) if old else event_v2(request, context)
        sources = Sources(request, match.parameters, event["requestContext"], context.stage_variables, path)
        if kind == "JWT":
            return self._jwt_authorizers.authorize(authorizer, match.route.authorization_scopes or [], sources)
        return self._authorizers.authorize(api.api_id, authorizer, sources, event)

    def _variables(
        self,
        api: Any,
        stage: Any,
        match: Match,
        path: str,
        request: HttpRequest,
        authorizer: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """What $context names in parameter mappings."""
        given = authorizer or {}
        jwt = given.get("jwt")
        return {
            "accountId": self._cloud.account_id,
            "apiId": api.api_id,
            "authorizer": {"claims": jwt.get("claims", {})} if jwt else given.get("lambda") or {},
            "domainName": request.host,
            "httpMethod": request.method,
            "identity": {"sourceIp": "192.0.2.1", "userAgent": request.headers.get("user-agent", "")},
            "path": path,
            "requestId": match.request_id,
            "routeKey": match.route.route_key,
            "stage": stage.name,
        }

    def _to_service(
        self, api: Any, stage: Any, match: Match, path: str, request: HttpRequest, integration: Any, timeout_us: int
    ) -> HttpResponse:
        context = self._variables(api, stage, match, path, request)
        sources = Sources(request, match.parameters, context, stage.stage_variables or {}, path)
        subtype, mapping = integration.integration_subtype, integration.request_parameters or {}
        role, name = integration.credentials_arn or "", f"{subtype} for {path}"
        task = self._cloud.kernel.spawn(self._services.call, subtype, mapping, sources, role, name=name)
        if not task.join(timeout_us):
            return UNAVAILABLE
        answer: HttpResponse = task.result()
        return answer

    def _to_http(
        self, integration: Any, request: HttpRequest, match: Match, moved: str | None, timeout_us: int
    ) -> HttpResponse:
        target = urlsplit(integration.integration_uri)
        path = target.path if moved is None else moved
        for name, value in match.parameters.items():
            path = path.replace("{" + name + "}", value).replace("{" + name + "+}", value)
        url = urlunsplit((target.scheme, target.netloc, path, request.query, ""))
        method = integration.integration_method if integration.integration_method != "ANY" else request.method
        try:
            return self._cloud.http.request(HttpRequest(method, url, request.headers, request.body), timeout_us)
        except (HttpTimeout, HttpUnreachable):
            return UNAVAILABLE
