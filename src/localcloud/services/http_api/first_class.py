"""First-class integrations of HTTP APIs: a request becomes one call of a service, by parameter mappings alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError, ParamValidationError

from localcloud.api import ApiError
from localcloud.net import HttpResponse
from localcloud.principals import GATEWAY_SESSION, Principal
from localcloud.services.http_api.sources import Sources

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-aws-services-reference.html
OPERATIONS: Mapping[str, tuple[str, str]] = {
    "EventBridge-PutEvents": ("events", "PutEvents"),
    "Kinesis-PutRecord": ("kinesis", "PutRecord"),
    "SQS-DeleteMessage": ("sqs", "DeleteMessage"),
    "SQS-PurgeQueue": ("sqs", "PurgeQueue"),
    "SQS-ReceiveMessage": ("sqs", "ReceiveMessage"),
    "SQS-SendMessage": ("sqs", "SendMessage"),
    "StepFunctions-StartExecution": ("stepfunctions", "StartExecution"),
    "StepFunctions-StartSyncExecution": ("stepfunctions", "StartSyncExecution"),
    "StepFunctions-StopExecution": ("stepfunctions", "StopExecution"),
}
_JSON = {"content-type": "application/json"}
_ONCE = Config(retries={"total_max_attempts": 1})
_STRUCTURES = ("list", "map", "structure")


class FirstClassIntegrations:
    """Calls services for HTTP APIs, once for each request."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._clients: dict[str, Any] = {}

    def call(self, subtype: str, mapping: Mapping[str, str], sources: Sources, role_arn: str) -> HttpResponse:
        """The service's answer: its status and, for SQS, its XML; for all others its JSON."""
        service, operation = OPERATIONS[subtype]
        given = {name: sources.value(expression) for name, expression in mapping.items() if name != "Region"}
        members = {name: value for name, value in given.items() if value is not None}
        if service not in self._clients:
            self._clients[service] = self._cloud.client(service, config=_ONCE)
        client = self._clients[service]
        shape = client.meta.service_model.operation_model(operation).input_shape
        try:
            if operation == "PutEvents":
                entry = shape.members["Entries"].member
                arguments = {"Entries": [_typed(members, entry)]}
            else:
                arguments = _typed(members, shape)
            who = Principal(role_arn, GATEWAY_SESSION)
            self._cloud.iam.authorize(who, client.meta.service_model.service_name, operation, arguments)
            answer = getattr(client, xform_name(operation))(**arguments)
        except ApiError as exc:
            return _refused(exc.code, exc.message, exc.status)
        except (ParamValidationError, ValueError) as exc:
            return _refused("ValidationException", str(exc), 400)
        except ClientError as exc:
            error = exc.response["Error"]
            status = exc.response["ResponseMetadata"]["HTTPStatusCode"]
            return _refused(error["Code"], error.get("Message", ""), status)
        except HTTPClientError:
            return HttpResponse(503, _JSON, b'{"message":"Service Unavailable"}')
        request_id = answer.pop("ResponseMetadata", {}).get("RequestId", "")
        if service == "sqs":
            return HttpResponse(200, {"content-type": "text/xml"}, _xml(operation, answer, request_id).encode())
        return HttpResponse(200, _JSON, json.dumps(answer, default=str, separators=(",", ":")).encode())


def _typed(members: Mapping[str, str], shape: Any) -> dict[str, Any]:
    """Text as the operation's members, whatever the case of their first letter. Raises ValueError."""
    names = {name.lower(): name for name in shape.members}
    return {
        names.get(key.lower(), key): _member(value, shape.members[names[key.lower()]])
        if key.lower() in names
        else value
        for key, value in members.items()
    }


def _member(text: str, shape: Any) -> Any:
    if shape.type_name in _STRUCTURES:
        return json.loads(text)
    if shape.type_name in ("integer", "long"):
        return int(text)
    return text.encode() if shape.type_name == "blob" else text


def _refused(code: str, message: str, status: int) -> HttpResponse:
    return HttpResponse(status, _JSON, json.dumps({"__type": code, "message": message}).encode())


def _xml(operation: str, answer: Mapping[str, Any], request_id: str) -> str:
    result = "".join(_element(name, value) for name, value in answer.items())
    return (
        f"<{operation}Response><{operation}Result>{result}</{operation}Result>"
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>"
    )


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name.removesuffix("s"), item) for item in value)
    if isinstance(value, dict):
        return f"<{name}>{''.join(_element(key, item) for key, item in value.items())}</{name}>"
    return f"<{name}>{escape(str(value))}</{name}>"
