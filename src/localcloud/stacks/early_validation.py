"""Pre-deployment validation: properties that a type does not take, or needs and does not get.

CloudFormation looks before an operation makes anything. What it does not look at beforehand (some types, or everything
when validation is disabled) fails when the resource is made.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.stacks.types import known_type

FAILED = (
    "The following hook(s)/validation failed: [AWS::EarlyValidation::PropertyValidation]. To troubleshoot Early "
    "Validation errors, use the DescribeEvents API for detailed failure information."
)
NAME = "PROPERTY_VALIDATION"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a resource's properties; `path` leads to it from the top of the template."""

    logical_id: str
    type: str
    reason: str
    path: str


def findings(resources: Mapping[str, Mapping[str, Any]]) -> tuple[Finding, ...]:
    """What stops an operation on these resources before it makes anything, in the order of the template."""
    return tuple(
        Finding(logical_id, resource["Type"], reason, f"/Resources/{logical_id}/Properties")
        for logical_id, resource in resources.items()
        if known_type(resource["Type"]).validated_early
        for reason in _wrong(resource)
    )


def failure(logical_id: str, resource: Mapping[str, Any]) -> str:
    """Why a resource cannot be made or changed; "" when its properties are in order."""
    wrong = "\n".join(_wrong(resource))
    return f"Properties validation failed for resource {logical_id} with message: {wrong}" if wrong else ""


def _wrong(resource: Mapping[str, Any]) -> Iterator[str]:
    kind, properties = known_type(resource["Type"]), resource.get("Properties") or {}
    for name in sorted(kind.required - set(properties)):
        yield f"#: required key [{name}] not found"
    for name in kind.strange(properties):
        yield f"#: extraneous key [{name}] is not permitted"
