"""Parameter mappings: what an HTTP API changes of a request before its integration, and of the answer after it.

Source: the API Gateway developer guide on transforming requests and responses of HTTP APIs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from localcloud.net import HttpRequest, HttpResponse
from localcloud.services.http_api.sources import Sources

_VERBS = ("append", "overwrite", "remove")
_RESTRICTED = (
    "authorization", "connection", "content-encoding", "content-length", "content-location", "forwarded", "keep-alive",
    "origin", "proxy-authenticate", "proxy-authorization", "te", "trailers", "transfer-encoding", "upgrade",
    "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "via",
)  # fmt: skip
_RESTRICTED_STARTS = ("access-control-", "apigw-", "x-amz-", "x-amzn-")

Mappings = Mapping[str, str]


def faults(mappings: Mappings, places: tuple[str, ...]) -> list[str]:
    """What is wrong with them, in API Gateway's words. `places` are those that can be mapped to."""
    found = []
    for key in mappings:
        verb, _, target = key.partition(":")
        place, _, name = target.partition(".")
        whole = place in ("path", "statuscode")
        if verb not in _VERBS or place not in places or bool(name) == whole or (whole and verb != "overwrite"):
            found.append(f"Invalid mapping expression: {key}")
        elif place == "header" and (name.lower() in _RESTRICTED or name.lower().startswith(_RESTRICTED_STARTS)):
            found.append(f"Operations on header {name.lower()} are restricted")
    return found


REQUEST_PLACES, RESPONSE_PLACES = ("header", "querystring", "path"), ("header", "statuscode")


def mapped_request(request: HttpRequest, mappings: Mappings, sources: Sources) -> HttpRequest:
    """The request with other headers, another query string or another path."""
    url = urlsplit(request.url)
    headers, path = dict(request.headers), url.path
    query = parse_qsl(url.query, keep_blank_values=True)
    queried = False
    for key, expression in mappings.items():
        verb, _, target = key.partition(":")
        place, _, name = target.partition(".")
        value = None if verb == "remove" else sources.value(expression)
        if value is None and verb != "remove":
            continue
        if place == "path":
            path = f"/{str(value).lstrip('/')}"
        elif place == "header":
            _map_header(headers, verb, name.lower(), value)
        else:
            queried = True
            if verb != "append":
                query = [pair for pair in query if pair[0] != name]
            query += [(name, value)] if value is not None else []
    text = urlencode(query) if queried else url.query
    return HttpRequest(
        request.method, urlunsplit((url.scheme, url.netloc, path, text, "")), headers, request.body
    )


def mapped_response(
    answer: HttpResponse, mappings: Mapping[str, Any], sources: Callable[[HttpResponse], Sources]
) -> HttpResponse:
    """The answer with other headers or another status, by the mappings of the status that it has."""
    found = _of_status(mappings.get(str(answer.status)))
    if not found:
        return answer
    values = sources(answer)
    headers, status = dict(answer.headers), answer.status
    for key, expression in found.items():
        verb, _, target = key.partition(":")
        place, _, name = target.partition(".")
        value = None if verb == "remove" else values.value(expression)
        if place == "statuscode":
            status = int(value) if value is not None and value.isdigit() else status
        elif verb == "remove" or value is not None:
            _map_header(headers, verb, name.lower(), value)
    return HttpResponse(status, headers, answer.body)


def _of_status(mappings: Any) -> Mappings:
    """The mappings of one status; a template lists them as sources and destinations."""
    if isinstance(mappings, Mapping) and isinstance(mappings.get("ResponseParameters"), list):
        return {one["Destination"]: one["Source"] for one in mappings["ResponseParameters"]}
    return mappings or {}


def of_all_statuses(mappings: Mapping[str, Any]) -> dict[str, str]:
    """Every mapping of answers, to be checked."""
    return {key: value for one in mappings.values() for key, value in _of_status(one).items()}


def _map_header(headers: dict[str, str], verb: str, name: str, value: str | None) -> None:
    if value is None:
        headers.pop(name, None)
    elif verb == "append" and name in headers:
        headers[name] = f"{headers[name]},{value}"
    else:
        headers[name] = value
