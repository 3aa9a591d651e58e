"""What a ProjectionExpression gives of an item: moto mixes up the elements of lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import moto.dynamodb.responses as responses
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.utilities import dynamo_to_dict

from localcloud.patching import Patches
from localcloud.stores.dynamodb.grammar import tokens_of
from localcloud.stores.dynamodb.items import Wire, as_item

Path = Sequence[str]  # ("info", "stars", "[0]")
_Tree = dict[str, "_Tree"]  # what is wanted below each element; nothing more below it: all of it


def install(patches: Patches) -> None:
    """Give moto's items and requests our projections."""

    def parse(parser: Any) -> list[list[str]]:
        names = parser.expression_attribute_names
        paths = parsed(parser.projection_expression or "", names)
        parser.expr_attr_names_found = [
            token.text for token in tokens_of(parser.projection_expression or "") if token.text in names
        ]
        return paths

    def project(item: Any, paths: list[list[str]]) -> Item:
        wire = {name: dynamo_to_dict(value) for name, value in item.attrs.items()}
        return as_item(item.hash_key, item.range_key, projected(wire, paths))

    patches.set(responses.ProjectionExpressionParser, "parse", parse)
    patches.set(Item, "project", project)


def parsed(text: str, names: Mapping[str, str]) -> list[list[str]]:
    """The paths of a projection that has been checked, with their placeholders filled in."""
    paths: list[list[str]] = []
    path: list[str] = []
    for token in tokens_of(text):
        if token.text == "," or token.kind == "end":
            paths += [path] if path else []
            path = []
        elif token.kind == "number":
            path.append(f"[{token.text}]")
        elif token.kind in ("word", "name"):
            path.append(names.get(token.text, token.text))
    return paths


def projected(wire: Wire, paths: Sequence[Path]) -> Wire:
    """The item with nothing but what is at these paths; what is not there is left out."""
    tree: _Tree = {}
    for path in paths:
        below = tree
        for element in path:
            below = below.setdefault(element, {})
    return _members(wire, tree)


def _members(found: Mapping[str, Any], tree: _Tree) -> dict[str, Any]:
    kept = {name: _below(found[name], below) for name, below in tree.items() if name in found}
    return {name: value for name, value in kept.items() if value is not None}


def _below(value: Mapping[str, Any], tree: _Tree) -> Any:
    """A part of a value; None when there is nothing at any of the paths."""
    if not tree:
        return value
    if "M" in value:
        inner = _members(value["M"], tree)
        return {"M": inner} if inner else None
    if "L" in value:
        places = sorted(int(element[1:-1]) for element in tree if element.startswith("["))
        items = [_below(value["L"][place], tree[f"[{place}]"]) for place in places if place < len(value["L"])]
        kept = [item for item in items if item is not None]
        return {"L": kept} if kept else None
    return None
