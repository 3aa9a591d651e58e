"""What an update would change, before it is carried out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.stacks.intrinsics import references
from localcloud.stacks.model import Change, Stack
from localcloud.stacks.template import Template
from localcloud.stacks.types import TYPES


def planned(stack: Stack, new: Template) -> tuple[Change, ...]:
    """The changes that bring `stack` to the template `new`, resources to add or modify first."""
    old = stack.request.template if stack.request is not None and stack.resources else None
    if old is None:
        return tuple(Change("Add", name, "", new.resources[name]["Type"]) for name in new.order)
    parameters = {name for name in new.scope.values if new.scope.values[name] != old.scope.values.get(name)}
    found: list[Change] = []
    replaced: set[str] = set()
    for name in new.order:
        resource = new.resources[name]
        if name not in stack.resources:
            found.append(Change("Add", name, "", resource["Type"]))
            continue
        before = old.resources.get(name) or {}
        if not _differs(before, resource, parameters | replaced):
            continue
        replacement = _replacement(before, resource)
        if replacement != "False":
            replaced.add(name)
        physical_id = stack.resources[name].made.physical_id
        found.append(Change("Modify", name, physical_id, resource["Type"], replacement))
    for name, standing in stack.resources.items():
        if name not in new.resources:
            found.append(Change("Remove", name, standing.made.physical_id, standing.type))
    return tuple(found)


def _differs(before: Mapping[str, Any], after: Mapping[str, Any], changed: set[str]) -> bool:
    if before.get("Type") != after["Type"] or before.get("Properties") != after.get("Properties"):
        return True
    return any(name in changed for name, _ in references(after.get("Properties") or {}))


def _replacement(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    if before.get("Type") != after["Type"]:
        return "True"
    kind = TYPES[after["Type"]]
    return "True" if kind.must_replace(before.get("Properties") or {}, after.get("Properties") or {}) else "False"


def same_outputs(stack: Stack, new: Template) -> bool:
    """Whether the outputs are written as before."""
    return stack.request is not None and stack.request.template.outputs == new.outputs
