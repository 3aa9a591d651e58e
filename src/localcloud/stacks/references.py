"""What templates refer to: the names and attributes in Ref, Fn::GetAtt and Fn::Sub."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from localcloud.stacks.parsing import TemplateError

VARIABLE = re.compile(r"\$\{(!?)([^}]+)\}")  # of Fn::Sub: ${Name}, and ${!Literal}
_PARTS = ("Properties", "Metadata", "UpdatePolicy", "CreationPolicy")


class Reference(NamedTuple):
    """One reference. `attribute` is None for the thing itself; it may be a function that is not worked out yet."""

    name: str
    attribute: Any
    function: str


def references(value: Any) -> Iterator[Reference]:
    """Everything that Ref, Fn::GetAtt and Fn::Sub name in `value`, at any depth."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
        return
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        if key == "Ref" and isinstance(inner, str):
            yield Reference(inner, None, key)
        elif key == "Fn::GetAtt":
            name, attribute = split_attribute(inner)
            yield Reference(name, attribute, key)
            yield from references(attribute)
        elif key == "Fn::Sub":
            text, own = (inner[0], inner[1]) if isinstance(inner, list) else (inner, {})
            for literal, name in VARIABLE.findall(text):
                if not literal and name not in own:
                    head, _, attribute = name.strip().partition(".")
                    yield Reference(head, attribute or None, key)
            yield from references(own)
        else:
            yield from references(inner)


def resource_references(resource: Mapping[str, Any]) -> Iterator[Reference]:
    """Everything that a resource names, outside its DependsOn."""
    for part in _PARTS:
        yield from references(resource.get(part) or {})


def needed_first(resource: Mapping[str, Any]) -> list[str]:
    """The names in a resource's DependsOn."""
    named = resource.get("DependsOn") or []
    return [named] if isinstance(named, str) else list(named)


def split_attribute(value: Any) -> tuple[str, Any]:
    """(resource, attribute) of a Fn::GetAtt. Raises TemplateError."""
    parts = value.split(".", 1) if isinstance(value, str) else value
    if not isinstance(parts, list) or len(parts) != 2 or not isinstance(parts[0], str):
        raise TemplateError(
            "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the "
            "resource attribute"
        )
    return parts[0], parts[1]
