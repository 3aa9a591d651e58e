"""The operations of an OpenAPI document as tools, and the requests that calling them means.

OpenAPI 3.0 and 3.1 with JSON bodies. Each operation with an operationId is a tool of that name. Its parameters and
the members of its request body are the tool's arguments, side by side; a body that is no object is the argument
`body`. References within the document are followed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import yaml

from localcloud.net import HttpRequest

_VERBS = ("get", "put", "post", "delete", "patch")
_PLACES = ("path", "query", "header")
_JSON = "application/json"
_DEEP = 20  # of references: deeper ones are a circle


class InvalidDocument(Exception):
    """The document cannot be served; the text says why."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `places` says where each parameter goes; `body` is None, "" for members side by side, or the
    argument that is the whole body.
    """

    method: str
    url: str
    definition: Mapping[str, Any]
    places: Mapping[str, str]
    body: str | None

    def request(self, arguments: Mapping[str, Any]) -> HttpRequest:
        """The request that a call with these arguments makes; arguments that nothing names go into no place."""
        given = {place: self._of(arguments, place) for place in _PLACES}
        url = self.url
        for name, value in given["path"].items():
            url = url.replace("{" + name + "}", quote(_text(value), safe=""))
        if given["query"]:
            url += "?" + urlencode({name: _text(value) for name, value in given["query"].items()})
        headers = {"accept": _JSON, "host": urlsplit(url).netloc}
        headers |= {name.lower(): _text(value) for name, value in given["header"].items()}
        content = b""
        if self.body is not None:
            known = {name: value for name, value in arguments.items() if name not in self.places}
            content = json.dumps(known if self.body == "" else arguments.get(self.body)).encode()
            headers["content-type"] = _JSON
        return HttpRequest(self.method, url, headers, content)

    def _of(self, arguments: Mapping[str, Any], place: str) -> dict[str, Any]:
        return {name: arguments[name] for name, where in self.places.items() if where == place and name in arguments}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(_text, value)) if isinstance(value, list) else str(value)


def operations(text: str) -> list[Operation]:
    """The document's operations in its order. Raises InvalidDocument."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as exc:
        raise InvalidDocument(f"the document is neither JSON nor YAML: {exc}") from exc
    version = str(document.get("openapi", "")) if isinstance(document, dict) else ""
    if not version.startswith(("3.0", "3.1")):
        raise InvalidDocument(f"expected OpenAPI 3.0 or 3.1, found {version or 'none'}")
    servers = document.get("servers") or ()
    base = servers[0].get("url", "") if servers else ""
    if not urlsplit(base).scheme or not urlsplit(base).hostname:
        raise InvalidDocument(f"the first server needs a whole URL, found {base!r}")
    found = list(_operations(document, base.rstrip("/")))
    if not found:
        raise InvalidDocument("no operation has an operationId")
    names = [operation.definition["name"] for operation in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InvalidDocument(f"the operationId {twice} stands twice")
    return found


def _operations(document: Mapping[str, Any], base: str) -> Iterator[Operation]:
    for path, item in (document.get("paths") or {}).items():
        for verb in _VERBS:
            operation = item.get(verb)
            if isinstance(operation, dict) and operation.get("operationId"):
                shared = item.get("parameters") or ()
                yield _operation(
                    document, verb, base + path, operation, [*shared, *(operation.get("parameters") or ())]
                )


def _operation(
    document: Mapping[str, Any], verb: str, url: str, operation: Mapping[str, Any], given: list[Mapping[str, Any]]
) -> Operation:
    properties: dict[str, Any] = {}
    required: list[str] = []
    places: dict[str, str] = {}
    for parameter in (_resolved(document, each) for each in given):
        if parameter["in"] not in _PLACES:  # cookies are not supported
            continue
        name = parameter["name"]
        places[name] = parameter["in"]
        described = {"description": parameter["description"]} if "description" in parameter else {}
        properties[name] = {**_resolved(document, parameter.get("schema") or {"type": "string"}), **described}
        if parameter.get("required"):
            required.append(name)
    body = _body(document, operation, properties, required)
    definition = {
        "name": operation["operationId"],
        "description": operation.get("description") or operation.get("summary") or "",
        "inputSchema": {"type": "object", "properties": properties, "required": list(dict.fromkeys(required))},
    }
    return Operation(verb.upper(), url, definition, places, body)


def _body(
    document: Mapping[str, Any], operation: Mapping[str, Any], properties: dict[str, Any], required: list[str]
) -> str | None:
    """Add the request body to the arguments; what `Operation.body` is for it."""
    if "requestBody" not in operation:
        return None
    request = _resolved(document, operation["requestBody"])
    content = request.get("content") or {}
    if _JSON not in content:
        raise InvalidDocument(f"{operation['operationId']}: only {_JSON} bodies are supported, found {list(content)}")
    schema = _resolved(document, content[_JSON].get("schema") or {})
    if schema.get("type") == "object" and schema.get("properties"):
        properties |= schema["properties"]
        required += schema.get("required") or ()
        return ""
    properties["body"] = schema
    if request.get("required"):
        required.append("body")
    return "body"


def _resolved(document: Mapping[str, Any], value: Any, depth: int = 0) -> Any:
    """A part of the document with its references followed. Raises InvalidDocument."""
    if depth > _DEEP:
        raise InvalidDocument("its references go in a circle")
    if isinstance(value, dict):
        reference = value.get("$ref")
        if isinstance(reference, str):
            return _resolved(document, _referred(document, reference), depth + 1)
        for keyword in ("oneOf", "anyOf", "allOf"):
            if keyword in value:
                raise InvalidDocument(f"{keyword} is not supported")
        return {name: _resolved(document, inner, depth + 1) for name, inner in value.items()}
    return [_resolved(document, inner, depth + 1) for inner in value] if isinstance(value, list) else value


def _referred(document: Mapping[str, Any], reference: str) -> Any:
    found: Any = document
    for part in reference.removeprefix("#/").split("/"):
        found = found.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
    if found is None or not reference.startswith("#/"):
        raise InvalidDocument(f"{reference} refers to nothing in the document")
    return found
