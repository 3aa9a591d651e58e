"""A template with its parameters: validated, its conditions decided, its resources in order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from localcloud.stacks.intrinsics import Scope, references
from localcloud.stacks.parsing import TemplateError
from localcloud.stacks.types import known_type, resource_type

_IAM_TYPES = ("AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::User", "AWS::IAM::Group")
_NAMES = {"AWS::IAM::Role": "RoleName", "AWS::IAM::ManagedPolicy": "ManagedPolicyName"}
_SECTIONS = frozenset(
    {
        "AWSTemplateFormatVersion", "Conditions", "Description", "Globals", "Hooks", "Mappings", "Metadata", "Outputs",
        "Parameters", "Resources", "Rules", "Transform",
    }
)  # fmt: skip
_RESOURCE_MEMBERS = frozenset(
    {
        "Condition", "CreationPolicy", "DeletionPolicy", "DependsOn", "Metadata", "Properties", "Type", "UpdatePolicy",
        "UpdateReplacePolicy", "Connectors", "IgnoreGlobals",
    }
)  # fmt: skip


def parameter_values(
    template: Mapping[str, Any], given: Mapping[str, str | None], before: Mapping[str, str]
) -> dict[str, str]:
    """Value by parameter name. `given[name] is None` means the previous value. Raises TemplateError."""
    declared: dict[str, Any] = template.get("Parameters") or {}
    unknown = sorted(set(given) - set(declared))
    if unknown:
        raise TemplateError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    values: dict[str, str] = {}
    missing = []
    for name, rule in declared.items():
        value = given.get(name, rule.get("Default"))
        if name in given and given[name] is None:
            value = before.get(name)
        if value is None:
            missing.append(name)
            continue
        values[name] = _checked(name, rule, str(value))
    if missing:
        raise TemplateError(f"Parameters: [{', '.join(missing)}] must have values")
    return values


def _checked(name: str, rule: Mapping[str, Any], value: str) -> str:
    allowed = rule.get("AllowedValues")
    if allowed is not None and value not in [str(choice) for choice in allowed]:
        choices = ", ".join(str(choice) for choice in allowed)
        raise TemplateError(f"Parameter '{name}' must be one of AllowedValues: [{choices}]; found {value!r}")
    pattern = rule.get("AllowedPattern")
    if pattern and not re.fullmatch(pattern, value):
        raise TemplateError(rule.get("ConstraintDescription") or f"Parameter '{name}' must match pattern {pattern}")
    if rule.get("Type") == "Number":
        try:
            number = float(value)
        except ValueError:
            raise TemplateError(f"Parameter '{name}' must be a number; found {value!r}") from None
        if number < float(rule.get("MinValue", "-inf")) or number > float(rule.get("MaxValue", "inf")):
            raise TemplateError(
                f"Parameter '{name}' must be a number from {rule.get('MinValue', 'any')} to "
                f"{rule.get('MaxValue', 'any')}; found {value}"
            )
    if not int(rule.get("MinLength", 0)) <= len(value) <= int(rule.get("MaxLength", len(value))):
        raise TemplateError(f"Parameter '{name}' has a length outside its limits")
    return value


class Template:
    """A processed template (no transform left) with parameter values.

    Raises TemplateError for unknown types or properties, missing properties, references to nothing and cycles.
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
        self._check_sections()
        for logical_id, resource in body["Resources"].items():
            name = resource.get("Condition")
            if name is None or scope.condition(name):
                self.resources[logical_id] = resource
        self._check_types()
        self._check_references()
        self.order = self._ordered()

    def _check_sections(self) -> None:
        unknown = sorted(set(self.body) - _SECTIONS)
        if unknown:
            raise TemplateError(f"Invalid template property or properties [{', '.join(unknown)}]")
        for logical_id, resource in self.body["Resources"].items():
            strange = sorted(set(resource) - _RESOURCE_MEMBERS)
            if strange:
                raise TemplateError(f"Invalid template resource property '{strange[0]}' in {logical_id}")

    def _check_types(self) -> None:
        unknown = sorted({r["Type"] for r in self.resources.values() if resource_type(r["Type"]) is None})
        if unknown:
            raise TemplateError(
                f"Template format error: Unrecognized resource types: [{', '.join(unknown)}] "
                "(unknown to CloudFormation, or not simulated by the local cloud)"
            )
        for logical_id, resource in self.resources.items():
            kind = known_type(resource["Type"])
            properties = resource.get("Properties") or {}
            strange = kind.strange(properties)
            if strange:
                raise TemplateError(
                    f"Properties validation failed for resource {logical_id} with message: extraneous key "
                    f"[{strange[0]}] is not permitted for {resource['Type']}"
                )
            missing = sorted(kind.required - set(properties))
            if missing:
                raise TemplateError(
                    f"Properties validation failed for resource {logical_id} with message: required key "
                    f"[{missing[0]}] not found for {resource['Type']}"
                )

    def _check_references(self) -> None:
        known = {*self.body["Resources"], *self.scope.values, "AWS::NoValue"}
        for where, part in (("Resources", self.resources), ("Outputs", self.outputs)):
            for name, attribute in references(part):
                if attribute is not None and name not in self.body["Resources"]:
                    raise TemplateError(f"Template error: instance of Fn::GetAtt references undefined resource {name}")
                if name not in known:
                    raise TemplateError(
                        f"Template format error: Unresolved resource dependencies [{name}] in the {where} block of "
                        "the template"
                    )

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
        resource = self.resources[logical_id]
        named = resource.get("DependsOn") or []
        found = {named} if isinstance(named, str) else set(named)
        for part in ("Properties", "UpdatePolicy"):
            found |= {name for name, _ in references(resource.get(part) or {})}
        found.discard(logical_id)
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
