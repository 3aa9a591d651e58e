"""HTTP Tasks: calls of HTTPS APIs with the credentials of an EventBridge connection.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from moto.events.models import events_backends

from localcloud.api import ApiError
from localcloud.net import HttpRequest, HttpResponse
from localcloud.net.plane import HttpTimeout, HttpUnreachable
from localcloud.services.events.connections import parameters
from localcloud.services.states.errors import RUNTIME, StateFailed

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_SOCKET = "States.Http.Socket"
_FORM = "application/x-www-form-urlencoded"


def http_invoke(cloud: Cloud, arguments: Any) -> dict[str, Any]:
    """One request: ApiEndpoint, Method, Authentication, Headers, QueryParameters, RequestBody, Transform.

    Raises StateFailed: States.Http.Socket, or States.Http.StatusCode.NNN for any status but 2xx.
    """
    given = arguments if isinstance(arguments, dict) else {}
    for name in ("ApiEndpoint", "Method"):
        if not given.get(name):
            raise StateFailed(RUNTIME, f"The field {name} is required by arn:aws:states:::http:invoke.")
    connection = _connection(cloud, given)
    headers = {str(name).lower(): str(value) for name, value in (given.get("Headers") or {}).items()}
    own = (connection.auth_parameters or {}).get("InvocationHttpParameters")
    query = {**_values(given.get("QueryParameters")), **parameters(own, "QueryStringParameters")}
    url = given["ApiEndpoint"]
    if query:
        url += ("&" if "?" in url else "?") + urlencode(query, doseq=True, quote_via=quote)
    body = _body(given, parameters(own, "BodyParameters"), headers)
    headers |= {"user-agent": "Amazon|StepFunctions|HttpInvoke|" + cloud.region, "range": "bytes=0-262144"}
    try:
        headers |= cloud.events.connections.headers(connection)
    except ApiError as exc:
        raise StateFailed("Events.ConnectionResource.InvalidConnectionState", exc.message) from None
    limit_us = int(cloud.facts.value("quota.sfn.http_task_s")) * 1_000_000
    try:
        response = cloud.http.request(HttpRequest(given["Method"].upper(), url, headers, body), timeout_us=limit_us)
    except (HttpTimeout, HttpUnreachable) as exc:
        raise StateFailed(_SOCKET, str(exc)) from None
    if not 200 <= response.status < 300:
        cause = response.body.decode(errors="replace")
        raise StateFailed(f"States.Http.StatusCode.{response.status}", cause)
    return _answer(response)


def _connection(cloud: Cloud, given: Mapping[str, Any]) -> Any:
    authentication = given.get("Authentication") or given.get("InvocationConfig") or {}
    arn = authentication.get("ConnectionArn")
    if not arn:
        raise StateFailed(RUNTIME, "The field Authentication is required by arn:aws:states:::http:invoke.")
    backend = events_backends[cloud.account_id][cloud.region]
    found = next((one for one in backend.connections.values() if one.arn == arn), None)
    if found is None:
        message = f"Connection {arn} does not exist."
        raise StateFailed("Events.ConnectionResource.NotFoundException", message)
    return found


def _values(given: Any) -> dict[str, Any]:
    return dict(given) if isinstance(given, dict) else {}


def _body(given: Mapping[str, Any], extra: Mapping[str, str], headers: dict[str, str]) -> bytes:
    """The request's body as the Transform says; `extra`, the connection's body parameters, joins an object."""
    body = given.get("RequestBody")
    if extra and (body is None or isinstance(body, dict)):
        body = {**(body or {}), **extra}
    if body is None:
        return b""
    transform = given.get("Transform") or {}
    if transform.get("RequestBodyEncoding") == "URL_ENCODED" or headers.get("content-type", "").startswith(_FORM):
        headers["content-type"] = _FORM
        options = transform.get("RequestEncodingOptions") or {}
        return urlencode(_pairs(body, options.get("ArrayFormat", "INDICES"))).encode()
    headers.setdefault("content-type", "application/json")
    return body.encode() if isinstance(body, str) else json.dumps(body, separators=(",", ":")).encode()


def _pairs(body: Any, arrays: str) -> list[tuple[str, str]]:
    """Form fields; how lists are written is ArrayFormat's to say."""
    found: list[tuple[str, str]] = []
    for name, value in (body if isinstance(body, dict) else {}).items():
        if not isinstance(value, list):
            found.append((name, value if isinstance(value, str) else json.dumps(value)))
        elif arrays == "COMMAS":
            found.append((name, ",".join(map(str, value))))
        elif arrays != "NONE":
            for number, item in enumerate(value):
                key = {"BRACKETS": f"{name}[]", "REPEAT": name}.get(arrays, f"{name}[{number}]")
                found.append((key, str(item)))
    return found


def _answer(response: HttpResponse) -> dict[str, Any]:
    text = response.body.decode(errors="replace")
    body: Any = text
    if "json" in response.headers.get("content-type", "json"):
        try:
            body = json.loads(text)
        except ValueError:
            body = text
    try:
        phrase = HTTPStatus(response.status).phrase
    except ValueError:
        phrase = ""
    headers = {name: [value] for name, value in response.headers.items()}
    return {"Headers": headers, "ResponseBody": body, "StatusCode": response.status, "StatusText": phrase}
