"""Change sets: what an update would do, looked at before it is carried out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiError
from localcloud.stacks.answers import change_answer, pairs, shown_parameters
from localcloud.stacks.changes import planned, unchanged
from localcloud.stacks.early_validation import Finding, findings, summary
from localcloud.stacks.existing import Existing
from localcloud.stacks.model import IN_REVIEW, ChangeSet, Request, Stack, check_updatable
from localcloud.stacks.operations import CHANGE_SET, Operations
from localcloud.stacks.parsing import TemplateError
from localcloud.stacks.registry import Stacks
from localcloud.stacks.requests import Requests

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."


class ChangeSets:
    """Create, describe, execute, delete and list. `carry_out(kind, stack, request)` begins a deployment."""

    def __init__(
        self,
        cloud: Cloud,
        stacks: Stacks,
        requests: Requests,
        operations: Operations,
        existing: Existing,
        carry_out: Callable[[str, Stack, Request], str],
    ) -> None:
        self._cloud = cloud
        self._stacks = stacks
        self._requests = requests
        self._operations = operations
        self._existing = existing
        self._carry_out = carry_out

    def operations(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        return {
            "CreateChangeSet": self._create,
            "DescribeChangeSet": self._describe,
            "ExecuteChangeSet": self._execute,
            "DeleteChangeSet": self._delete,
            "ListChangeSets": self._list,
        }

    def _create(self, params: dict[str, Any]) -> dict[str, Any]:
        name, kind = params["StackName"], params.get("ChangeSetType", "UPDATE")
        stack = self._stacks.standing(name)
        if kind == "UPDATE":
            if stack is None:
                raise TemplateError(f"Stack [{name}] does not exist")
            check_updatable(stack)
        elif stack is not None and stack.status != IN_REVIEW:
            raise TemplateError(f"Stack [{name}] already exists and cannot be created again with the changeSet.")
        if kind == "CREATE" and any(one.get("UsePreviousValue") for one in params.get("Parameters") or ()):
            raise TemplateError("Cannot specify UsePreviousValue on Parameters when ChangeSetType is CREATE")
        set_name = params["ChangeSetName"]
        if stack is not None and set_name in stack.change_sets:
            raise ApiError("AlreadyExistsException", f"ChangeSet {set_name} already exists", 400, Type="Sender")
        future = stack or self._stacks.new(name, IN_REVIEW)
        arn = self._stacks.arn("changeSet", set_name)
        change_set = ChangeSet(set_name, arn, kind, self._cloud.now, "CREATE_COMPLETE", "AVAILABLE")
        found: tuple[Finding, ...] = ()
        try:
            request = change_set.request = self._requests.read(params, future.name, future.id, future.request)
            change_set.changes = planned(future, request.template)
            if kind == "UPDATE" and unchanged(future, request):
                change_set.reason = _NO_CHANGES
            else:
                found = findings(request, future, self._existing)
                change_set.reason = summary(found) if found else ""
        except TemplateError as exc:
            if not str(exc).startswith("Transform "):  # a transform fails later, in the change set
                raise
            change_set.reason = str(exc)
        if change_set.reason:
            change_set.status, change_set.execution_status = "FAILED", "UNAVAILABLE"
        self._operations.begin(future, CHANGE_SET, change_set.id)
        if stack is None:
            self._stacks.all.append(future)
            future.event(None, self._cloud.now)
        self._operations.end(future, not change_set.reason, found)
        future.change_sets[set_name] = change_set
        return {"Id": change_set.id, "StackId": future.id}

    def _find(self, params: Mapping[str, Any]) -> tuple[Stack, ChangeSet]:
        reference = params["ChangeSetName"]
        for stack in reversed(self._stacks.all):
            if stack.deleted is not None or params.get("StackName") not in (None, stack.name, stack.id):
                continue
            for change_set in stack.change_sets.values():
                if reference in (change_set.id, change_set.name):
                    return stack, change_set
        raise ApiError("ChangeSetNotFound", f"ChangeSet [{reference}] does not exist", 404, Type="Sender")

    def _describe(self, params: dict[str, Any]) -> dict[str, Any]:
        stack, change_set = self._find(params)
        answer: dict[str, Any] = {
            "ChangeSetName": change_set.name,
            "ChangeSetId": change_set.id,
            "StackId": stack.id,
            "StackName": stack.name,
            "CreationTime": change_set.created,
            "ExecutionStatus": change_set.execution_status,
            "Status": change_set.status,
            "Changes": [{"Type": "Resource", "ResourceChange": change_answer(change)} for change in change_set.changes],
        }
        if change_set.reason:
            answer["StatusReason"] = change_set.reason
        if change_set.request is not None:
            answer["Parameters"] = shown_parameters(change_set.request.template)
            answer["Capabilities"] = list(change_set.request.capabilities)
            answer["Tags"] = pairs(change_set.request.tags, "")
        return answer

    def _execute(self, params: dict[str, Any]) -> dict[str, Any]:
        stack, change_set = self._find(params)
        if change_set.execution_status != "AVAILABLE" or change_set.request is None:
            raise ApiError(
                "InvalidChangeSetStatus",
                f"ChangeSet [{change_set.id}] cannot be executed in its current status of [{change_set.status}]",
                400,
                Type="Sender",
            )
        stack.change_sets.clear()  # the others were made for a stack that is no more
        self._carry_out(change_set.kind, stack, replace(change_set.request, validated=False))  # it was, at first
        return {}

    def _delete(self, params: dict[str, Any]) -> dict[str, Any]:
        stack, change_set = self._find(params)
        del stack.change_sets[change_set.name]
        return {}

    def _list(self, params: dict[str, Any]) -> dict[str, Any]:
        stack = self._stacks.find(params["StackName"])
        return {
            "Summaries": [
                {
                    "ChangeSetId": c.id, "ChangeSetName": c.name, "StackId": stack.id, "StackName": stack.name,
                    "Status": c.status, "ExecutionStatus": c.execution_status, "CreationTime": c.created,
                }
                for c in stack.change_sets.values()
            ]
        }  # fmt: skip
