"""The sections of a template and their members: which there may be, and what each one must hold.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from localcloud.stacks.parsing import LOGICAL_ID, TemplateError

_SECTIONS = frozenset(
    {
        "AWSTemplateFormatVersion", "Conditions", "Description", "Globals", "Hooks", "Mappings", "Metadata", "Outputs",
        "Parameters", "Resources", "Rules", "Transform",
    }
)  # fmt: skip
_PARAMETER_MEMBERS = frozenset(
    {
        "AllowedPattern", "AllowedValues", "ConstraintDescription", "Default", "Description", "MaxLength", "MaxValue",
        "MinLength", "MinValue", "NoEcho", "Type",
    }
)  # fmt: skip
_RESOURCE_MEMBERS = frozenset(
    {
        "Condition", "CreationPolicy", "DeletionPolicy", "DependsOn", "Metadata", "Properties", "Type", "UpdatePolicy",
        "UpdateReplacePolicy", "Connectors", "IgnoreGlobals",
    }
)  # fmt: skip
_OUTPUT_MEMBERS = frozenset({"Condition", "Description", "Export", "Value"})
_POLICIES = ("Delete", "Retain", "RetainExceptOnCreate", "Snapshot")
# CloudFormation takes any List<...> and AWS::SSM::Parameter::Value<...>
_PARAMETER_TYPE = re.compile(
    r"String|Number|CommaDelimitedList|List<.+>|AWS::SSM::Parameter::(Name|Value<.+>)|AWS::Route53::HostedZone::Id|"
    r"AWS::EC2::(AvailabilityZone::Name|(Image|Instance|Subnet|Volume|VPC)::Id|KeyPair::KeyName|"
    r"SecurityGroup::(GroupName|Id))"
)
_ONLY_ON = {"MaxValue": "Number", "MinValue": "Number", "MaxLength": "String", "MinLength": "String"}


def check_written(body: Mapping[str, Any]) -> None:
    """A template as it was written, before its transforms: nothing is null, and parameters and mappings are sound.

    Raises TemplateError.
    """
    for path in _nulls(body, ""):
        raise TemplateError(f"[{path}] 'null' values are not allowed in templates")
    for name, rule in _members(body, "Parameters"):
        _check_parameter(name, rule)
    for name, mapping in _members(body, "Mappings"):
        if not name.startswith("Fn::"):
            _check_mapping(name, mapping)


def check_sections(body: Mapping[str, Any]) -> None:
    """A template without transforms: its sections, conditions, resources and outputs. Raises TemplateError."""
    unknown = sorted(set(body) - _SECTIONS)
    if unknown:
        raise TemplateError(f"Invalid template property or properties [{', '.join(unknown)}]")
    common = [name for name in body["Resources"] if name in (body.get("Parameters") or {})]
    if common:
        raise TemplateError(
            f"Template error: all resources and parameters must have unique names. Common name(s):[{', '.join(common)}]"
        )
    for _, condition in _members(body, "Conditions"):
        if not isinstance(condition, dict) or len(condition) != 1:
            raise _format(
                "Conditions can only be boolean operations on parameters and other conditions",
            )
    for logical_id, resource in body["Resources"].items():
        _check_resource(logical_id, resource)
    for name, output in _members(body, "Outputs"):
        _check_output(name, output)


def _members(body: Mapping[str, Any], section: str) -> Iterator[tuple[str, Any]]:
    found = body.get(section, {})
    if not isinstance(found, dict):
        raise _format(f"{section} section must be a map")
    yield from found.items()


def _format(text: str) -> TemplateError:
    return TemplateError(f"Template format error: {text}")


def _nulls(value: Any, path: str) -> Iterator[str]:
    if value is None:
        yield path
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _nulls(inner, f"{path}/{key}")
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _nulls(inner, f"{path}/{place}")


def _check_parameter(name: str, rule: Any) -> None:
    if not isinstance(rule, dict):
        raise _format("Any Parameters member must be an object.")
    _check_name("Parameter", name)
    for member in rule:
        if member not in _PARAMETER_MEMBERS:
            raise TemplateError(f"Invalid template parameter property '{member}'")
    if "Type" not in rule:
        raise _format("Every Parameters object must contain a Type member.")
    kind = rule["Type"]
    if not isinstance(kind, str):
        raise _format("Every Type member must be a string.")
    if not _PARAMETER_TYPE.fullmatch(kind):
        raise _format(f"Unrecognized parameter type: {kind}")
    if isinstance(rule.get("Default"), dict | list):
        raise _format("Every Default member must be a string.")
    if not isinstance(rule.get("AllowedValues", []), list):
        raise _format("Every AllowedValues member must be a list.")
    for member, wanted in _ONLY_ON.items():
        if member in rule and kind in ("String", "Number") and kind != wanted:
            raise TemplateError(f"Template error: Parameter '{name}' {member} must be on a parameter of type {wanted}")


def _check_mapping(name: str, mapping: Any) -> None:
    if not isinstance(mapping, dict):
        raise _format(f"Every Mappings member {name} must be a map")
    for key, attributes in mapping.items():
        if key.startswith("Fn::"):
            continue
        if not isinstance(attributes, dict):
            raise _format(f"Every Mappings member {key} must be a map")
        for attribute, value in attributes.items():
            if isinstance(value, dict) and not str(attribute).startswith("Fn::"):
                raise _format("Every Mappings attribute must be a String or a List.")


def _check_resource(logical_id: str, resource: Mapping[str, Any]) -> None:
    for member in resource:
        if member not in _RESOURCE_MEMBERS:
            raise TemplateError(f"Invalid template resource property '{member}'")
    if not isinstance(resource.get("Properties", {}), dict):
        raise _format(f"[/Resources/{logical_id}] Every Properties member must be a map.")
    if not isinstance(resource.get("Condition", ""), str):
        raise _format("Every Condition member must be a string.")
    needed = resource.get("DependsOn", [])
    if not isinstance(needed, str | list):
        raise _format("DependsOn must be a string or list of strings.")
    if not all(isinstance(name, str) for name in needed):
        raise _format("Every DependsOn value must be a string.")
    for member in ("DeletionPolicy", "UpdateReplacePolicy"):
        policy = resource.get(member, "Delete")
        if isinstance(policy, dict):
            continue  # a function, with AWS::LanguageExtensions
        if policy not in _POLICIES:
            raise _format(f"Unrecognized {member} {policy} for resource {logical_id}")
        if policy == "Snapshot":  # none of the types that are simulated takes one
            words = "deletion policy" if member == "DeletionPolicy" else "update replace policy"
            raise TemplateError(f"Template error: resource type {resource['Type']} does not support {words} Snapshot")


def _check_output(name: str, output: Any) -> None:
    _check_name("Output", name)
    if not isinstance(output, dict) or "Value" not in output:
        raise _format("Every Outputs member must contain a Value object")
    for member in output:
        if member not in _OUTPUT_MEMBERS:
            raise TemplateError(f"Invalid template output property '{member}'")
    export = output.get("Export", {"Name": ""})
    if not isinstance(export, dict) or set(export) != {"Name"}:
        raise _format("Output Export must contain a Name member and nothing else.")


def _check_name(kind: str, name: str) -> None:
    if not LOGICAL_ID.fullmatch(name):
        raise _format(f"{kind} name {{{name}}} is non alphanumeric.")
