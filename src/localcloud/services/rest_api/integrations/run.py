"""Runs the integration of a method."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from localcloud.api import ApiError
from localcloud.net import HttpResponse
from localcloud.principals import GATEWAY_SESSION, Principal
from localcloud.services.permissions import function_of, gateway_may_invoke
from localcloud.services.rest_api.definition import Integration
from localcloud.services.rest_api.errors import GatewayError
from localcloud.services.rest_api.exchange import Exchange
from localcloud.services.rest_api.integrations.actions import AwsActions
from localcloud.services.rest_api.integrations.calls import Answer, within
from localcloud.services.rest_api.integrations.endpoints import call_endpoint
from localcloud.services.rest_api.integrations.requests import Mapped, map_request
from localcloud.services.rest_api.integrations.responses import map_response
from localcloud.services.rest_api.payload import MalformedProxyResponse, proxy_event, proxy_response
from localcloud.services.rest_api.templates import Templates
from localcloud.services.variables import substituted

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


class Integrations:
    """Everything a method can have behind it."""

    def __init__(self, cloud: Cloud, templates: Templates) -> None:
        self._cloud = cloud
        self._templates = templates
        self._actions = AwsActions(cloud)
        self._longest_ms = int(cloud.facts.value("quota.apigw.rest.timeout")["default_max_ms"])

    def run(self, exchange: Exchange) -> HttpResponse:
        """The method's response. Raises GatewayError."""
        integration = exchange.method.integration
        if integration is None:
            raise GatewayError("API_CONFIGURATION_ERROR", detail="the method has no integration")
        if integration.kind == "MOCK":
            return map_response(exchange, self._mock(exchange), self._templates)
        started_us = self._cloud.kernel.now_us
        try:
            return self._call(exchange, integration)
        finally:
            exchange.integration_us = self._cloud.kernel.now_us - started_us

    def _call(self, exchange: Exchange, integration: Integration) -> HttpResponse:
        timeout_us = (integration.timeout_ms or self._longest_ms) * 1_000
        uri = substituted(integration.uri, exchange.context, exchange.stage_variables, "")
        if ":lambda:path/" in uri:
            function = function_of(uri)
            self._check_permission(exchange, integration, function)
            if integration.kind == "AWS_PROXY":
                return self._lambda_proxy(exchange, function, timeout_us)
            mapped = map_request(exchange, self._templates)
            answer = self._lambda(exchange, function, mapped, timeout_us)
        elif integration.kind in ("HTTP", "HTTP_PROXY"):
            if integration.kind == "HTTP_PROXY":
                return call_endpoint(self._cloud, exchange, integration, uri, None, timeout_us)
            mapped = map_request(exchange, self._templates)
            response = call_endpoint(self._cloud, exchange, integration, uri, mapped, timeout_us)
            text = response.body.decode("utf-8", "replace")
            answer = Answer(str(response.status), text, response.headers, response.body)
        elif integration.kind == "AWS":
            mapped = map_request(exchange, self._templates)
            answer = within(
                self._cloud.kernel,
                timeout_us,
                f"integration {uri}",
                lambda: self._actions.call(uri, mapped, integration),
            )
        else:
            raise GatewayError("API_CONFIGURATION_ERROR", detail=f"{integration.kind} to {uri} is no integration")
        return map_response(exchange, answer, self._templates)

    def _check_permission(self, exchange: Exchange, integration: Integration, function: str) -> None:
        cloud = self._cloud
        if integration.credentials:  # then the role decides
            try:
                who = Principal(integration.credentials, GATEWAY_SESSION)
                cloud.iam.authorize(who, "lambda", "Invoke", {"FunctionName": function})
            except ApiError as exc:
                raise GatewayError("API_CONFIGURATION_ERROR", detail=exc.message) from None
            return
        source = (
            f"arn:aws:execute-api:{cloud.region}:{cloud.account_id}:{exchange.definition.api_id}/{exchange.stage.name}/"
            f"{exchange.request.method}{exchange.resource.path}"
        )
        if not gateway_may_invoke(cloud, function, source):
            raise GatewayError("API_CONFIGURATION_ERROR", detail="Invalid permissions on Lambda function")

    # -- Lambda --------------------------------------------------------------------------------

    def _lambda_proxy(self, exchange: Exchange, function: str, timeout_us: int) -> HttpResponse:
        payload = json.dumps(proxy_event(exchange)).encode()
        payload_of, function_error = self._invoke(function, payload, timeout_us)
        if function_error:
            raise GatewayError("DEFAULT_5XX", detail="Lambda execution failed")
        try:
            return proxy_response(exchange, payload_of)
        except MalformedProxyResponse as exc:
            detail = f"Execution failed due to configuration error: Malformed Lambda proxy response: {exc}"
            raise GatewayError("DEFAULT_5XX", detail=detail) from None

    def _invoke(self, function: str, payload: bytes, timeout_us: int) -> tuple[bytes, bool]:
        cloud = self._cloud
        try:
            result = within(
                cloud.kernel, timeout_us, f"integration {function}", lambda: cloud.lambda_.invoke(function, payload)
            )
        except ApiError as exc:  # throttled, or no such function
            raise GatewayError("API_CONFIGURATION_ERROR", detail=f"Lambda invocation failed: {exc.message}") from None
        return result.payload, result.function_error is not None

    def _lambda(self, exchange: Exchange, function: str, mapped: Mapped, timeout_us: int) -> Answer:
        payload = mapped.body.encode()
        headers = {name.lower(): value for name, value in mapped.parameters["header"].items()}
        if headers.get("x-amz-invocation-type") == "Event":
            try:
                self._cloud.lambda_.asynchronous.accept(function, payload)
            except ApiError as exc:
                raise GatewayError("API_CONFIGURATION_ERROR", detail=exc.message) from None
            return Answer("", "")
        answer, failed = self._invoke(function, payload or b"{}", timeout_us)
        text = answer.decode()
        if not failed:
            return Answer("", text)
        message = json.loads(text).get("errorMessage")
        return Answer(message or "", text)

    # -- MOCK ----------------------------------------------------------------------------------

    def _mock(self, exchange: Exchange) -> Answer:
        """The template must make {"statusCode": 200}: the integration response of that status answers."""
        mapped = map_request(exchange, self._templates)
        try:
            status = int(json.loads(mapped.body)["statusCode"])
        except (ValueError, KeyError, TypeError):
            detail = "Unable to parse statusCode. It should be an integer defined in the request template."
            raise GatewayError("API_CONFIGURATION_ERROR", detail=detail) from None
        return Answer(str(status), "")
