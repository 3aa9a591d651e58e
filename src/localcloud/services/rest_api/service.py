"""The data plane of REST APIs: stages, deployments, and a request's way through the gateway."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from moto.apigateway.models import RestAPI, apigateway_backends

from localcloud import trace_header
from localcloud.ids import uuid4_text
from localcloud.net import HttpRequest, HttpResponse
from localcloud.services.access_logs import write_access_log
from localcloud.services.rest_api import templates
from localcloud.services.rest_api.authorizers import LambdaAuthorizers
from localcloud.services.rest_api.control import ControlPlane
from localcloud.services.rest_api.definition import Definition, Method, Resource
from localcloud.services.rest_api.errors import FREE, GatewayError, customised
from localcloud.services.rest_api.exchange import SOURCE_IP, Exchange, base_context
from localcloud.services.rest_api.integrations import Integrations
from localcloud.services.rest_api.limits import Limits
from localcloud.services.rest_api.metrics import Metrics
from localcloud.services.rest_api.parameters import request_value
from localcloud.services.rest_api.routing import find_method
from localcloud.services.rest_api.validation import validate
from localcloud.services.variables import substituted
from localcloud.services.xray.rules import Request
from localcloud.trace_header import TraceHeader

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_MB = 1024 * 1024
_NOWHERE = Resource("", "/", {})
_NOTHING = Method("ANY", "NONE", "", False, (), {}, "", None)


# Source: "Amazon API Gateway important notes", on REST APIs
_REMAPPED = frozenset(
    {
        "authorization", "connection", "content-length", "content-md5", "date", "host", "server", "user-agent",
        "www-authenticate",
    }
)  # fmt: skip


class RestApis:
    """APIs, resources, methods, stages and keys are moto's; deployments and requests are ours."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._suffix = f".execute-api.{cloud.region}.amazonaws.com"
        self._body_limit = int(cloud.facts.value("quota.apigw.payload")) * _MB
        self._ids = cloud.kernel.streams["rest-api/ids"]
        self._templates = templates.Templates(cloud.facts)
        self._integrations = Integrations(cloud, self._templates)
        self._authorizers = LambdaAuthorizers(cloud)
        self._metrics = Metrics(cloud)
        self._control = ControlPlane(cloud)

    @cached_property
    def _backend(self) -> Any:
        return apigateway_backends[self._cloud.account_id][self._cloud.region]

    @cached_property
    def _limits(self) -> Limits:
        return Limits(self._cloud, self._backend)

    def install(self) -> None:
        """Serve the hosts of REST APIs; those of HTTP APIs are handed on."""
        templates.install(self._cloud.patches)
        self._control.install()
        # moto would register every method with `responses`; requests never leave the simulation here
        self._cloud.patches.set(RestAPI, "update_integration_mocks", lambda api, stage_name: None)
        self._cloud.http.serve_suffix(self._suffix, self._serve)

    def _serve(self, request: HttpRequest) -> HttpResponse:
        api = self._backend.apis.get(request.host.removesuffix(self._suffix))
        if api is None:
            return self._cloud.http_api.serve(request)
        started_us = self._cloud.kernel.unix_us
        with self._cloud.tracer.span(f"{request.method} {request.path}", "apigateway", api.id) as span:
            trace = self._trace(api, request)
            identifier = self._cloud.xray.sampler.new_id()
            span.carry(trace._replace(parent=identifier) if trace.sampled else trace)
            self._cloud.kernel.sleep(self._cloud.latency.fact_us("model.api.apigw.rest_overhead"))
            answer = self._answer(api, request)
            span.set(status=answer.status)
            if answer.status >= 400:
                span.status = "throttled" if answer.status == 429 else "error"
        if trace.sampled:
            http = {"request": {"url": request.url, "method": request.method, "client_ip": SOURCE_IP}}
            stage = request.path.lstrip("/").partition("/")[0]
            self._cloud.xray.record(
                trace, identifier, f"{api.name}/{stage}", "AWS::ApiGateway::Stage", started_us, answer.status, http=http
            )
        return answer

    def _trace(self, api: Any, request: HttpRequest) -> TraceHeader:
        """The trace of a request. Only a stage with tracing decides itself; any other leaves it to what it calls."""
        incoming = trace_header.of_request(request.headers)
        stage = api.stages.get(request.path.lstrip("/").partition("/")[0])
        sampler = self._cloud.xray.sampler
        if stage is not None and stage.tracing_enabled:
            asked = Request(
                f"{api.name}/{stage.name}", "AWS::ApiGateway::Stage",
                f"arn:aws:apigateway:{self._cloud.region}::/restapis/{api.id}/stages/{stage.name}",
                request.host, request.method, request.path, request.headers,
            )  # fmt: skip
            return sampler.arrive(f"{api.id}/{stage.name}", incoming, active=True, request=asked)
        return incoming or TraceHeader(sampler.new_root())

    # -- one request ---------------------------------------------------------------------------

    def _answer(self, api: Any, request: HttpRequest) -> HttpResponse:
        started_us = self._cloud.kernel.now_us
        name, _, rest = request.path.lstrip("/").partition("/")
        stage = api.stages.get(name)
        definition = self._control.deployed(api, stage.deployment_id) if stage is not None else None
        if definition is None or api.disableExecuteApiEndpoint:
            request_id = uuid4_text(self._ids)
            headers = {"x-amzn-requestid": request_id, "x-amzn-errortype": "ForbiddenException"}
            return HttpResponse(403, {**headers, "content-type": "application/json"}, b'{"message":"Forbidden"}')
        exchange = self.exchange(definition, stage, request, f"/{rest}")
        answer = self.handle(exchange)
        self._finish(exchange, answer, started_us)
        return answer

    def exchange(self, definition: Definition, stage: Any, request: HttpRequest, path: str) -> Exchange:
        """A request to `path` of a stage, with its $context; it leads nowhere when no method matches."""
        found = find_method(definition.resources, request.method, path)
        resource, method, parameters = found or (_NOWHERE, _NOTHING, {})
        request_id = uuid4_text(self._ids)
        extended = f"{self._ids.getrandbits(72):018x}="
        context = base_context(
            self._cloud.now,
            request,
            account_id=self._cloud.account_id,
            api_id=definition.api_id,
            stage=stage.name,
            request_id=request_id,
            extended_id=extended,
            path=f"/{stage.name}{path}",
        )
        own_trace = f"Root=1-{self._cloud.kernel.unix_us // 1_000_000:08x}-{self._ids.getrandbits(96):024x}"
        header = self._cloud.tracer.header()  # none when a method is only tried out
        context |= {
            "relativePath": path,
            "deploymentId": stage.deployment_id,
            "resourceId": resource.id,
            "resourcePath": resource.path,
            "xrayTraceId": header.text if header is not None else own_trace,
            "responseOverride": {"header": {}},
        }
        return Exchange(request, definition, stage, resource, method, parameters, context)

    def handle(self, exchange: Exchange) -> HttpResponse:
        """The answer to a request, whatever goes wrong on the way."""
        try:
            answer = self._through(exchange)
        except GatewayError as error:
            exchange.detail = error.detail
            exchange.charged = error.kind not in FREE
            return self._refuse(exchange, error)
        trace = exchange.context["xrayTraceId"]
        own = {**self._own_headers(exchange), "x-amzn-trace-id": trace}
        return HttpResponse(answer.status, {**own, **_remapped(answer.headers)}, answer.body)

    def _through(self, exchange: Exchange) -> HttpResponse:
        if exchange.method is _NOTHING:
            raise GatewayError("MISSING_AUTHENTICATION_TOKEN")
        if len(exchange.request.body) > self._body_limit:
            message = f"HTTP content length exceeded {self._body_limit} bytes."
            raise GatewayError("REQUEST_TOO_LARGE", message)
        method = exchange.method
        if method.authorization == "AWS_IAM":
            self._check_caller(exchange)
        if method.authorization in ("CUSTOM", "COGNITO_USER_POOLS"):
            self._authorizers.authorize(exchange)
        self._limits.admit(exchange)
        validate(exchange)
        return self._integrations.run(exchange)

    def _check_caller(self, exchange: Exchange) -> None:
        """That there is a signature is all that is looked at; who has signed may be a role. Raises GatewayError."""
        if "authorization" not in exchange.request.headers:
            raise GatewayError("MISSING_AUTHENTICATION_TOKEN")
        path = exchange.request.path.removeprefix(f"/{exchange.stage.name}")
        arn = (
            f"arn:aws:execute-api:{self._cloud.region}:{self._cloud.account_id}:{exchange.definition.api_id}/"
            f"{exchange.stage.name}/{exchange.request.method}{path}"
        )
        refusal = self._cloud.iam.refusal_of_caller("execute-api:Invoke", arn)
        if refusal is not None:
            raise GatewayError("ACCESS_DENIED", refusal)

    def _own_headers(self, exchange: Exchange) -> dict[str, str]:
        return {
            "x-amzn-requestid": exchange.context["requestId"],
            "x-amz-apigw-id": exchange.context["extendedRequestId"],
        }

    def _refuse(self, exchange: Exchange, error: GatewayError) -> HttpResponse:
        context = exchange.context
        context["error"] = {
            **context.get("error", {}),
            "message": error.message,
            "messageString": error.message_json,
            "responseType": error.kind,
        }
        status, parameters, bodies = customised(exchange.definition, error)
        headers = {**self._own_headers(exchange), "x-amzn-errortype": error.error_type}
        headers["content-type"] = "application/json"
        body = json.dumps({"message": error.message}, separators=(",", ":"))
        if error.kind == "ACCESS_DENIED":  # the one answer that AWS writes with a capital letter
            body = json.dumps({"Message": error.message}, separators=(",", ":"))
        if bodies:
            accept = exchange.request.headers.get("accept", "application/json")
            kind = accept if accept in bodies else next(iter(bodies))
            body = substituted(bodies[kind], context, exchange.stage_variables, "")
            headers["content-type"] = kind
        for target, source in parameters.items():
            value = request_value(exchange, source)
            if value is not None:
                headers[target.split(".", 2)[-1].lower()] = value
        return HttpResponse(status, headers, body.encode())

    def _finish(self, exchange: Exchange, answer: HttpResponse, started_us: int) -> None:
        cloud = self._cloud
        latency_us = cloud.kernel.now_us - started_us
        if exchange.charged:
            cloud.meter.add("apigw.rest.requests", 1, exchange.definition.api_id)
        self._metrics.record(exchange, answer.status, latency_us)
        context = exchange.context
        context |= {
            "status": str(answer.status),
            "responseLength": str(len(answer.body)),
            "responseLatency": str(latency_us // 1_000),
        }
        if exchange.integration_us is not None:
            context["integrationLatency"] = str(exchange.integration_us // 1_000)
            context["integration"] = {"latency": context["integrationLatency"]}
        settings = exchange.stage.access_log_settings
        write_access_log(cloud, settings, context, f"{exchange.definition.api_id}/{exchange.stage.name}")


def _remapped(headers: Mapping[str, str]) -> dict[str, str]:
    """A backend's headers under the names that API Gateway gives those which it sets itself."""
    return {f"x-amzn-remapped-{name}" if name in _REMAPPED else name: value for name, value in headers.items()}
