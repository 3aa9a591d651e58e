"""Calling moto's own response methods without HTTP in between.

moto answers an API call by a method of its service's Response class. Signing, sending, routing and
parsing a request costs ten times as much as the method itself, so it is called directly.
"""

from __future__ import annotations

import importlib
import json
from typing import Any
from urllib.parse import urlparse

from botocore import xform_name
from botocore.model import OperationModel
from moto.core.errors import get_error_model
from moto.core.exceptions import ServiceException as MotoServiceException
from moto.core.responses import ActionResult
from moto.core.utils import get_service_model
from werkzeug.exceptions import HTTPException

from localcloud.api.calls import ApiError

# Services whose response methods take parsed parameters and give plain results.
_RESPONSES = {
    "dynamodb": ("moto.dynamodb.responses", "DynamoHandler"),
    "sqs": ("moto.sqs.responses", "SQSResponse"),
    "events": ("moto.events.responses", "EventsHandler"),
}


class MotoDirect:
    """Runs operations of the services above on moto's state for one account and Region."""

    def __init__(self, account_id: str, region: str) -> None:
        self._account_id = account_id
        self._region = region
        self._classes: dict[str, Any] = {}
        self._supported: dict[tuple[str, str], str | None] = {}

    def method(self, service: str, operation: str) -> str | None:
        """The name of the response method for an operation, or None when it must go the stock way."""
        key = (service, operation)
        if key not in self._supported:
            self._supported[key] = self._find(service, operation)
        return self._supported[key]

    def _find(self, service: str, operation: str) -> str | None:
        where = _RESPONSES.get(service)
        if where is None:
            return None
        if service not in self._classes:
            self._classes[service] = getattr(importlib.import_module(where[0]), where[1])
        name = xform_name(operation)
        return name if hasattr(self._classes[service], name) else None

    def call(self, service: str, method: str, params: dict[str, Any], model: OperationModel | None) -> dict[str, Any]:
        """The operation's result members. Raises ApiError with moto's code, message and modelled fields."""
        response = self._classes[service]()
        response.automated_parameter_parsing = True
        response.params = response.body = params
        response.region, response.partition = self._region, "aws"
        response.current_account, response.access_key = self._account_id, "testing"
        response.uri_match = response.headers = response.querystring = {}
        response.response_headers = {}
        response.path, response.uri = "/", ""
        if service == "sqs":
            response.uri = params.get("QueueUrl", f"https://sqs.{self._region}.amazonaws.com/")
            response.parsed_url = urlparse(response.uri)
        try:
            answer = getattr(response, method)()
        except MotoServiceException as exc:
            raise service_error(service, exc, model) from None
        except HTTPException as exc:
            raise _http_error(exc) from None
        return _result(answer, model)


def service_error(service: str, exc: Any, model: OperationModel | None) -> ApiError:
    code = getattr(exc, "code", None) or type(exc).__name__
    if service == "sqs":  # its JSON protocol still answers with the codes of the query protocol
        known = get_error_model(exc, get_service_model(service))
        names = {"QueryErrorCode": known.name, "Type": "Sender" if known.is_sender_fault else "Receiver"}
        return ApiError(known.error_code, getattr(exc, "message", None) or str(exc), 400, **names)
    fields = {name: value for name, value in vars(exc).items() if name[:1].isupper() and value is not None}
    shape = model.service_model.shape_for_error_code(code) if model is not None else None
    for member in shape.members if shape is not None else ():
        value = getattr(exc, member, None)
        if value is None:
            value = getattr(exc, xform_name(member), None)
        if value is not None and member.lower() != "message":
            fields[member] = _without_none(value)
    return ApiError(code, getattr(exc, "message", None) or str(exc), 400, **fields)


def _http_error(exc: Any) -> ApiError:
    body = exc.description
    try:
        parsed = json.loads(body)
    except (TypeError, ValueError):
        return ApiError(type(exc).__name__, str(body), exc.code)
    code = parsed.get("__type", type(exc).__name__).split("#")[-1]
    fields = {name: value for name, value in parsed.items() if name[:1].isupper() and name != "Message"}
    return ApiError(code, parsed.get("message") or parsed.get("Message") or "", exc.code, **fields)


def _result(answer: Any, model: OperationModel | None) -> dict[str, Any]:
    result: Any
    if isinstance(answer, ActionResult):
        result = answer.result
    elif isinstance(answer, str):
        result = json.loads(answer) if answer else {}
    elif isinstance(answer, tuple):
        body = answer[0] if len(answer) == 2 else answer[2]
        result = json.loads(body) if isinstance(body, str) and body else {}
    else:
        result = answer
    members = model.output_shape.members if model is not None and model.output_shape is not None else None
    return {
        name: value
        for name, value in (result or {}).items()
        if value is not None and (members is None or name in members)
    }


def _without_none(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_none(item) for item in value]
    if isinstance(value, dict):
        return {name: item for name, item in value.items() if item is not None}
    return value
