"""Parameter mappings: where a header, a query parameter or a path variable takes its value from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from localcloud.services.jsonpath import MISSING, InvalidPath, find
from localcloud.services.rest_api.exchange import Exchange
from localcloud.services.variables import look_up


def request_parameters(exchange: Exchange, mapping: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Values by place ("header", "querystring", "path") for an integration request."""
    found: dict[str, dict[str, str]] = {"header": {}, "querystring": {}, "path": {}}
    for target, source in mapping.items():
        _, _, place, name = target.split(".", 3)
        value = request_value(exchange, source)
        if value is not None and place in found:
            found[place][name] = value
    return found


def request_value(exchange: Exchange, source: str) -> str | None:
    """The value of an expression over the method request; None when there is none."""
    if source.startswith("'"):
        return source[1:-1]
    if source.startswith("context."):
        return _text(look_up(exchange.context, source.removeprefix("context.")))
    if source.startswith("stageVariables."):
        return exchange.stage_variables.get(source.removeprefix("stageVariables."))
    if source == "method.request.body":
        return exchange.text
    if source.startswith("method.request.body."):
        return _in_body(exchange.text, "$." + source.removeprefix("method.request.body."))
    place, _, name = source.removeprefix("method.request.").partition(".")
    if place == "header":
        return exchange.request.headers.get(name.lower())
    if place == "multivalueheader":
        found = exchange.request.headers.get(name.lower())
        return None if found is None else json.dumps([found])
    if place == "querystring":
        return exchange.query.get(name)
    if place == "multivaluequerystring":
        values = exchange.query_lists.get(name)
        return None if values is None else ",".join(values)
    return exchange.parameters.get(name) if place == "path" else None


def response_headers(
    exchange: Exchange, mapping: Mapping[str, str], headers: Mapping[str, str], body: str
) -> dict[str, str]:
    """Headers of the method response, names in lower case."""
    found: dict[str, str] = {}
    for target, source in mapping.items():
        name = target.split(".", 3)[-1].lower()
        value: str | None
        if source.startswith("integration.response.header."):
            value = headers.get(source.split(".", 3)[-1].lower())
        elif source == "integration.response.body":
            value = body
        elif source.startswith("integration.response.body."):
            value = _in_body(body, "$." + source.removeprefix("integration.response.body."))
        else:
            value = request_value(exchange, source)
        if value is not None:
            found[name] = value
    return found


def _in_body(body: str, path: str) -> str | None:
    try:
        found = find(json.loads(body), path)
    except (ValueError, InvalidPath):
        return None
    return None if found is MISSING else _text(found)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"))
