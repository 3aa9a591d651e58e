"""Requests and answers in AWS's wire protocols, by the service models.

Routers, parsers and serializers of query, JSON, REST-JSON and REST-XML are moto's; the two protocols in CBOR,
which moto does not speak, are those of `cbor`.
"""

from __future__ import annotations

import gzip
import json
import re
import warnings
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from botocore.utils import parse_timestamp
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import SerializationContext, get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.exceptions import HTTPException

from localcloud.api import ApiError
from localcloud.net import HttpRequest, HttpResponse
from localcloud.server import cbor

FORM = "application/x-www-form-urlencoded"
_CBOR_PATH = re.compile(r"^/service/[^/]+/operation/([^/]+)$")
_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, ResponseParserError)


@dataclass(frozen=True, slots=True)
class WireCall:
    """A request as the service model reads it. `protocol` is the one that it came in."""

    service: str
    operation: str
    protocol: str
    model: Any
    request: Any
    path_params: Mapping[str, Any]


class WireError(Exception):
    """What moto's serializers take for an error of a service: code, message, modelled members as attributes."""

    def __init__(self, code: str, message: str, fields: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.code, self.message = code, message
        for name, value in fields.items():
            setattr(self, name, value)


def route(service: str, request: HttpRequest) -> WireCall:
    """Find the operation that a request is for. Raises ApiError when the service has none such."""
    body, headers = request.body, dict(request.headers)
    if service != "s3" and headers.get("content-encoding") == "gzip":
        try:
            body = gzip.decompress(body)
        except (OSError, EOFError, zlib.error) as exc:
            raise ApiError("SerializationException", f"The request body is not gzip: {exc}", 400) from exc
        del headers["content-encoding"]
    model = get_service_model(service)
    rpc = _CBOR_PATH.match(request.path)
    if rpc is not None and headers.get("smithy-protocol") == "rpc-v2-cbor":
        made = Request.from_primitives(request.method, request.url, headers, body)
        if rpc[1] not in model.operation_names:
            raise _unknown(service, model.protocol, rpc[1])
        return WireCall(service, rpc[1], cbor.RPC, model.operation_model(rpc[1]), made, {})
    by_type = cbor.JSON_TYPES.get(headers.get("content-type", ""))
    if by_type is not None:  # JSON's headers around a body in CBOR
        headers["content-type"] = by_type
    if str(model.resolved_protocol if model.protocol == cbor.RPC else model.protocol).startswith("rest-"):
        # the payload's own type says nothing about the protocol
        sent_type = headers.pop("content-type", None) if service != "s3" else None
    else:
        sent_type = None
    made = Request.from_primitives(request.method, request.url, headers, body)
    try:
        operation, path_params = get_service_router(service).match(made)
    except (HTTPException, NotImplementedError, *_UNREADABLE):
        raise _unknown(service, model.protocol, _named(request)) from None
    protocol = cbor.JSON if by_type is not None else determine_request_protocol(model, made.content_type)
    if sent_type is not None and not sent_type.startswith(FORM):  # a payload that is read as a form is gone
        made = Request.from_primitives(request.method, request.url, {**headers, "content-type": sent_type}, body)
    return WireCall(service, operation.name, protocol, operation, made, path_params)


def _named(request: HttpRequest) -> str:
    """The operation that the request names, for a message."""
    target = request.headers.get("x-amz-target", "")
    if target:
        return target.rsplit(".", 1)[-1]
    found = re.search(rb"(?:^|&)Action=([A-Za-z0-9]+)", request.body or request.query.encode())
    return found[1].decode() if found else f"{request.method} {request.path}"


def _unknown(service: str, protocol: str, operation: str) -> ApiError:
    if protocol in ("query", "ec2"):
        return ApiError("InvalidAction", f"Could not find operation {operation} for version of {service}.", 400)
    status = 404 if protocol.startswith("rest-") else 400
    return ApiError("UnknownOperationException", f"{service} has no operation {operation}.", status)


def parameters(call: WireCall) -> dict[str, Any]:
    """The operation's parameters. Raises ApiError for a body that cannot be read."""
    request = call.request
    try:
        if call.protocol in cbor.PROTOCOLS:
            return cbor.read(request.data, call.model.input_shape, call.protocol)
        check_body(call)
        parser_class: Any = PROTOCOL_PARSERS[call.protocol]
        parsed = parser_class(call.model, timestamp_parser=parse_timestamp).parse(
            {
                "method": request.method,
                "values": request.values,
                "headers": request.headers,
                "body": request.data,
                "url_path": request.path,
                "url_params": call.path_params,
            }
        )
    except _UNREADABLE as exc:
        raise ApiError("SerializationException", f"The request cannot be read: {exc}", 400) from exc
    found: dict[str, Any] = _present(parsed)
    return found


def check_body(call: WireCall) -> None:
    """Raises ApiError for a body that is not the JSON that the operation takes: moto would go on, or break."""
    if call.protocol not in ("json", "rest-json") or not call.request.data:
        return
    shape = call.model.input_shape
    payload = shape.serialization.get("payload") if shape is not None else None
    if payload is not None and shape.members[payload].type_name in ("blob", "string"):
        return
    try:
        fits = isinstance(json.loads(call.request.data), dict)
    except ValueError as exc:
        raise ApiError("SerializationException", f"The request body is not JSON: {exc}", 400) from exc
    if not fits:
        raise ApiError("SerializationException", "The request body is no JSON object.", 400)


def _present(value: Any) -> Any:
    """Without members that the request left out."""
    if isinstance(value, dict):
        return {name: _present(inner) for name, inner in value.items() if inner is not None}
    return [_present(inner) for inner in value] if isinstance(value, list) else value


def answer(call: WireCall, result: dict[str, Any], request_id: str) -> HttpResponse:
    """The result members of an operation, as the client expects them."""
    if call.protocol in cbor.PROTOCOLS:
        return _cbor(call, 200, cbor.write(result, call.model.output_shape, call.protocol), request_id)
    plain = {n: _readable(call, n, v) for n, v in result.items() if v is not None and n != "ResponseMetadata"}
    return _respond(call, plain, request_id, None)


def _readable(call: WireCall, name: str, value: Any) -> Any:
    if hasattr(value, "read"):
        return value.read()
    if isinstance(value, dict) and call.model.output_shape.members[name].type_name == "string":
        return json.dumps(value)  # documents that botocore has decoded already, such as a template
    return value


def failure(call: WireCall, error: ApiError, request_id: str) -> HttpResponse:
    """An error of the service, in the shape of the protocol."""
    if call.protocol in cbor.PROTOCOLS:
        shape = get_service_model(call.service).shape_for_error_code(error.code)
        body = cbor.text_map({"__type": shape.name if shape is not None else error.code, "message": error.message})
        response = _cbor(call, error.status, body, request_id)
        fault = "Receiver" if error.status >= 500 else "Sender"
        headers = {**response.headers, "x-amzn-query-error": f"{error.code};{fault}"}
        return HttpResponse(response.status, headers, response.body)
    return _respond(call, WireError(error.code, error.message, error.fields), request_id, error.status)


def from_client_error(error: ClientError) -> ApiError:
    """The ApiError in what a boto3 client raised."""
    parsed = error.response
    fields = {n: v for n, v in parsed.items() if n not in ("Error", "ResponseMetadata", "message", "Message")}
    status = int(parsed.get("ResponseMetadata", {}).get("HTTPStatusCode", 400))
    return ApiError(parsed["Error"]["Code"], parsed["Error"].get("Message", ""), status, **fields)


def _respond(call: WireCall, result: Any, request_id: str, status: int | None) -> HttpResponse:
    serializer = get_serializer_class(call.service, call.protocol)(call.model, SerializationContext(request_id))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that an error is in no model: AWS answers with such codes too
        made = serializer.serialize(result)
    body: Any = made["body"]
    headers = {str(name).lower(): str(value) for name, value in made["headers"].items()}
    headers["x-amzn-requestid"] = request_id
    return HttpResponse(
        status or made["status_code"], headers, body.encode() if isinstance(body, str) else bytes(body or b"")
    )


def _cbor(call: WireCall, status: int, body: bytes, request_id: str) -> HttpResponse:
    headers = {"x-amzn-requestid": request_id, **cbor.HEADERS[call.protocol]}
    return HttpResponse(status, headers, body)
