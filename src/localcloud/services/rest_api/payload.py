"""The event that a Lambda proxy integration sends, and how the function's answer becomes a response."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from localcloud.net import HttpResponse
from localcloud.services.rest_api.exchange import Exchange, matches_media


def forwarded_headers(exchange: Exchange) -> dict[str, str]:
    """The request's headers with those that the gateway adds."""
    context = exchange.context
    return {
        **exchange.request.headers,
        "Host": context["domainName"],
        "X-Amzn-Trace-Id": context["xrayTraceId"],
        "X-Forwarded-For": context["identity"]["sourceIp"],
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
    }


def request_context(exchange: Exchange) -> dict[str, Any]:
    """The requestContext of events: $context without what only templates and logs know."""
    context = exchange.context
    names = (
        "accountId", "apiId", "deploymentId", "domainName", "domainPrefix", "extendedRequestId", "httpMethod",
        "identity", "path", "protocol", "requestId", "requestTime", "requestTimeEpoch", "resourceId",
        "resourcePath", "stage",
    )  # fmt: skip
    found = {name: context[name] for name in names if name in context}
    if "authorizer" in context:
        found["authorizer"] = context["authorizer"]
    return found


def request_fields(exchange: Exchange) -> dict[str, Any]:
    """What events of proxy integrations and of REQUEST authorizers have in common."""
    headers = {name: value for name, value in forwarded_headers(exchange).items() if name != "host"}
    return {
        "resource": exchange.resource.path,
        "path": exchange.context["relativePath"],
        "httpMethod": exchange.request.method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": exchange.query or None,
        "multiValueQueryStringParameters": exchange.query_lists or None,
        "pathParameters": exchange.parameters or None,
        "stageVariables": exchange.stage_variables or None,
        "requestContext": request_context(exchange),
    }


def proxy_event(exchange: Exchange) -> dict[str, Any]:
    """Payload format 1.0 as REST APIs send it."""
    body: str | None = exchange.text if exchange.request.body else None
    if exchange.request.body and exchange.is_binary:
        body = base64.b64encode(exchange.request.body).decode()
    return {
        **request_fields(exchange),
        "body": body,
        "isBase64Encoded": exchange.is_binary and bool(exchange.request.body),
    }


class MalformedProxyResponse(Exception):
    """The function's answer is no proxy response: AWS answers 502."""


_MEMBERS = frozenset({"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"})


def proxy_response(exchange: Exchange, answer: bytes) -> HttpResponse:
    """The response for a function's answer. Raises MalformedProxyResponse.

    A REST API takes only the documented members: any other makes the answer malformed.
    """
    try:
        parsed = json.loads(answer or b"null")
    except ValueError:
        raise MalformedProxyResponse("the answer is not JSON") from None
    if parsed is None:
        parsed = {}
    if not isinstance(parsed, dict):
        raise MalformedProxyResponse("the answer is not a JSON object")
    strange = [name for name in parsed if name not in _MEMBERS]
    if strange:
        raise MalformedProxyResponse(f"the answer has a member {strange[0]!r}")
    status = parsed.get("statusCode", 200)
    if isinstance(status, bool) or not str(status).isdigit() or not 100 <= int(status) <= 599:
        raise MalformedProxyResponse(f"statusCode is {status!r}")
    body = parsed.get("body")
    if body is not None and not isinstance(body, str):
        raise MalformedProxyResponse("the body is not a string")
    content = (body or "").encode()
    if parsed.get("isBase64Encoded") and matches_media(exchange.definition.binary_types, _accepted(exchange)):
        try:
            content = base64.b64decode(body or "", validate=True)
        except binascii.Error:
            raise MalformedProxyResponse("the body is not base64") from None
    return HttpResponse(int(status), _headers(parsed), content)


def _accepted(exchange: Exchange) -> str:
    """The first media type that the client accepts: AWS looks at no other."""
    return exchange.request.headers.get("accept", "*/*").split(",", 1)[0].split(";", 1)[0].strip()


def _headers(parsed: dict[str, Any]) -> dict[str, str]:
    single, many = parsed.get("headers") or {}, parsed.get("multiValueHeaders") or {}
    if not isinstance(single, dict) or not isinstance(many, dict):
        raise MalformedProxyResponse("the headers are not a JSON object")
    headers = {str(name).lower(): _header(value) for name, value in single.items()}
    for name, values in many.items():
        if not isinstance(values, list):
            raise MalformedProxyResponse(f"multiValueHeaders has no list for {name!r}")
        headers[str(name).lower()] = ",".join(_header(value) for value in values)
    headers.setdefault("content-type", "application/json")
    return headers


def _header(value: Any) -> str:
    if isinstance(value, dict | list):
        raise MalformedProxyResponse("a header's value is not a string")
    return value if isinstance(value, str) else json.dumps(value)
