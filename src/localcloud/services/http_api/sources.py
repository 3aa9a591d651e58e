"""Values of parameter mappings and identity sources: "$request.header.id", "${context.stage}" and so on."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from localcloud.net import HttpRequest, HttpResponse
from localcloud.services.jsonpath import MISSING, InvalidPath, find
from localcloud.services.variables import look_up

_INLINE = re.compile(r"\$\{([^}]+)\}")


class Sources:
    """Where parameter mappings take their values from: a request, and what its integration answered, if it has."""

    def __init__(
        self,
        request: HttpRequest,
        path_parameters: Mapping[str, str],
        context: Mapping[str, Any],
        stage_variables: Mapping[str, str],
        path: str,
        answer: HttpResponse | None = None,
    ) -> None:
        self._request = request
        self._answer = answer
        self._path_parameters = path_parameters
        self._context = context
        self._stage_variables = stage_variables
        self._path = path

    def value(self, expression: str) -> str | None:
        """The value of "$request.body.id", of text with "${...}" in it, or of plain text; None for a missing one."""
        if _INLINE.search(expression):
            return _INLINE.sub(lambda found: self._selected(found.group(1)) or "", expression)
        return self._selected(expression[1:]) if expression.startswith("$") else expression

    def _selected(self, name: str) -> str | None:
        root, _, rest = name.partition(".")
        if root == "context":
            return _text(look_up(self._context, rest))
        if root == "stageVariables":
            return self._stage_variables.get(rest)
        place, _, key = rest.partition(".")
        message = self._answer if root == "response" else self._request
        if message is None:
            return None
        if place == "body":
            return _in_body(message.body, key)
        if place == "header":
            return message.headers.get(key.lower())
        if place == "querystring":
            values = [value for found, value in parse_qsl(self._request.query, keep_blank_values=True) if found == key]
            return ",".join(values) if values else None
        if place == "path":
            return self._path_parameters.get(key) if key else self._path
        return None


def _in_body(body: bytes, path: str) -> str | None:
    text = body.decode("utf-8", "replace")
    if not path:
        return text
    try:
        found = find(json.loads(text), f"$.{path}")
    except (ValueError, InvalidPath):
        return None
    return None if found is MISSING else _text(found)


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, separators=(",", ":"))
