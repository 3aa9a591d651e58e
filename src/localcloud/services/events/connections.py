"""Connections: what they add to a request of an API destination, and their OAuth tokens."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from weakref import WeakKeyDictionary

from localcloud.api import ApiError
from localcloud.net import HttpRequest
from localcloud.net.plane import HttpTimeout, HttpUnreachable

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_LIMIT_US = 5_000_000
_EARLY_US = 60_000_000  # a token is renewed a minute before it expires
_LIFETIME_S = 3_600  # when the endpoint does not say


class Connections:
    """Authorizes requests. OAuth tokens are fetched from the connection's endpoint, and kept while they last."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._tokens: WeakKeyDictionary[Any, tuple[int, str]] = WeakKeyDictionary()

    def headers(self, connection: Any) -> dict[str, str]:
        """What the connection adds to a request's headers. Raises ApiError when there is no token to be had."""
        given: Mapping[str, Any] = connection.auth_parameters or {}
        found = parameters(given.get("InvocationHttpParameters"), "HeaderParameters")
        found = {name.lower(): value for name, value in found.items()}
        if key := given.get("ApiKeyAuthParameters"):
            found[key["ApiKeyName"].lower()] = key["ApiKeyValue"]
        if basic := given.get("BasicAuthParameters"):
            pair = f"{basic['Username']}:{basic['Password']}".encode()
            found["authorization"] = "Basic " + base64.b64encode(pair).decode()
        if oauth := given.get("OAuthParameters"):
            found["authorization"] = f"Bearer {self._token(connection, oauth)}"
        return found

    def refused(self, connection: Any) -> None:
        """The endpoint did not take the token: the next request gets a new one."""
        self._tokens.pop(connection, None)

    def _token(self, connection: Any, oauth: Mapping[str, Any]) -> str:
        now_us = self._cloud.kernel.now_us
        kept = self._tokens.get(connection)
        if kept is None or kept[0] <= now_us:
            answer = self._fetch(oauth)
            lifetime_us = int(answer.get("expires_in") or _LIFETIME_S) * 1_000_000
            kept = self._tokens[connection] = (now_us + max(0, lifetime_us - _EARLY_US), str(answer["access_token"]))
        return kept[1]

    def _fetch(self, oauth: Mapping[str, Any]) -> Mapping[str, Any]:
        """The client credentials grant, as a form."""
        more, client = oauth.get("OAuthHttpParameters"), oauth["ClientParameters"]
        form = {
            "grant_type": "client_credentials",
            "client_id": client["ClientID"],
            "client_secret": client.get("ClientSecret", ""),
            **parameters(more, "BodyParameters"),
        }
        query = parameters(more, "QueryStringParameters")
        url = oauth["AuthorizationEndpoint"] + (f"?{urlencode(query)}" if query else "")
        headers = {"content-type": "application/x-www-form-urlencoded"}
        headers |= {name.lower(): value for name, value in parameters(more, "HeaderParameters").items()}
        request = HttpRequest(oauth.get("HttpMethod", "POST"), url, headers, urlencode(form).encode())
        try:
            response = self._cloud.http.request(request, timeout_us=_LIMIT_US)
            answer = json.loads(response.body) if response.status < 400 else None
        except (HttpTimeout, HttpUnreachable, ValueError) as exc:
            raise ApiError("ConnectionFailure", f"No token from {oauth['AuthorizationEndpoint']}: {exc}", 502) from None
        if not isinstance(answer, dict) or "access_token" not in answer:
            raise ApiError("ConnectionFailure", f"No token from {oauth['AuthorizationEndpoint']}.", 502)
        return answer


def parameters(http: Mapping[str, Any] | None, part: str) -> dict[str, str]:
    """Names and values of one part of a connection's HTTP parameters."""
    return {one["Key"]: one["Value"] for one in (http or {}).get(part) or []}
