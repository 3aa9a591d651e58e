"""What the Describe and List operations answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from localcloud.stacks.model import Stack
from localcloud.stacks.parsing import TemplateError, as_text
from localcloud.stacks.template import Template

PAGE = 100
SUMMARY = (
    "StackId",
    "StackName",
    "CreationTime",
    "LastUpdatedTime",
    "DeletionTime",
    "StackStatus",
    "StackStatusReason",
)


def pairs(values: Mapping[str, str], prefix: str) -> list[dict[str, str]]:
    """A mapping as AWS writes it: PrefixKey and PrefixValue."""
    return [{f"{prefix}Key": name, f"{prefix}Value": value} for name, value in values.items()]


def shown_parameters(template: Template) -> list[dict[str, str]]:
    """Parameters with their values; those that must not be echoed are hidden."""
    declared = template.body.get("Parameters") or {}
    found = []
    for name, value in template.parameters.items():
        hidden = str((declared.get(name) or {}).get("NoEcho", "")).lower() == "true"
        answer = {"ParameterKey": name, "ParameterValue": "****" if hidden else value}
        if name in template.resolved:
            answer["ResolvedValue"] = template.resolved[name]
        found.append(answer)
    return found


def parameter_summary(name: str, rule: Mapping[str, Any]) -> dict[str, Any]:
    """A declared parameter, as GetTemplateSummary lists it."""
    answer = {
        "ParameterKey": name,
        "ParameterType": rule.get("Type", "String"),
        "NoEcho": str(rule.get("NoEcho", "")).lower() == "true",
        "Description": rule.get("Description", ""),
    }
    if "Default" in rule:
        answer["DefaultValue"] = as_text(rule["Default"])
    if "AllowedValues" in rule:
        answer["ParameterConstraints"] = {"AllowedValues": [as_text(value) for value in rule["AllowedValues"]]}
    return answer


def stack_answer(stack: Stack) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "StackId": stack.id,
        "StackName": stack.name,
        "CreationTime": stack.created,
        "StackStatus": stack.status,
        "DisableRollback": stack.request is not None and stack.request.on_failure == "DO_NOTHING",
        "EnableTerminationProtection": stack.protected,
        "NotificationARNs": [],
        "Tags": [],
    }
    optional = {
        "StackStatusReason": stack.reason,
        "LastUpdatedTime": stack.updated,
        "DeletionTime": stack.deleted,
    }
    answer |= {key: value for key, value in optional.items() if value}
    if stack.request is not None:
        answer["Parameters"] = shown_parameters(stack.request.template)
        answer["Capabilities"] = list(stack.request.capabilities)
        answer["Tags"] = pairs(stack.request.tags, "")
        if stack.request.description:
            answer["Description"] = stack.request.description
    if stack.outputs and stack.deleted is None:
        answer["Outputs"] = [_output(name, *output) for name, output in stack.outputs.items()]
    return answer


def _output(name: str, value: str, description: str, export: str) -> dict[str, str]:
    answer = {"OutputKey": name, "OutputValue": value}
    if description:
        answer["Description"] = description
    if export:
        answer["ExportName"] = export
    return answer


def resource_answer(resource: Any) -> dict[str, Any]:
    answer = {
        "LogicalResourceId": resource.logical_id,
        "ResourceType": resource.type,
        "ResourceStatus": resource.status,
    }
    if resource.made.physical_id:
        answer["PhysicalResourceId"] = resource.made.physical_id
    if resource.reason:
        answer["ResourceStatusReason"] = resource.reason
    return answer


def event_answer(stack: Stack, event: Any) -> dict[str, Any]:
    answer = {
        "StackId": stack.id,
        "EventId": f"{event.logical_id}-{event.status}-{event.number}",
        "StackName": stack.name,
        "OperationId": event.operation_id,
        "LogicalResourceId": event.logical_id,
        "PhysicalResourceId": event.physical_id,
        "ResourceType": event.type,
        "Timestamp": event.at,
        "ResourceStatus": event.status,
    }
    if event.reason:
        answer["ResourceStatusReason"] = event.reason
    return answer


def change_answer(change: Any) -> dict[str, Any]:
    answer = {
        "Action": change.action,
        "LogicalResourceId": change.logical_id,
        "ResourceType": change.type,
        "Scope": ["Properties"] if change.action == "Modify" else [],
        "Details": [],
    }
    if change.physical_id:
        answer["PhysicalResourceId"] = change.physical_id
    if change.replacement:
        answer["Replacement"] = change.replacement
    return answer


def page(params: Mapping[str, Any], member: str, items: Sequence[Any]) -> dict[str, Any]:
    """One page of an answer. The token is where the next one begins."""
    token = params.get("NextToken") or "0"
    if not token.isdigit():
        raise TemplateError(f"Invalid NextToken: {token}")
    first = int(token)
    answer: dict[str, Any] = {member: list(items[first : first + PAGE])}
    if len(items) > first + PAGE:
        answer["NextToken"] = str(first + PAGE)
    return answer
