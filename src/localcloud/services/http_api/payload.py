"""What a function receives from an HTTP API or a function URL, and how its answer becomes a response."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from localcloud.net import HttpRequest, HttpResponse

_ADDRESS = "192.0.2.1"
_NO_IDENTITY = (
    "accessKey", "accountId", "caller", "cognitoAmr", "cognitoAuthenticationProvider", "cognitoAuthenticationType",
    "cognitoIdentityId", "cognitoIdentityPoolId", "principalOrgId", "user", "userArn",
)  # fmt: skip
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TEXT = ("application/json", "application/javascript", "application/xml", "application/x-www-form-urlencoded")


@dataclass(frozen=True, slots=True)
class Context:
    """Where a request arrived. `route_key` is "$default" for function URLs."""

    account_id: str
    api_id: str
    domain: str
    stage: str
    route_key: str
    request_id: str
    at: datetime
    path: str
    parameters: Mapping[str, str]
    stage_variables: Mapping[str, str]
    authorizer: Mapping[str, Any] | None = None  # {"lambda": ...} or {"jwt": ...}: what the route's authorizer gave


def event_v2(request: HttpRequest, context: Context) -> dict[str, Any]:
    """Payload format version 2.0."""
    body, encoded = _body(request)
    headers = {name: value for name, value in _forwarded(request, context).items() if name != "cookie"}
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": context.route_key,
        "rawPath": context.path,
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": {
            "accountId": context.account_id,
            "apiId": context.api_id,
            "domainName": context.domain,
            "domainPrefix": context.domain.split(".")[0],
            "http": {
                "method": request.method,
                "path": context.path,
                "protocol": "HTTP/1.1",
                "sourceIp": _ADDRESS,
                "userAgent": request.headers.get("user-agent", ""),
            },
            "requestId": context.request_id,
            "routeKey": context.route_key,
            "stage": context.stage,
            "time": common_log_time(context.at),
            "timeEpoch": int(context.at.timestamp() * 1_000),
        },
        "isBase64Encoded": encoded,
    }
    if context.authorizer is not None:
        event["requestContext"]["authorizer"] = dict(context.authorizer)
    if "cookie" in request.headers:
        event["cookies"] = [cookie.strip() for cookie in request.headers["cookie"].split(";")]
    query = parse_qsl(request.query, keep_blank_values=True) if request.query else ()
    if query:
        joined: dict[str, str] = {}
        for name, value in query:
            joined[name] = f"{joined[name]},{value}" if name in joined else value
        event["queryStringParameters"] = joined
    if context.parameters:
        event["pathParameters"] = dict(context.parameters)
    if context.stage_variables:
        event["stageVariables"] = dict(context.stage_variables)
    if request.body:
        event["body"] = body
    return event


def event_v1(request: HttpRequest, context: Context) -> dict[str, Any]:
    """Payload format version 1.0, that of REST APIs."""
    body, encoded = _body(request)
    query = parse_qsl(request.query, keep_blank_values=True)
    many: dict[str, list[str]] = {}
    for name, value in query:
        many.setdefault(name, []).append(value)
    resource = context.route_key.split(" ", 1)[-1]
    headers = _forwarded(request, context)
    event: dict[str, Any] = {
        "version": "1.0",
        "resource": resource,
        "path": context.path,
        "httpMethod": request.method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": dict(query) or None,
        "multiValueQueryStringParameters": many or None,
        "requestContext": {
            "accountId": context.account_id,
            "apiId": context.api_id,
            "domainName": context.domain,
            "domainPrefix": context.domain.split(".")[0],
            "extendedRequestId": context.request_id,
            "httpMethod": request.method,
            "identity": {
                **dict.fromkeys(_NO_IDENTITY),
                "sourceIp": _ADDRESS,
                "userAgent": request.headers.get("user-agent", ""),
            },
            "path": context.path,
            "protocol": "HTTP/1.1",
            "requestId": context.request_id,
            "requestTime": common_log_time(context.at),
            "requestTimeEpoch": int(context.at.timestamp() * 1_000),
            "resourceId": context.route_key,
            "resourcePath": resource,
            "stage": context.stage,
        },
        "pathParameters": dict(context.parameters) or None,
        "stageVariables": dict(context.stage_variables) or None,
        "body": body if request.body else None,
        "isBase64Encoded": encoded,
    }
    if context.authorizer is not None:
        given = context.authorizer.get("lambda") or context.authorizer.get("jwt")
        event["requestContext"]["authorizer"] = dict(given or {})
    return event


def _forwarded(request: HttpRequest, context: Context) -> dict[str, str]:
    """The request's headers with those that the gateway adds, in alphabetical order."""
    digits = context.request_id.replace("-", "")
    found = {
        "content-length": str(len(request.body)),
        "host": context.domain,
        **request.headers,
        "x-amzn-trace-id": request.headers.get(
            "x-amzn-trace-id", f"Root=1-{int(context.at.timestamp()):08x}-{digits[:24]}"
        ),
        "x-forwarded-for": _ADDRESS,
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
    }
    return dict(sorted(found.items()))


