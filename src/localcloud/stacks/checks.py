"""What can be seen to be wrong in a template before its parameters have values: references, conditions, functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from localcloud.stacks.function_shapes import check_functions
from localcloud.stacks.parsing import TemplateError
from localcloud.stacks.references import Reference, needed_first, references, resource_references
from localcloud.stacks.structure import check_sections
from localcloud.stacks.types import resource_type

PSEUDO_PARAMETERS = (
    "AWS::AccountId", "AWS::NotificationARNs", "AWS::NoValue", "AWS::Partition", "AWS::Region", "AWS::StackId",
    "AWS::StackName", "AWS::URLSuffix",
)  # fmt: skip


def check_template(body: Mapping[str, Any], extended: bool) -> None:
    """A template without transforms. `extended`: AWS::LanguageExtensions was named. Raises TemplateError."""
    check_sections(body)
    resources, outputs = body["Resources"], body.get("Outputs") or {}
    for part in (body.get("Conditions") or {}, resources, outputs):
        check_functions(part, extended)
    _check_conditions(body)
    _check_mappings(body, extended)
    values = {*(body.get("Parameters") or {}), *PSEUDO_PARAMETERS}
    found = [reference for resource in resources.values() for reference in resource_references(resource)]
    _check_attributes(resources, [*found, *references(outputs)])
    needed = [name for resource in resources.values() for name in needed_first(resource)]
    unresolved = [one.name for one in found if one.name not in values and one.name not in resources]
    unresolved += [name for name in needed if name not in resources]
    if unresolved:
        raise unresolved_dependencies(unresolved, "Resources")
    unresolved = [one.name for one in references(outputs) if one.name not in values and one.name not in resources]
    if unresolved:
        raise unresolved_dependencies(unresolved, "Outputs")


def unresolved_dependencies(names: Iterable[str], where: str) -> TemplateError:
    """The error for names that stand for nothing; `where` is a section."""
    listed = ", ".join(dict.fromkeys(names))
    return TemplateError(
        f"Template format error: Unresolved resource dependencies [{listed}] in the {where} block of the template"
    )


def _check_attributes(resources: Mapping[str, Any], found: Iterable[Reference]) -> None:
    """Fn::GetAtt and `${Name.Attribute}` ask resources of the template, for attributes that their types have."""
    for name, attribute, function in found:
        if attribute is None:
            continue
        if name not in resources:
            if function == "Fn::Sub":
                raise TemplateError(
                    f"Template error: instance of Fn::Sub references invalid resource attribute {name}.{attribute}"
                )
            raise TemplateError(f"Template error: instance of Fn::GetAtt references undefined resource {name}")
        if isinstance(attribute, str):
            check_attribute(resources, name, attribute)


def check_attribute(resources: Mapping[str, Any], name: str, attribute: str) -> None:
    """Whether the type of a resource has an attribute. Raises TemplateError."""
    kind = resource_type(resources[name]["Type"])
    if kind is not None and not kind.has_attribute(attribute):
        raise TemplateError(
            f"Template error: resource {name} does not support attribute type {attribute} in Fn::GetAtt"
        )


# -- conditions and mappings -----------------------------------------------------------------------


def _check_conditions(body: Mapping[str, Any]) -> None:
    """Conditions look at parameters and at one another; what has a condition has one that is there."""
    conditions, values = body.get("Conditions") or {}, {*(body.get("Parameters") or {}), *PSEUDO_PARAMETERS}
    strange = [one.name for one in references(conditions) if one.name not in values]
    if strange:
        raise TemplateError(
            f"Template format error: Unresolved dependencies [{', '.join(dict.fromkeys(strange))}]. Cannot reference "
            "resources in the Conditions block of the template"
        )
    for name in _named_conditions(conditions):
        if name not in conditions:
            raise TemplateError(
                f"Template format error: Unresolved condition dependency {name} in the Conditions block of the template"
            )
    for member in (*body["Resources"].values(), *(body.get("Outputs") or {}).values()):
        name = member.get("Condition")
        if name is not None and name not in conditions:
            raise TemplateError(f"Template format error: Condition {name} is not defined.")
    for name in _choosing_conditions([body["Resources"], body.get("Outputs") or {}]):
        if name not in conditions:
            raise TemplateError(f"Template error: unresolved condition dependency {name} in Fn::If")


def _named_conditions(value: Any) -> Iterator[str]:
    """The conditions that `{"Condition": name}` and Fn::If name, in conditions."""
    if isinstance(value, dict):
        if len(value) == 1 and isinstance(value.get("Condition"), str):
            yield value["Condition"]
        yield from _choosing_conditions(value)
    for inner in _inner(value):
        yield from _named_conditions(inner)


def _choosing_conditions(value: Any) -> Iterator[str]:
    """The conditions by which Fn::If chooses, at any depth."""
    for argument in arguments_of("Fn::If", value):
        yield argument[0]


def _check_mappings(body: Mapping[str, Any], extended: bool) -> None:
    mappings = body.get("Mappings") or {}
    parts = [body.get("Conditions") or {}, body["Resources"], body.get("Outputs") or {}]
    for argument in arguments_of("Fn::FindInMap", parts):
        name = argument[0]
        if isinstance(name, str) and name not in mappings and not (extended and len(argument) == 4):
            raise unknown_mapping(name)


def unknown_mapping(name: str) -> TemplateError:
    """The error for a mapping that is not there."""
    return TemplateError(
        f"Template error: Mapping named '{name}' is not present in the 'Mappings' section of template."
    )


def arguments_of(function: str, value: Any) -> Iterator[Any]:
    """The arguments of every use of a function in `value`, at any depth."""
    if isinstance(value, dict) and len(value) == 1 and function in value:
        yield value[function]
    for inner in _inner(value):
        yield from arguments_of(function, inner)


def _inner(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else ()
