"""The AWS::LanguageExtensions transform: Fn::ForEach is unrolled here; the other functions work once it is named.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-aws-languageextensions.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from localcloud.stacks.parsing import TemplateError

LANGUAGE_EXTENSIONS = "AWS::LanguageExtensions"
LOOP = "Fn::ForEach::"
_NOT_ALPHANUMERIC = re.compile(r"[^A-Za-z0-9]")


def unrolled(template: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
    """The template without loops. Raises TemplateError for a loop that is not written as one."""
    found: dict[str, Any] = _Loops(parameters, template.get("Mappings") or {}).unroll(dict(template))
    return found


class _Loops:
    def __init__(self, parameters: Mapping[str, str], mappings: Mapping[str, Any]) -> None:
        self._parameters = parameters
        self._mappings = mappings

    def unroll(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.unroll(item) for item in value]
        if not isinstance(value, dict):
            return value
        found: dict[str, Any] = {}
        for key, inner in value.items():
            if not key.startswith(LOOP):
                found[key] = self.unroll(inner)
                continue
            for name, part in self._loop(key, inner).items():
                if name in found:
                    raise TemplateError(f"Fn::ForEach {key.removeprefix(LOOP)} makes {name} twice.")
                found[name] = part
        return found

    def _loop(self, key: str, loop: Any) -> dict[str, Any]:
        parts = loop if isinstance(loop, list) else []
        if [isinstance(part, kind) for part, kind in zip(parts, (str, object, dict), strict=False)] != [True] * 3:
            raise TemplateError(
                f"{key}: Fn::ForEach takes a list of an identifier, a collection and a map of what is made for each."
            )
        identifier, collection, body = loop
        found: dict[str, Any] = {}
        for item in self._collection(key, collection):
            found |= self.unroll(_with(body, identifier, item))
        return found

    def _collection(self, key: str, collection: Any) -> list[str]:
        if isinstance(collection, dict) and set(collection) == {"Ref"} and collection["Ref"] in self._parameters:
            return [part.strip() for part in self._parameters[collection["Ref"]].split(",")]
        if isinstance(collection, dict) and set(collection) == {"Fn::FindInMap"}:
            first, second, third = collection["Fn::FindInMap"][:3]
            collection = (self._mappings.get(first) or {}).get(second, {}).get(third)
        if not isinstance(collection, list):
            raise TemplateError(f"{key}: the collection is a list, a list parameter or a list in a mapping.")
        return [str(self._parameters.get(item["Ref"], item) if isinstance(item, dict) else item) for item in collection]


def _with(value: Any, identifier: str, item: str) -> Any:
    """`value` for one item: `${Identifier}` is the item, `&{Identifier}` its letters and digits."""
    if isinstance(value, str):
        plain = _NOT_ALPHANUMERIC.sub("", item)
        return value.replace(f"${{{identifier}}}", item).replace(f"&{{{identifier}}}", plain)
    if isinstance(value, list):
        return [_with(inner, identifier, item) for inner in value]
    if not isinstance(value, dict):
        return value
    if value == {"Ref": identifier}:
        return item
    return {_with(key, identifier, item): _with(inner, identifier, item) for key, inner in value.items()}
