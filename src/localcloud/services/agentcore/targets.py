"""What stands behind a gateway: Lambda functions and HTTP APIs, each with the tools it gives.

The gateway calls functions in its role. An API may ask for a key that a credential provider keeps; OAuth is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from botocore.exceptions import ClientError

from localcloud.api import ApiError
from localcloud.ids import uuid4_text
from localcloud.net import HttpRequest, HttpTimeout, HttpUnreachable
from localcloud.principals import Principal
from localcloud.services.agentcore.identity import Identities
from localcloud.services.agentcore.openapi import InvalidDocument, Operation, operations
from localcloud.services.agentcore.protocol import Message
from localcloud.services.agentcore.tools import GatewayTool
from localcloud.services.lambda_.context import ClientContext

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_INTERNAL = "An internal error occurred. Please retry later."
_CREDENTIALS = ("GATEWAY_IAM_ROLE", "API_KEY")
_INVOKE = "lambda:InvokeFunction"
Result = Mapping[str, Any]


def failed(text: str) -> Result:
    """A tool's result that says it failed."""
    return {"content": [{"type": "text", "text": text}], "isError": True}


def succeeded(text: str) -> Result:
    """A tool's result."""
    return {"content": [{"type": "text", "text": text}], "isError": False}


class Targets:
    """Makes tools of targets, and calls them."""

    def __init__(self, cloud: Cloud, identities: Identities) -> None:
        self._cloud = cloud
        self._identities = identities
        self._ids = cloud.kernel.streams["agentcore/gateway"]
        self._documents: dict[str, list[Operation]] = {}
        self._timeout_us = round(cloud.facts.value("model.agentcore.target_timeout_s") * 1e6)

    def check(self, configuration: Mapping[str, Any], credentials: Sequence[Mapping[str, Any]]) -> None:
        """Refuse a target that cannot be served. Raises ApiError (ValidationException)."""
        kinds = configuration.get("mcp") or configuration
        kind = next(iter(kinds), "none")
        if kind not in ("lambda", "openApiSchema"):
            raise _invalid(f"The local cloud serves targets of lambda and openApiSchema; found a target of {kind}.")
        for credential in credentials:
            if credential["credentialProviderType"] not in _CREDENTIALS:
                found = credential["credentialProviderType"]
                raise _invalid(f"The local cloud calls targets with a role or an API key; found {found}.")
        list(self._sources(kinds))

    def check_rights(self, gateway: Any, configuration: Mapping[str, Any]) -> None:
        """Refuse a function that the gateway's role may not invoke. Raises ApiError (ValidationException)."""
        function = ((configuration.get("mcp") or configuration).get("lambda") or {}).get("lambdaArn")
        if function and not self._cloud.iam.permits(_principal(gateway), _INVOKE, function):
            message = f"Gateway execution role lacks permission to invoke Lambda function {function}. "
            raise _invalid(f"{message}Update the permission and retry")

    def tools(self, target_id: str, target: Any) -> list[GatewayTool]:
        """The tools of one target. Raises ApiError when a schema on S3 is gone."""
        sources = self._sources(target.target_configuration["mcp"])
        credentials = tuple(target.credential_provider_configurations or ())
        return [GatewayTool(target_id, target.name, definition, source, credentials) for definition, source in sources]

    def _sources(self, kinds: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], str | Operation]]:
        """Definitions of tools, each with the ARN of the function or the operation that it stands for."""
        if "lambda" in kinds:
            schema = kinds["lambda"]["toolSchema"]
            given = schema["inlinePayload"] if "inlinePayload" in schema else self._json(schema["s3"]["uri"])
            for definition in given:
                yield definition, kinds["lambda"]["lambdaArn"]
            return
        document = kinds["openApiSchema"]
        text = document["inlinePayload"] if "inlinePayload" in document else self._object(document["s3"]["uri"])
        if text not in self._documents:
            try:
                self._documents[text] = operations(text)
            except InvalidDocument as exc:
                raise _invalid(f"The OpenAPI document cannot be served: {exc}.") from exc
        for operation in self._documents[text]:
            yield operation.definition, operation

    def _json(self, uri: str) -> list[dict[str, Any]]:
        try:
            return list(json.loads(self._object(uri)))
        except (ValueError, TypeError) as exc:
            raise _invalid(f"{uri} cannot be read as a list of tools: {exc}") from exc

    def _object(self, uri: str) -> str:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        try:
            content: bytes = self._cloud.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as exc:
            raise _invalid(f"{uri} cannot be read: {exc}") from exc
        return content.decode()

    # -- calling -------------------------------------------------------------------------------

    def call(self, gateway: Any, tool: GatewayTool, arguments: Mapping[str, Any], message: Message) -> Result:
        """Call a tool with arguments that fit its schema; takes its virtual time in the calling task."""
        if isinstance(tool.source, Operation):
            return self._request(gateway, tool, tool.source.request(arguments))
        return self._invoke(gateway, tool, tool.source, arguments, message)

    def _invoke(
        self, gateway: Any, tool: GatewayTool, function: str, arguments: Mapping[str, Any], message: Message
    ) -> Result:
        """The function gets the arguments as its event and learns from the client context which tool it is."""
        custom = {
            "bedrockAgentCoreMessageVersion": "1.0",
            "bedrockAgentCoreAwsRequestId": uuid4_text(self._ids),
            "bedrockAgentCoreMcpMessageId": str(message.id),
            "bedrockAgentCoreGatewayId": gateway.gateway_id,
            "bedrockAgentCoreTargetId": tool.target_id,
            "bedrockAgentCoreToolName": tool.name,
        }
        context = ClientContext({"custom": custom})
        try:
            self._cloud.iam.authorize(_principal(gateway), "lambda", "Invoke", {"FunctionName": function})
            result = self._cloud.lambda_.invoke(function, json.dumps(arguments).encode(), client_context=context)
        except ApiError as exc:
            return failed(explained(gateway, f"Error while invoking Lambda function {function}: {exc}"))
        if result.function_error is not None:
            said = json.loads(result.payload).get("errorMessage", "")
            return failed(explained(gateway, f"Lambda function {function} failed: {said}"))
        return succeeded(result.payload.decode())

    def _request(self, gateway: Any, tool: GatewayTool, request: HttpRequest) -> Result:
        """An API's refusal (4xx) is the caller's to read; its failure is explained only while debugging."""
        try:
            response = self._cloud.http.request(self._with_key(tool, request), self._timeout_us)
        except (ApiError, HttpTimeout, HttpUnreachable) as exc:
            return failed(explained(gateway, f"Error executing HTTP request {request.method} {request.url}: {exc}"))
        text = response.body.decode(errors="replace")
        if response.status >= 500:
            return failed(explained(gateway, f"{request.method} {request.url} answered {response.status}: {text}"))
        return failed(text or f"HTTP status {response.status}") if response.status >= 400 else succeeded(text)

    def _with_key(self, tool: GatewayTool, request: HttpRequest) -> HttpRequest:
        """The request with its target's API key in the place that the target names. Raises ApiError."""
        providers = [credential.get("credentialProvider") or {} for credential in tool.credentials]
        settings = next(
            (each["apiKeyCredentialProvider"] for each in providers if "apiKeyCredentialProvider" in each), None
        )
        if settings is None:
            return request
        key = self._identities.api_key(settings["providerArn"].rsplit("/", 1)[-1])
        name = settings.get("credentialParameterName", "Authorization")
        value = f"{settings['credentialPrefix']} {key}" if "credentialPrefix" in settings else key
        if settings.get("credentialLocation", "HEADER") == "HEADER":
            return HttpRequest(request.method, request.url, {**request.headers, name.lower(): value}, request.body)
        joint = "&" if request.query else "?"
        return HttpRequest(
            request.method, f"{request.url}{joint}{urlencode({name: value})}", request.headers, request.body
        )


def _principal(gateway: Any) -> Principal:
    """Who calls the targets."""
    return Principal(str(gateway.role_arn), str(gateway.gateway_id))


def explained(gateway: Any, detail: str) -> str:
    """What a client is told of a failure behind the gateway: the reason only while debugging."""
    return detail if gateway.exception_level == "DEBUG" else _INTERNAL


def _invalid(message: str) -> ApiError:
    return ApiError("ValidationException", message, 400)
