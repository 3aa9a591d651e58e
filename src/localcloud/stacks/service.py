"""CloudFormation's API: what makes, changes and deletes stacks."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiCall, ApiError
from localcloud.stacks.change_sets import ChangeSets
from localcloud.stacks.changes import unchanged
from localcloud.stacks.deployment import Deployment
from localcloud.stacks.describing import Describing
from localcloud.stacks.existing import Existing
from localcloud.stacks.model import IN_REVIEW, Request, Stack, check_updatable
from localcloud.stacks.operation_events import OperationEvents
from localcloud.stacks.operations import CREATE, DELETE, UPDATE, Operations
from localcloud.stacks.parsing import TemplateError
from localcloud.stacks.registry import Stacks
from localcloud.stacks.requests import Requests

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")

Operation = Callable[[dict[str, Any]], dict[str, Any]]


class CloudFormation:
    """Stacks of one account."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._stacks = Stacks(cloud)
        self._requests = Requests(cloud, self._stacks.exports)
        self._operations = Operations(cloud)
        self._existing = Existing(cloud)
        self._deployment = Deployment(cloud, self._operations, self._existing, self._stacks.check_exports)

    def install(self) -> None:
        """Answer CloudFormation's operations."""
        operations: dict[str, Operation] = {
            "CreateStack": self._create_stack,
            "UpdateStack": self._update_stack,
            "CancelUpdateStack": self._cancel_update_stack,
            "DeleteStack": self._delete_stack,
            "UpdateTerminationProtection": self._update_termination_protection,
            **ChangeSets(
                self._cloud, self._stacks, self._requests, self._operations, self._existing, self._carry_out
            ).operations(),
            **Describing(self._stacks, self._requests).operations(),
            **OperationEvents(self._stacks).operations(),
        }
        for name, operation in operations.items():
            self._cloud.api.register("cloudformation", name, _translated(operation))

    def _carry_out(self, kind: str, stack: Stack, request: Request) -> str:
        """Begin to create ("CREATE") or to change ("UPDATE") a stack; the id of the operation."""
        stack.status, stack.cancelled = f"{kind}_IN_PROGRESS", False
        operation = self._operations.begin(stack, CREATE if kind == "CREATE" else UPDATE)
        work = self._deployment.create if kind == "CREATE" else self._deployment.update
        self._start(work, stack, request)
        return operation.id

    def _start(self, work: Callable[..., None], *args: Any) -> None:
        self._cloud.kernel.spawn(work, *args, name="cloudformation", critical=True)

    def _create_stack(self, params: dict[str, Any]) -> dict[str, Any]:
        name = params["StackName"]
        check_name(name)
        if self._stacks.standing(name) is not None:
            raise ApiError("AlreadyExistsException", f"Stack [{name}] already exists", 400, Type="Sender")
        stack = self._stacks.new(name, "CREATE_IN_PROGRESS")
        self._requests.check_transform(params, None)
        request = self._requests.read(params, name, stack.id, None)
        stack.protected = bool(params.get("EnableTerminationProtection"))
        self._stacks.all.append(stack)
        return {"StackId": stack.id, "OperationId": self._carry_out("CREATE", stack, request)}

    def _update_stack(self, params: dict[str, Any]) -> dict[str, Any]:
        stack = self._stacks.existing(params["StackName"])
        check_updatable(stack)
        self._requests.check_transform(params, stack.request)
        request = self._requests.read(params, stack.name, stack.id, stack.request)
        if unchanged(stack, request):
            raise TemplateError("No updates are to be performed.")
        return {"StackId": stack.id, "OperationId": self._carry_out("UPDATE", stack, request)}

    def _cancel_update_stack(self, params: dict[str, Any]) -> dict[str, Any]:
        stack = self._stacks.existing(params["StackName"])
        if stack.status != "UPDATE_IN_PROGRESS":
            raise TemplateError("CancelUpdateStack cannot be called from current stack status")
        stack.cancelled = True
        return {}

    def _update_termination_protection(self, params: dict[str, Any]) -> dict[str, Any]:
        stack = self._stacks.existing(params["StackName"])
        stack.protected = bool(params["EnableTerminationProtection"])
        return {"StackId": stack.id}

    def _delete_stack(self, params: dict[str, Any]) -> dict[str, Any]:
        stack = self._stacks.standing(params["StackName"])
        if stack is None:
            return {}
        if stack.protected:
            raise TemplateError(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
        if stack.status.endswith("_IN_PROGRESS") and stack.status != IN_REVIEW:
            raise TemplateError(f"Stack [{stack.name}] cannot be deleted while in status {stack.status}")
        if stack.status == IN_REVIEW:
            stack.status, stack.deleted = "DELETE_COMPLETE", self._cloud.now
            return {}
        try:
            self._stacks.check_exports(stack, {})
        except TemplateError as exc:  # the call is fine; the stack stays as it was, and says why
            stack.reason = str(exc)
            stack.event(None, self._cloud.now)
            return {}
        stack.status = "DELETE_IN_PROGRESS"
        self._operations.begin(stack, DELETE)
        self._start(self._deployment.delete, stack)
        return {}


def check_name(name: str) -> None:
    """Raises ApiError ValidationError for what is no name of a stack."""
    if not _NAME.fullmatch(name):
        raise ApiError(
            "ValidationError",
            f"1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: Member must "
            "satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*",
            Type="Sender",
        )


def _translated(operation: Operation) -> Callable[[ApiCall], dict[str, Any]]:
    def answer(call: ApiCall) -> dict[str, Any]:
        try:
            return operation(call.params)
        except TemplateError as exc:
            raise ApiError("ValidationError", str(exc), 400, Type="Sender") from None

    return answer
