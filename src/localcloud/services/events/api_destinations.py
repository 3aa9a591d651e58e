"""API destinations: HTTP endpoints that rules and pipes call with the credentials of a connection."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from moto.events.models import events_backends

from localcloud.api import ApiError
from localcloud.net import HttpRequest, HttpResponse
from localcloud.net.plane import HttpTimeout, HttpUnreachable
from localcloud.services.events.connections import Connections
from localcloud.services.events.connections import parameters as named

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_LIMIT_US = 5_000_000  # "the maximum client execution time-out is 5 seconds"
_UNAUTHORIZED = (401, 407)
_GATEWAY_TIMEOUT, _UNREACHABLE = 504, 502


class ApiDestinations:
    """Calls them. `parameters` are HttpParameters: PathParameterValues, HeaderParameters, QueryStringParameters."""

    def __init__(self, cloud: Cloud, connections: Connections) -> None:
        self._cloud = cloud
        self._connections = connections
        self._rate = int(cloud.facts.value("quota.eventbridge.api_destination_rate"))
        self._next_us: dict[str, int] = {}

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
        own = (connection.auth_parameters or {}).get("InvocationHttpParameters") if connection is not None else None
        query = {**(given.get("QueryStringParameters") or {}), **named(own, "QueryStringParameters")}
        if query:
            url += ("&" if "?" in url else "?") + urlencode(query)
        headers = {
            "content-type": "application/json; charset=utf-8",
            "user-agent": "Amazon/EventBridge/ApiDestinations",
        }
        headers |= {name.lower(): value for name, value in (given.get("HeaderParameters") or {}).items()}
        headers |= self._connections.headers(connection) if connection is not None else {}
        self._await_turn(destination)
        self._cloud.meter.add("events.api_destinations", 1, destination.name)
        body = _with_members(text, named(own, "BodyParameters"))
        try:
            return self._ask(HttpRequest(destination.http_method, url, headers, body.encode()))
        except ApiError as exc:
            if exc.status in _UNAUTHORIZED and connection is not None:
                self._connections.refused(connection)
            raise

    def _await_turn(self, destination: Any) -> None:
        """No more requests a second than the destination is set to."""
        kernel = self._cloud.kernel
        rate = int(getattr(destination, "invocation_rate_limit_per_second", 0) or self._rate)
        while (next_us := self._next_us.get(destination.arn, 0)) > kernel.now_us:
            kernel.sleep(next_us - kernel.now_us)
        self._next_us[destination.arn] = kernel.now_us + 1_000_000 // rate

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


def _with_members(text: str, members: Mapping[str, str]) -> str:
    """The body with the connection's own members, when it is a JSON object."""
    if not members:
        return text
    try:
        body = json.loads(text)
    except ValueError:
        return text
    return json.dumps({**body, **members}, separators=(",", ":")) if isinstance(body, dict) else text
