"""What an update would change, before it is carried out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.stacks.model import Change, Request, Stack
from localcloud.stacks.references import references
from localcloud.stacks.template import Template
from localcloud.stacks.types import known_type


def planned(stack: Stack, new: Template) -> tuple[Change, ...]:
    """The changes that bring `stack` to the template `new`, resources to add or modify first.

    Templates are compared by what they come to: a parameter, a mapping, a condition or an import that has another
    value changes the resources that use it.
    """
    old = stack.request.template if stack.request is not None and stack.resources else None
    if old is None:
        return tuple(Change("Add", name, "", new.resources[name]["Type"]) for name in new.order)
    found: list[Change] = []
    replaced: set[str] = set()
    for name in new.order:
        resource = new.resources[name]
        if name not in stack.resources:
            found.append(Change("Add", name, "", resource["Type"]))
            continue
        before = old.resources.get(name) or {}
        was, becomes = _settled(old, before), _settled(new, resource)
        follows = any(one.name in replaced for one in references(resource.get("Properties") or {}))
        kind = known_type(resource["Type"])
        same = before.get("Type") == resource["Type"] and was == becomes and not follows
        if same and not kind.always_updated:
            continue
        replacement = before.get("Type") != resource["Type"] or kind.must_replace(was, becomes)
        if replacement and was != becomes:
            replaced.add(name)
        physical_id = stack.resources[name].made.physical_id
        found.append(Change("Modify", name, physical_id, resource["Type"], str(replacement and was != becomes)))
    for name, standing in stack.resources.items():
        if name not in new.resources:
            found.append(Change("Remove", name, standing.made.physical_id, standing.type))
    return tuple(found)


def _settled(template: Template, resource: Mapping[str, Any]) -> dict[str, Any]:
    found = template.scope.settled(resource.get("Properties") or {}, template.body["Resources"])
    return found if isinstance(found, dict) else {}


def unchanged(stack: Stack, request: Request) -> bool:
    """Whether the request leaves the stack as it is: its resources, outputs and tags."""
    return (
        stack.request is not None
        and not planned(stack, request.template)
        and _outputs(stack.request.template) == _outputs(request.template)
        and stack.request.tags == request.tags
    )


def _outputs(template: Template) -> Any:
    return template.scope.settled(template.outputs, template.body["Resources"])
