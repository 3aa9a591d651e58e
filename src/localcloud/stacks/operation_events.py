"""DescribeEvents: what happened in the operations on a stack."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from localcloud.stacks.answers import page
from localcloud.stacks.model import Operation, Stack, StackEvent
from localcloud.stacks.parsing import TemplateError
from localcloud.stacks.registry import Stacks

_STACK = "AWS::CloudFormation::Stack"


class OperationEvents:
    """Answers DescribeEvents."""

    def __init__(self, stacks: Stacks) -> None:
        self._stacks = stacks

    def operations(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        return {"DescribeEvents": self._describe}

    def _describe(self, params: dict[str, Any]) -> dict[str, Any]:
        found = [event for stack, one in self._asked(params) for event in _told(stack, one)]
        if (params.get("Filters") or {}).get("FailedEvents"):
            found = [event for event in found if event["EventType"].endswith("_ERROR")]
        return page(params, "OperationEvents", found)

    def _asked(self, params: Mapping[str, Any]) -> Iterator[tuple[Stack, Operation]]:
        """The operations that are asked for, the latest first. Raises TemplateError."""
        change_set, operation_id = params.get("ChangeSetName", ""), params.get("OperationId")
        if "StackName" in params:
            stacks = [self._stacks.find(params["StackName"], "Stack [{}] does not exist")]
        elif operation_id is not None or change_set.startswith("arn:"):
            stacks = self._stacks.all
        else:
            raise TemplateError("One of ChangeSetName, OperationId or StackName must be specified")
        for stack in stacks:
            for operation in reversed(stack.operations):
                arn = operation.change_set_id
                of_set = change_set in ("", arn) or [change_set] == arn.split("/")[1:2]  # the name is in the ARN
                if of_set and operation_id in (None, operation.id):
                    yield stack, operation


def _told(stack: Stack, operation: Operation) -> Iterator[dict[str, Any]]:
    """The events of one operation, the latest first."""
    common = {"StackId": stack.id, "OperationId": operation.id, "OperationType": operation.kind}
    summary: dict[str, Any] = {
        **common,
        "EventId": operation.id,
        "EventType": "STACK_EVENT",
        "OperationStatus": operation.status,
        "Timestamp": operation.ended or operation.started,
        "StartTime": operation.started,
    }
    if operation.ended is not None:
        summary["EndTime"] = operation.ended
    yield summary
    for event in reversed(stack.events):
        if event.operation_id == operation.id and event.type != _STACK:
            yield {**common, **_progress(event)}
    for number, finding in enumerate(operation.findings):
        yield {
            **common,
            "EventId": f"{operation.id}-{number}",
            "EventType": "VALIDATION_ERROR",
            "LogicalResourceId": finding.logical_id,
            "PhysicalResourceId": "",
            "ResourceType": finding.type,
            "Timestamp": operation.started,
            "ValidationFailureMode": "FAIL",
            "ValidationName": finding.check,
            "ValidationStatus": "FAILED",
            "ValidationStatusReason": finding.reason,
            "ValidationPath": finding.path,
        }


def _progress(event: StackEvent) -> dict[str, Any]:
    failed = event.status.endswith("_FAILED")
    told: dict[str, Any] = {
        "EventId": f"{event.logical_id}-{event.status}-{event.number}",
        "EventType": "PROVISIONING_ERROR" if failed else "PROGRESS_EVENT",
        "LogicalResourceId": event.logical_id,
        "PhysicalResourceId": event.physical_id,
        "ResourceType": event.type,
        "ResourceStatus": event.status,
        "Timestamp": event.at,
    }
    if event.reason:
        told["ResourceStatusReason"] = event.reason
    return told
