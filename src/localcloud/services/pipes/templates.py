"""What an enrichment or a target gets of a pipe's event.

Source: the EventBridge user guide on input transformation of pipes, with implicit body data parsing.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any

from localcloud.services.events.transform import MISSING, InvalidPath, fill, select

_DYNAMIC = re.compile(r"<(\$[^<>]*)>")
_PARSED = ("body", "data", "value")  # of SQS, Kinesis and Kafka: they may hold JSON as text


def parsed(event: Any) -> Any:
    """The event with its data as JSON, where they are JSON."""
    if not isinstance(event, dict):
        return event
    found = dict(event)
    for name in _PARSED:
        text = event.get(name)
        if isinstance(text, str):
            found[name] = _parsed_text(text, encoded=name != "body")
    return found


def _parsed_text(text: str, encoded: bool) -> Any:
    try:
        plain = base64.b64decode(text, validate=True).decode() if encoded else text
        return json.loads(plain)
    except (ValueError, binascii.Error):
        return text


def transformed(template: str | None, event: Any, context: Mapping[str, str]) -> Any:
    """The event as the template makes it: JSON where that is what comes out, else text."""
    if not template:
        return event
    variables: dict[str, Any] = {f"aws.pipes.{name}": value for name, value in context.items()}
    variables |= {"aws.pipes.event": event, "aws.pipes.event.json": event}
    whole = parsed(event)

    def named(match: re.Match[str]) -> str:
        name = f"path-{len(variables)}"
        variables[name] = _select(whole, match[1])
        return f"<{name}>"

    text = fill(_DYNAMIC.sub(named, template), variables)
    try:
        return json.loads(text)
    except ValueError:
        return text


def _select(event: Any, path: str) -> Any:
    try:
        return select(event, path)
    except InvalidPath:
        return MISSING


def resolved(parameters: Any, event: Any) -> Any:
    """Target parameters with every `$.path` in them replaced by what the event has there."""
    if isinstance(parameters, Mapping):
        return {name: resolved(inner, event) for name, inner in parameters.items()}
    if isinstance(parameters, list):
        return [resolved(inner, event) for inner in parameters]
    if isinstance(parameters, str) and parameters.startswith("$."):
        found = _select(parsed(event), parameters)
        return "" if found is MISSING else found if isinstance(found, str) else json.dumps(found)
    return parameters


def as_text(event: Any) -> str:
    """As a message's body."""
    return event if isinstance(event, str) else json.dumps(event, ensure_ascii=False, separators=(",", ":"))
