"""Requests and answers in AWS's wire protocols, by the service models.

Routers, parsers and serializers of query, JSON, REST-JSON and REST-XML are moto's; CBOR (smithy-rpc-v2-cbor),
which moto does not speak, is put together from the client side of botocore.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from botocore.parsers import RpcV2CBORParser
from botocore.serialize import CBORSerializer
from botocore.utils import parse_timestamp
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import SerializationContext, get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.exceptions import HTTPException

from localcloud.api import ApiError
from localcloud.net import HttpRequest, HttpResponse

CBOR = "smithy-rpc-v2-cbor"
_CBOR_PATH = re.compile(r"^/service/[^/]+/operation/([^/]+)$")


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
        body = gzip.decompress(body)
        del headers["content-encoding"]
    model = get_service_model(service)
    rpc = _CBOR_PATH.match(request.path)
    if rpc is not None and headers.get("smithy-protocol") == "rpc-v2-cbor":
        made = Request.from_primitives(request.method, request.url, headers, body)
        if rpc[1] not in model.operation_names:
            raise _unknown(service, model.protocol, rpc[1])
        return WireCall(service, rpc[1], CBOR, model.operation_model(rpc[1]), made, {})
    if str(model.resolved_protocol if model.protocol == CBOR else model.protocol).startswith("rest-"):
        # the payload's own type says nothing about the protocol
        sent_type = headers.pop("content-type", None) if service != "s3" else None
    else:
        sent_type = None
    made = Request.from_primitives(request.method, request.url, headers, body)
    try:
        operation, path_params = get_service_router(service).match(made)
    except (HTTPException, NotImplementedError):
        raise _unknown(service, model.protocol, _named(request)) from None
    protocol = determine_request_protocol(model, made.content_type)
    if sent_type is not None:
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
        if call.protocol == CBOR:
            if not request.data:
                return {}
            parser = RpcV2CBORParser()
            return dict(parser.parse_data_item(parser.get_peekable_stream_from_bytes(request.data)))
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
    except (ValueError, TypeError, KeyError, AttributeError) as exc:
        raise ApiError("SerializationException", f"The request cannot be read: {exc}", 400) from exc
    found: dict[str, Any] = _present(parsed)
    return found


def _present(value: Any) -> Any:
    """Without members that the request left out."""
    if isinstance(value, dict):
        return {name: _present(inner) for name, inner in value.items() if inner is not None}
    return [_present(inner) for inner in value] if isinstance(value, list) else value


def answer(call: WireCall, result: dict[str, Any], request_id: str) -> HttpResponse:
    """The result members of an operation, as the client expects them."""
    if call.protocol == CBOR:
        return _cbor(200, _encode(result, call.model.output_shape), request_id)
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
    if call.protocol == CBOR:
        shape = get_service_model(call.service).shape_for_error_code(error.code)
        body = bytearray()
        members = {"__type": shape.name if shape is not None else error.code, "message": error.message}
        _cbor_map(body, members)
        response = _cbor(error.status, bytes(body), request_id)
        return HttpResponse(
            response.status, {**response.headers, "x-amzn-query-error": f"{error.code};Sender"}, response.body
        )
    return _respond(call, WireError(error.code, error.message, error.fields), request_id, error.status)


def from_client_error(error: ClientError) -> ApiError:
    """The ApiError in what a boto3 client raised."""
    parsed = error.response
    fields = {n: v for n, v in parsed.items() if n not in ("Error", "ResponseMetadata", "message", "Message")}
    status = int(parsed.get("ResponseMetadata", {}).get("HTTPStatusCode", 400))
    return ApiError(parsed["Error"]["Code"], parsed["Error"].get("Message", ""), status, **fields)


def _respond(call: WireCall, result: Any, request_id: str, status: int | None) -> HttpResponse:
    serializer = get_serializer_class(call.service, call.protocol)(call.model, SerializationContext(request_id))
    made = serializer.serialize(result)
    body: Any = made["body"]
    headers = {str(name).lower(): str(value) for name, value in made["headers"].items()}
    headers["x-amzn-requestid"] = request_id
    return HttpResponse(
        status or made["status_code"], headers, body.encode() if isinstance(body, str) else bytes(body or b"")
    )


def _cbor(status: int, body: bytes, request_id: str) -> HttpResponse:
    headers = {"content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor", "x-amzn-requestid": request_id}
    return HttpResponse(status, headers, body)


def _encode(result: Mapping[str, Any], shape: Any) -> bytes:
    body = bytearray()
    if shape is None:
        _cbor_map(body, {})
    else:
        plain = {name: value for name, value in result.items() if name in shape.members and value is not None}
        CBORSerializer()._serialize_data_item(body, plain, shape)
    return bytes(body)


def _cbor_map(body: bytearray, members: Mapping[str, str]) -> None:
    serializer = CBORSerializer()
    body.append(serializer.MAP_MAJOR_TYPE << 5 | len(members))
    for name, value in members.items():
        serializer._serialize_type_string(body, name, None, None)
        serializer._serialize_type_string(body, value, None, None)
