"""API destinations: HTTP endpoints that rules and pipes call with the credentials of a connection."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from moto.events.models import events_backends

from localcloud.api import ApiError
from localcloud.net import HttpRequest, HttpResponse
from localcloud.net.plane import HttpTimeout, HttpUnreachable

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_LIMIT_US = 5_000_000  # "the maximum client execution time-out is 5 seconds"
_GATEWAY_TIMEOUT, _UNREACHABLE = 504, 502


class ApiDestinations:
    """Calls them. `parameters` are HttpParameters: PathParameterValues, HeaderParameters, QueryStringParameters."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def call(self, arn: str, text: str, parameters: Mapping[str, Any] | None = None) -> HttpResponse:
        """One request. Raises ApiError: ResourceNotFoundException, or what stands for a status of 400 and more."""
        backend = events_backends[self._cloud.account_id][self._cloud.region]
        destination = next((one for one in backend.destinations.values() if one.arn == arn), None)
        if destination is None:
            raise ApiError("ResourceNotFoundException", f"{arn} does not exist.", 404)
        connection = next((one for one in backend.connections.values() if one.arn == destination.connection_arn), None)
        given = parameters or {}
        url = destination.invocation_endpoint
        for value in given.get("PathParameterValues") or []:
            url = url.replace("*", quote(value, safe=""), 1)
        query = given.get("QueryStringParameters") or {}
        if query:
            url += ("&" if "?" in url else "?") + urlencode(query)
        headers = {
            "content-type": "application/json; charset=utf-8",
            "user-agent": "Amazon/EventBridge/ApiDestinations",
        }
        headers |= {name.lower(): value for name, value in (given.get("HeaderParameters") or {}).items()}
        headers |= connection_headers(connection) if connection is not None else {}
        self._cloud.meter.add("events.api_destinations", 1, destination.name)
        return self._ask(HttpRequest(destination.http_method, url, headers, text.encode()))

    def _ask(self, request: HttpRequest) -> HttpResponse:
        try:
            response = self._cloud.http.request(request, timeout_us=_LIMIT_US)
        except HttpTimeout as exc:
            raise ApiError("InvocationTimeout", str(exc), _GATEWAY_TIMEOUT) from None
        except HttpUnreachable as exc:
            raise ApiError("ConnectionFailure", str(exc), _UNREACHABLE) from None
        if response.status >= 400:
            code = "ThrottlingException" if response.status == 429 else f"HTTP {response.status}"
            told = response.body.decode(errors="replace")
            raise ApiError(code, f"{request.host} answered {response.status}: {told}", response.status)
        return response


def connection_headers(connection: Any) -> dict[str, str]:
    """The headers of a connection's authorization. The local cloud fetches no OAuth tokens."""
    given: Mapping[str, Any] = connection.auth_parameters or {}
    found = {name.lower(): value for name, value in connection_parameters(connection, "HeaderParameters").items()}
    if key := given.get("ApiKeyAuthParameters"):
        found[key["ApiKeyName"].lower()] = key["ApiKeyValue"]
    if basic := given.get("BasicAuthParameters"):
        pair = f"{basic['Username']}:{basic['Password']}".encode()
        found["authorization"] = "Basic " + base64.b64encode(pair).decode()
    return found


def connection_parameters(connection: Any, kind: str) -> dict[str, str]:
    """What a connection adds to each request: HeaderParameters, QueryStringParameters or BodyParameters."""
    given: Mapping[str, Any] = connection.auth_parameters or {}
    return {one["Key"]: one["Value"] for one in (given.get("InvocationHttpParameters") or {}).get(kind) or []}
