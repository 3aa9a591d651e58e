"""A template with its parameters: checked, its conditions decided, its resources in order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.stacks.checks import arguments_of, check_attribute, check_template, unresolved_dependencies
from localcloud.stacks.intrinsics import Scope
from localcloud.stacks.parsing import TemplateError, as_text
from localcloud.stacks.references import needed_first, references, resource_references
from localcloud.stacks.types import resource_type

_IAM_TYPES = ("AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::User", "AWS::IAM::Group")
_NAMES = {"AWS::IAM::Role": "RoleName", "AWS::IAM::ManagedPolicy": "ManagedPolicyName"}


class Template:
    """A processed template (no transform left) with parameter values.

    Raises TemplateError for unknown types, references to nothing and cycles.
    """

    def __init__(
        self,
        body: Mapping[str, Any],
        parameters: Mapping[str, str],
        scope: Scope,
        resolved: Mapping[str, str] | None = None,
    ) -> None:
        self.body = body
        self.parameters = parameters
        self.resolved = resolved or {}  # values of the parameters that name a parameter of Systems Manager
        self.scope = scope
        self.resources: dict[str, Mapping[str, Any]] = {}
        check_template(body, scope.extended)
        for name in scope.conditions:
            scope.condition(name)  # whether or not anything asks for it
        for logical_id, resource in body["Resources"].items():
            name = resource.get("Condition")
            if name is None or scope.condition(name):
                self.resources[logical_id] = resource
        self._check_types()
        self._check_references()
        self.order = self._ordered()

    def _check_types(self) -> None:
        unknown = sorted({r["Type"] for r in self.resources.values() if resource_type(r["Type"]) is None})
        if unknown:
            raise TemplateError(
                f"Template format error: Unrecognized resource types: [{', '.join(unknown)}] "
                "(unknown to CloudFormation, or not simulated by the local cloud)"
            )

    def _check_references(self) -> None:
        """What is made asks nothing of what is not made, and finds what it looks for in mappings."""
        known = {*self.resources, *self.scope.values, "AWS::NoValue"}
        resources = [self.scope.chosen(resource) for resource in self.resources.values()]
        outputs = self.scope.chosen(self.outputs)
        found = [reference for resource in resources for reference in resource_references(resource)]
        unresolved = [one.name for one in found if one.name not in known]
        if unresolved:
            raise unresolved_dependencies(unresolved, "Resources")
        unresolved = [one.name for one in references(outputs) if one.name not in known]
        if unresolved:
            # CloudFormation leaves the beginning of the sentence out when the resource is there and not made
            message = str(unresolved_dependencies(unresolved, "Outputs"))
            raise TemplateError(message.removeprefix("Template format error: "))
        for name, attribute, _ in [*found, *references(outputs)]:
            if isinstance(attribute, dict):  # the name of an attribute may come from a parameter
                check_attribute(self.resources, name, as_text(self.scope.resolve(attribute)))
        for argument in arguments_of("Fn::FindInMap", [resources, outputs]):
            if not any(one.name in self.resources for one in references(argument)):
                self.scope.resolve({"Fn::FindInMap": argument})

    @property
    def outputs(self) -> dict[str, Any]:
        """The outputs whose condition holds."""
        found: dict[str, Any] = self.body.get("Outputs") or {}
        return {
            name: output
            for name, output in found.items()
            if "Condition" not in output or self.scope.condition(output["Condition"])
        }

    def dependencies(self, logical_id: str) -> list[str]:
        """The resources that must be there first, in the order of the template."""
        resource = self.scope.chosen(self.resources[logical_id])
        found = {*needed_first(resource), *(one.name for one in resource_references(resource))}
        return [name for name in self.resources if name in found]

    def _ordered(self) -> list[str]:
        order: list[str] = []
        waiting = {logical_id: self.dependencies(logical_id) for logical_id in self.resources}
        done: set[str] = set()
        while waiting:
            ready = [name for name, needs in waiting.items() if all(need in done for need in needs)]
            if not ready:
                raise TemplateError(f"Circular dependency between resources: [{', '.join(sorted(waiting))}]")
            for name in ready:
                del waiting[name]
                done.add(name)
                order.append(name)
        return order

    @property
    def capabilities(self) -> tuple[str, str]:
        """The capability that must be acknowledged and why; ("", "") when none is needed."""
        return capabilities_needed(self.resources)


def capabilities_needed(resources: Mapping[str, Mapping[str, Any]]) -> tuple[str, str]:
    """The capability that these resources need and the resources that need it; ("", "") when none is needed."""
    named = [n for n, r in resources.items() if _NAMES.get(r["Type"]) in (r.get("Properties") or {})]
    if named:
        return "CAPABILITY_NAMED_IAM", ", ".join(named)
    iam = [n for n, r in resources.items() if r["Type"] in _IAM_TYPES]
    return ("CAPABILITY_IAM", ", ".join(iam)) if iam else ("", "")
