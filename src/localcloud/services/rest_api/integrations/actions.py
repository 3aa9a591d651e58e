"""AWS integrations: a service's API behind a method, without a function in between."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError, ParamValidationError, UnknownServiceError
from botocore.model import OperationNotFoundError, Shape

from localcloud.api import ApiError
from localcloud.principals import GATEWAY_SESSION, Principal
from localcloud.services.rest_api.definition import Integration
from localcloud.services.rest_api.errors import GatewayError
from localcloud.services.rest_api.integrations.calls import Answer
from localcloud.services.rest_api.integrations.requests import Mapped

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_URI = re.compile(r"arn:aws[^:]*:apigateway:([^:]*):([^:]+):(action|path)/(.*)", re.S)
# Services that integration URIs call otherwise than botocore does.
_SERVICES: Mapping[str, str] = {"states": "stepfunctions", "streams.dynamodb": "dynamodbstreams"}
_QUERY = ("sqs", "sns")
_ONCE = Config(retries={"total_max_attempts": 1})


class AwsActions:
    """Calls the API of a service with a mapped request, as one of its clients would, once."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._clients: dict[str, Any] = {}

    def call(self, uri: str, mapped: Mapped, integration: Integration) -> Answer:
        """The service's answer, whatever its status. Raises GatewayError when the URI names nothing to call."""
        found = _URI.fullmatch(uri)
        if found is None:
            raise GatewayError("API_CONFIGURATION_ERROR", detail=f"{uri} is no integration URI")
        name, way, rest = found.group(2), found.group(3), found.group(4)
        service = _SERVICES.get(name, name)
        self._check_role(integration)
        if service == "s3":
            return self._object(rest, mapped, integration)
        headers = {key.lower(): value for key, value in mapped.parameters["header"].items()}
        target = headers.get("x-amz-target", "")
        if service in _QUERY and not target:
            members = dict(parse_qsl(mapped.body, keep_blank_values=True)) if not mapped.body.startswith("{") else {}
            members |= mapped.parameters["querystring"]
            operation = members.pop("Action", "") or (rest if way == "action" else "")
            return self._query(integration, service, operation, rest if way == "path" else "", members)
        operation = target.rsplit(".", 1)[-1] if target else rest
        return self._json(integration, service, operation, mapped.body)

    def _check_role(self, integration: Integration) -> None:
        role = integration.credentials
        if role and not self._cloud.iam.can_assume("apigateway.amazonaws.com", role):
            detail = "API Gateway does not have permission to assume the provided role"
            raise GatewayError("API_CONFIGURATION_ERROR", detail=detail)

    def _ask(self, integration: Integration, client: Any, operation: str, params: dict[str, Any]) -> Any:
        """One call, in the integration's role. Raises what botocore raises, and ApiError when it is not allowed."""
        if integration.credentials:
            who = Principal(integration.credentials, GATEWAY_SESSION)
            self._cloud.iam.authorize(who, client.meta.service_model.service_name, operation, params)
        return getattr(client, xform_name(operation))(**params)

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._cloud.client(service, config=_ONCE)
        return self._clients[service]

    def _operation(self, service: str, operation: str) -> tuple[Any, Any]:
        """(client, model of the operation)."""
        try:
            client = self._client(service)
            return client, client.meta.service_model.operation_model(operation)
        except (UnknownServiceError, OperationNotFoundError) as exc:
            raise GatewayError("API_CONFIGURATION_ERROR", detail=f"{service}:{operation}: {exc}") from None

    # -- JSON protocol -----------------------------------------------------------------------------

    def _json(self, integration: Integration, service: str, operation: str, body: str) -> Answer:
        client, model = self._operation(service, operation)
        try:
            params = json.loads(body or "{}")
            params = _decoded(params, model.input_shape) if model.input_shape is not None else {}
        except (ValueError, binascii.Error):
            return _json_error("SerializationException", "The request body is not JSON of the operation's shape.", 400)
        try:
            answer = self._ask(integration, client, operation, params)
        except ParamValidationError as exc:
            return _json_error("ValidationException", str(exc.kwargs["report"]).strip(), 400)
        except ApiError as exc:
            return _json_error(exc.code, exc.message, exc.status)
        except ClientError as exc:
            return _json_error(
                exc.response["Error"]["Code"],
                exc.response["Error"].get("Message", ""),
                exc.response["ResponseMetadata"]["HTTPStatusCode"],
            )
        except HTTPClientError as exc:
            raise GatewayError("INTEGRATION_FAILURE", detail=str(exc)) from None
        answer.pop("ResponseMetadata", None)
        return Answer("200", _dumped(answer), {"content-type": "application/x-amz-json-1.1"})

    # -- query protocol ----------------------------------------------------------------------------

    def _query(
        self, integration: Integration, service: str, operation: str, path: str, members: dict[str, str]
    ) -> Answer:
        """SQS and SNS take form members; API Gateway asks them for JSON."""
        if not operation:
            return _query_error("MissingAction", "The request must contain the parameter Action.", 400)
        client, model = self._operation(service, operation)
        members.pop("Version", None)
        if service == "sqs" and path:
            members["QueueUrl"] = f"https://sqs.{self._cloud.region}.amazonaws.com/{path.strip('/')}"
        try:
            answer = self._ask(integration, client, operation, _members(members, model.input_shape))
        except ParamValidationError as exc:
            return _query_error("MissingParameter", str(exc.kwargs["report"]).strip(), 400)
        except ApiError as exc:
            return _query_error(exc.code, exc.message, exc.status)
        except ClientError as exc:
            error = exc.response["Error"]
            return _query_error(
                error["Code"],
                error.get("Message", ""),
                exc.response["ResponseMetadata"]["HTTPStatusCode"],
            )
        except HTTPClientError as exc:
            raise GatewayError("INTEGRATION_FAILURE", detail=str(exc)) from None
        request_id = answer.pop("ResponseMetadata", {}).get("RequestId", "")
        wrapped = {
            f"{operation}Response": {
                f"{operation}Result": answer or None,
                "ResponseMetadata": {"RequestId": request_id},
            }
        }
        return Answer("200", _dumped(wrapped), {"content-type": "application/json"})

    # -- S3 ----------------------------------------------------------------------------------------

    def _object(self, rest: str, mapped: Mapped, integration: Integration) -> Answer:
        for name, value in mapped.parameters["path"].items():
            rest = rest.replace("{" + name + "}", value)
        bucket, _, key = rest.partition("/")
        client = self._client("s3")
        try:
            place = {"Bucket": bucket, "Key": key}
            if integration.http_method == "PUT":
                answer = self._ask(integration, client, "PutObject", {**place, "Body": mapped.body.encode()})
                return Answer("200", "", {"etag": answer["ETag"]})
            if integration.http_method == "DELETE":
                self._ask(integration, client, "DeleteObject", place)
                return Answer("204", "")
            answer = self._ask(integration, client, "GetObject", place)
        except ApiError as exc:
            return _object_error(exc.code, exc.message, exc.status)
        except ClientError as exc:
            error = exc.response["Error"]
            status = exc.response["ResponseMetadata"]["HTTPStatusCode"]
            return _object_error(error["Code"], error.get("Message", ""), status)
        raw = answer["Body"].read()
        return Answer("200", raw.decode("utf-8", "replace"), {"content-type": answer["ContentType"]}, raw)


