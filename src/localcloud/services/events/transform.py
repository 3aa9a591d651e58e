"""What a target receives: the event, a part of it, a constant, or a filled-in template."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_VARIABLE = re.compile(r"<([A-Za-z0-9_.\-]+)>")
_STEP = re.compile(r"\.([A-Za-z0-9_\-]+)|\[(\d+|\*|'[^']+'|\"[^\"]+\")\]")
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))  # made once: it is dear to make
MISSING = object()


class InvalidPath(ValueError):
    """Not a JSONPath EventBridge takes: "$" followed by .member, ['member'] and [index] steps."""


def target_input(target: Mapping[str, Any], event: Mapping[str, Any], rule: Any) -> str:
    """The text that the target of `rule` (its `name` and `arn` are looked at) gets for `event`. Raises InvalidPath."""
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        found = select(event, target["InputPath"])
        return _compact(None if found is MISSING else found)
    transformer = target.get("InputTransformer")
    if not transformer:
        return _compact(event)
    variables = {name: select(event, path) for name, path in (transformer.get("InputPathsMap") or {}).items()}
    variables |= {
        "aws.events.rule-arn": rule.arn,
        "aws.events.rule-name": rule.name,
        "aws.events.event.ingestion-time": event.get("time", ""),
        "aws.events.event": {key: value for key, value in event.items() if key != "detail"},
        "aws.events.event.json": event,
    }
    return fill(transformer["InputTemplate"], variables)


def fill(template: str, variables: Mapping[str, Any]) -> str:
    """The template with its <variables>.

    Inside quotes a variable is text. Outside, in a JSON template, it is a JSON value. A variable whose path
    found nothing leaves nothing behind in text, and null as a value.
    """
    is_json = template.lstrip()[:1] in ("{", "[", '"')
    pieces: list[str] = []
    position, quoted = 0, False
    for match in _VARIABLE.finditer(template):
        before = template[position : match.start()]
        quoted ^= _quotes(before) % 2 == 1
        pieces.append(before)
        position = match.end()
        if match[1] not in variables:
            pieces.append(match[0])  # not a variable: it stays as it is
            continue
        value = variables[match[1]]
        if quoted or not is_json:
            pieces.append(_as_text(value, quoted))
        else:
            pieces.append(_compact(None if value is MISSING else value))
    pieces.append(template[position:])
    return "".join(pieces)


def variables_of(template: str) -> tuple[str, ...]:
    """The names in angle brackets."""
    return tuple(match[1] for match in _VARIABLE.finditer(template))


def _quotes(text: str) -> int:
    """Quotation marks that are not escaped."""
    return len(re.findall(r'(?<!\\)(?:\\\\)*"', text))


def _as_text(value: Any, quoted: bool) -> str:
    if value is MISSING or value is None:
        return ""
    text = value if isinstance(value, str) else _compact(value)
    return json.dumps(text, ensure_ascii=False)[1:-1] if quoted and isinstance(value, str) else text.replace('"', "")


def select(value: Any, path: str) -> Any:
    """What a JSONPath finds; a private marker when it finds nothing. Raises InvalidPath."""
    if not path.startswith("$"):
        raise InvalidPath(f"JSONPath {path!r} must start with $.")
    position = 1
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None:
            raise InvalidPath(f"JSONPath {path!r} cannot be read at {path[position:]!r}.")
        position = match.end()
        step = match[1] or match[2]
        if match[1] is None and step.isdigit():
            if not isinstance(value, list) or int(step) >= len(value):
                return MISSING
            value = value[int(step)]
        elif step == "*":
            if not isinstance(value, list):
                return MISSING
        else:
            name = step.strip("'\"")
            if not isinstance(value, Mapping) or name not in value:
                return MISSING
            value = value[name]
    return value


def _compact(value: Any) -> str:
    return _ENCODER.encode(value)