def common_log_time(at: datetime) -> str:
    """As "%d/%b/%Y:%H:%M:%S +0000", whatever the locale."""
    return f"{at.day:02d}/{_MONTHS[at.month - 1]}/{at.year}:{at.hour:02d}:{at.minute:02d}:{at.second:02d} +0000"


def _body(request: HttpRequest) -> tuple[str, bool]:
    kind = request.headers.get("content-type", "")
    if kind.startswith("text/") or kind.startswith(_TEXT) or not kind:
        try:
            return request.body.decode(), False
        except UnicodeDecodeError:
            pass  # it says text but is not: send it as bytes
    return base64.b64encode(request.body).decode(), True


class MalformedResponse(Exception):
    """The function's answer is not one that can become an HTTP response."""


def response(answer: bytes, version: str) -> HttpResponse:
    """The response for a function's answer. Raises MalformedResponse.

    With format 2.0 an answer without statusCode is the body of a 200 response.
    """
    try:
        parsed = json.loads(answer or b"null")
    except ValueError as exc:
        raise MalformedResponse(str(exc)) from exc
    if not (isinstance(parsed, dict) and "statusCode" in parsed):
        if version == "1.0":
            raise MalformedResponse("no statusCode")
        text = parsed if isinstance(parsed, str) else json.dumps(parsed)
        return HttpResponse(200, {"content-type": "application/json"}, text.encode())
    status = parsed["statusCode"]
    if type(status) is not int or not 100 <= status <= 599:
        if isinstance(status, bool) or not str(status).isdigit() or not 100 <= int(status) <= 599:
            raise MalformedResponse("statusCode is not a number")
        status = int(status)
    single, many = parsed.get("headers") or {}, parsed.get("multiValueHeaders") or {}
    cookies = parsed.get("cookies") or []
    if not (isinstance(single, dict) and isinstance(many, dict) and isinstance(cookies, list)):
        raise MalformedResponse("the headers are not an object, or the cookies are not a list")
    headers = {str(name).lower(): _header(value) for name, value in single.items() if value is not None}
    for name, values in many.items():
        if not isinstance(values, list):
            raise MalformedResponse(f"multiValueHeaders has no list for {name!r}")
        headers[str(name).lower()] = ",".join(_header(value) for value in values)
    if cookies:
        headers["set-cookie"] = ", ".join(_header(cookie) for cookie in cookies)
    headers.setdefault("content-type", "text/plain;charset=UTF-8")
    body = parsed.get("body") or ""
    if not isinstance(body, str):
        raise MalformedResponse("the body is not a string")
    if parsed.get("isBase64Encoded"):
        try:
            return HttpResponse(status, headers, base64.b64decode(body))
        except binascii.Error as exc:
            raise MalformedResponse("the body is not base64") from exc
    return HttpResponse(status, headers, body.encode())


def _header(value: Any) -> str:
    if isinstance(value, dict | list):
        raise MalformedResponse("a header's value is not a string")
    return value if isinstance(value, str) else json.dumps(value)