def _object_error(code: str, message: str, status: int) -> Answer:
    text = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    return Answer(str(status), text, {"content-type": "application/xml"})


def _json_error(code: str, message: str, status: int) -> Answer:
    return Answer(str(status), _dumped({"__type": code, "message": message}), {"x-amzn-errortype": code})


def _query_error(code: str, message: str, status: int) -> Answer:
    error = {"Code": code, "Message": message, "Type": "Sender" if status < 500 else "Receiver"}
    return Answer(str(status), _dumped({"Error": error, "RequestId": None}), {"content-type": "application/json"})


def _decoded(value: Any, shape: Shape) -> Any:
    """JSON as botocore wants it: blobs as bytes."""
    if shape.type_name == "structure" and isinstance(value, dict):
        members = shape.members
        return {key: _decoded(inner, members[key]) if key in members else inner for key, inner in value.items()}
    if shape.type_name == "list" and isinstance(value, list):
        return [_decoded(item, shape.member) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: _decoded(inner, shape.value) for key, inner in value.items()}
    if shape.type_name == "blob" and isinstance(value, str):
        return base64.b64decode(value, validate=True)
    return value


def _members(form: Mapping[str, str], shape: Shape) -> dict[str, Any]:
    """Form members ("MessageAttribute.1.Name") as the operation's parameters."""
    nested: dict[str, Any] = {}
    for name, value in form.items():
        current = nested
        *parents, last = name.split(".")
        for part in parents:
            current = current.setdefault(part, {})
            if not isinstance(current, dict):
                break
        else:
            current[last] = value
    converted: dict[str, Any] = _from_form(nested, shape)
    return converted


def _from_form(value: Any, shape: Shape) -> Any:
    if shape.type_name == "structure" and isinstance(value, dict):
        found = {}
        for name, member in shape.members.items():
            flat = (member.serialization or {}).get("name", "")
            singular = name[:-1] if name.endswith("s") else name
            for key in (name, flat, singular):
                if key in value:
                    found[name] = _from_form(value[key], member)
                    break
        return found
    if shape.type_name == "list" and isinstance(value, dict):
        items = value.get("member", value)
        return [_from_form(items[key], shape.member) for key in sorted(items, key=_number)]
    if shape.type_name == "map" and isinstance(value, dict):
        entries = value.get("entry", value)
        pairs = [entries[key] for key in sorted(entries, key=_number)]
        return {
            (pair.get("Name") or pair.get("key") or pair.get("Key")): _from_form(
                pair.get("Value", pair.get("value")),
                shape.value,
            )
            for pair in pairs
        }
    if shape.type_name in ("integer", "long") and isinstance(value, str) and value.lstrip("-").isdigit():
        return int(value)
    if shape.type_name == "boolean" and isinstance(value, str):
        return value.lower() == "true"
    if shape.type_name == "blob" and isinstance(value, str):
        return base64.b64decode(value)
    return value


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0


def _dumped(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> Any:
    """Timestamps as seconds and blobs as base64, as the JSON protocol sends them."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if hasattr(value, "read"):
        return value.read().decode("utf-8", "replace")
    return str(value)
