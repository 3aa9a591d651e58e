"""HTTP and HTTP_PROXY integrations."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from localcloud.net import HttpRequest, HttpResponse
from localcloud.net.plane import HttpTimeout, HttpUnreachable
from localcloud.services.rest_api.definition import Integration
from localcloud.services.rest_api.errors import GatewayError
from localcloud.services.rest_api.exchange import Exchange
from localcloud.services.rest_api.integrations.requests import Mapped
from localcloud.services.rest_api.parameters import request_parameters

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_OWN = ("host", "content-length", "x-api-key")


def call_endpoint(
    cloud: Cloud, exchange: Exchange, integration: Integration, uri: str, mapped: Mapped | None, timeout_us: int
) -> HttpResponse:
    """Send the request on; without `mapped` as it came, with the parameter mappings put in.

    Raises GatewayError INTEGRATION_TIMEOUT or INTEGRATION_FAILURE.
    """
    if mapped is None:
        parameters = request_parameters(exchange, integration.parameters)
        headers = {name: value for name, value in exchange.request.headers.items() if name not in _OWN}
        query = [(name, value) for name, values in exchange.query_lists.items() for value in values]
        body = exchange.request.body
    else:
        parameters = mapped.parameters
        headers = {"content-type": exchange.content_type}
        query = []
        body = mapped.body.encode()
    headers |= {name.lower(): value for name, value in parameters["header"].items()}
    query = [(name, value) for name, value in query if name not in parameters["querystring"]]
    query += list(parameters["querystring"].items())
    target = urlsplit(uri)
    path = target.path or "/"
    for name, value in parameters["path"].items():
        path = path.replace("{" + name + "}", quote(value))
    joined = "&".join(part for part in (target.query, urlencode(query)) if part)
    url = urlunsplit((target.scheme, target.netloc, path, joined, ""))
    verb = exchange.request.method if integration.http_method == "ANY" else integration.http_method
    try:
        return cloud.http.request(HttpRequest(verb, url, headers, body), timeout_us)
    except HttpTimeout:
        raise GatewayError("INTEGRATION_TIMEOUT") from None
    except HttpUnreachable as exc:
        raise GatewayError("INTEGRATION_FAILURE", detail=str(exc)) from None
