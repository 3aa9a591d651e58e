"""Pre-deployment validation: what stops an operation before it makes anything.

CloudFormation looks for properties that a type does not take, or needs and does not get, and for names that are taken.
What it does not look at beforehand (some types, or everything when validation is disabled) fails when the resource is
made.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localcloud.stacks.existing import Existing, already_there
from localcloud.stacks.types import known_type

if TYPE_CHECKING:
    from localcloud.stacks.model import Request, Stack

PROPERTIES, NAMES = "PROPERTY_VALIDATION", "NAME_CONFLICT_VALIDATION"
_HOOKS = {PROPERTIES: "AWS::EarlyValidation::PropertyValidation", NAMES: "AWS::EarlyValidation::ResourceExistenceCheck"}


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found wrong with a resource; `path` leads to it from the top of the template."""

    check: str
    logical_id: str
    type: str
    reason: str
    path: str


def findings(request: Request, stack: Stack, existing: Existing) -> tuple[Finding, ...]:
    """What is wrong with a request to make or change a stack; nothing when it asks not to be looked at."""
    if not request.validated:
        return ()
    return (*_property_findings(request.template.resources), *_name_findings(request, stack, existing))


def summary(found: tuple[Finding, ...]) -> str:
    """What a stack or a change set says of findings: no more than which checks they are from."""
    hooks = ", ".join(_HOOKS[check] for check in (PROPERTIES, NAMES) if any(one.check == check for one in found))
    return (
        f"The following hook(s)/validation failed: [{hooks}]. To troubleshoot Early Validation errors, use the "
        "DescribeEvents API for detailed failure information."
    )


def failure(logical_id: str, resource: Mapping[str, Any]) -> str:
    """Why a resource cannot be made or changed; "" when its properties are in order."""
    wrong = "\n".join(_wrong(resource))
    return f"Properties validation failed for resource {logical_id} with message: {wrong}" if wrong else ""


def _property_findings(resources: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    for logical_id, resource in resources.items():
        if known_type(resource["Type"]).validated_early:
            for reason in _wrong(resource):
                path = f"/Resources/{logical_id}/Properties"
                yield Finding(PROPERTIES, logical_id, resource["Type"], reason, path)


def _wrong(resource: Mapping[str, Any]) -> Iterator[str]:
    kind, properties = known_type(resource["Type"]), resource.get("Properties") or {}
    for name in sorted(kind.required - set(properties)):
        yield f"#: required key [{name}] not found"
    for name in kind.strange(properties):
        yield f"#: extraneous key [{name}] is not permitted"


def _name_findings(request: Request, stack: Stack, existing: Existing) -> Iterator[Finding]:
    """The names of resources that would be new."""
    template = request.template
    for logical_id, resource in template.resources.items():
        kind = known_type(resource["Type"])
        if not kind.validated_early or not kind.custom_name:
            continue
        properties = template.scope.settled(resource.get("Properties") or {}, template.body["Resources"])
        name = existing.taken(kind.name, properties)
        standing = stack.resources.get(logical_id)
        own = standing is not None and standing.type == kind.name and standing.properties.get(kind.custom_name) == name
        if name and not own:
            yield Finding(NAMES, logical_id, kind.name, already_there(kind.name, name), f"/Resources/{logical_id}")
