"""CloudFormation's API."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiCall, ApiError
from localcloud.stacks.answers import SUMMARY, change_answer, event_answer, pairs, resource_answer, stack_answer
from localcloud.stacks.changes import planned, same_outputs
from localcloud.stacks.deployment import Deployment
from localcloud.stacks.intrinsics import Scope
from localcloud.stacks.model import IN_REVIEW, UPDATABLE, ChangeSet, Request, Stack
from localcloud.stacks.parsing import TemplateError, parse_template
from localcloud.stacks.sam import processed, transforms
from localcloud.stacks.template import Template, parameter_values

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."


class CloudFormation:
    """Stacks of one account."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._deployment = Deployment(cloud)
        self._stacks: list[Stack] = []  # deleted ones too, as on AWS
        self._ids = cloud.kernel.streams["cloudformation/uuids"]

    def install(self) -> None:
        """Answer CloudFormation's operations."""
        operations: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "CreateStack": self._create_stack,
            "UpdateStack": self._update_stack,
            "DeleteStack": self._delete_stack,
            "DescribeStacks": self._describe_stacks,
            "DescribeStackEvents": self._describe_events,
            "DescribeStackResources": self._describe_resources,
            "DescribeStackResource": self._describe_resource,
            "ListStackResources": self._list_resources,
            "ListStacks": self._list_stacks,
            "ListExports": self._list_exports,
            "GetTemplate": self._get_template,
            "ValidateTemplate": self._validate_template,
            "CreateChangeSet": self._create_change_set,
            "DescribeChangeSet": self._describe_change_set,
            "ExecuteChangeSet": self._execute_change_set,
            "DeleteChangeSet": self._delete_change_set,
            "ListChangeSets": self._list_change_sets,
        }
        for name, operation in operations.items():
            self._cloud.api.register("cloudformation", name, _translated(operation))

    # -- requests ------------------------------------------------------------------------------

    def _request(self, params: Mapping[str, Any], stack_name: str, stack_id: str, before: Request | None) -> Request:
        """Everything a deployment needs. Raises TemplateError; ApiError for missing capabilities."""
        text = self._text(params, before)
        body = parse_template(text)
        given = {
            p["ParameterKey"]: None if p.get("UsePreviousValue") else p.get("ParameterValue", "")
            for p in params.get("Parameters") or []
        }
        values = parameter_values(body, given, before.template.parameters if before else {})
        capabilities = tuple(params.get("Capabilities") or ())
        body = processed(body, values)
        scope = Scope(
            values={**_lists(body, values), **self._pseudo(stack_name, stack_id)},
            mappings=body.get("Mappings") or {},
            conditions=body.get("Conditions") or {},
            exports=self._exports(),
        )
        template = Template(body, values, scope)
        self._check_capabilities(template, capabilities)
        tags = {tag["Key"]: tag["Value"] for tag in params.get("Tags") or []}
        failure = "DO_NOTHING" if params.get("DisableRollback") else params.get("OnFailure", "ROLLBACK")
        return Request(text, template, tags, capabilities, body.get("Description", ""), failure)

    def _text(self, params: Mapping[str, Any], before: Request | None) -> str:
        if params.get("UsePreviousTemplate"):
            if before is None:
                raise TemplateError("No previous template exists to reuse.")
            return before.text
        if "TemplateBody" in params:
            return str(params["TemplateBody"])
        if "TemplateURL" in params:
            bucket, _, key = params["TemplateURL"].split("://", 1)[1].partition("/")
            if bucket.startswith(("s3.", "s3-")):
                bucket, _, key = key.partition("/")
            answer = self._cloud.client("s3").get_object(Bucket=bucket.split(".s3")[0], Key=key)
            return str(answer["Body"].read().decode())
        raise TemplateError("Either Template URL or Template Body must be specified.")

    def _pseudo(self, stack_name: str, stack_id: str) -> dict[str, Any]:
        return {
            "AWS::AccountId": self._cloud.account_id,
            "AWS::NotificationARNs": [],
            "AWS::Partition": "aws",
            "AWS::Region": self._cloud.region,
            "AWS::StackId": stack_id,
            "AWS::StackName": stack_name,
            "AWS::URLSuffix": "amazonaws.com",
        }

    def _check_capabilities(self, template: Template, given: tuple[str, ...]) -> None:
        needed, _ = template.capabilities
        enough = {"": True, "CAPABILITY_NAMED_IAM": needed in given}
        ok = enough.get(needed, bool({"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"} & set(given)))
        if not ok:
            raise ApiError(
                "InsufficientCapabilitiesException", f"Requires capabilities : [{needed}]", 400, Type="Sender"
            )

    def _exports(self) -> dict[str, str]:
        return {
            export: value
            for stack in self._stacks
            if stack.deleted is None
            for value, _, export in stack.outputs.values()
            if export
        }

    # -- finding -------------------------------------------------------------------------------

    def _find(self, reference: str) -> Stack:
        """A stack by name, or by id when it is gone. Raises TemplateError."""
        for stack in reversed(self._stacks):
            if stack.id == reference or (stack.name == reference and stack.deleted is None):
                return stack
        raise TemplateError(f"Stack with id {reference} does not exist")

    def _standing(self, reference: str) -> Stack | None:
        return next((s for s in self._stacks if s.deleted is None and reference in (s.name, s.id)), None)

    def _new_stack(self, name: str, status: str) -> Stack:
        stack_id = f"arn:aws:cloudformation:{self._cloud.region}:{self._cloud.account_id}:stack/{name}/{self._uuid()}"
        return Stack(name, stack_id, self._cloud.now, status)

    def _uuid(self) -> str:
        digits = f"{self._ids.getrandbits(128):032x}"
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def _start(self, work: Callable[..., None], *args: Any) -> None:
        self._cloud.kernel.spawn(work, *args, name="cloudformation", critical=True)

    # -- stacks --------------------------------------------------------------------------------

    def _create_stack(self, params: dict[str, Any]) -> dict[str, Any]:
        name = params["StackName"]
        if self._standing(name) is not None:
            raise ApiError("AlreadyExistsException", f"Stack [{name}] already exists", 400, Type="Sender")
        stack = self._new_stack(name, "CREATE_IN_PROGRESS")
        self._check_transform(params)
        request = self._request(params, name, stack.id, None)
        self._stacks.append(stack)
        self._start(self._deployment.create, stack, request)
        return {"StackId": stack.id}

    def _check_transform(self, params: Mapping[str, Any]) -> None:
        """Without a change set to look at, a transform must be allowed beforehand."""
        body = parse_template(self._text(params, None)) if "TemplateBody" in params else {}
        if transforms(body) and "CAPABILITY_AUTO_EXPAND" not in (params.get("Capabilities") or ()):
            raise ApiError(
                "InsufficientCapabilitiesException",
                "Requires capabilities : [CAPABILITY_AUTO_EXPAND]",
                400,
                Type="Sender",
            )

    def _update_stack(self, params: dict[str, Any]) -> dict[str, Any]:
        stack = self._find(params["StackName"])
        self._check_updatable(stack)
        self._check_transform(params)
        request = self._request(params, stack.name, stack.id, stack.request)
        if self._unchanged(stack, request):
            raise TemplateError("No updates are to be performed.")
        stack.status = "UPDATE_IN_PROGRESS"
        self._start(self._deployment.update, stack, request)
        return {"StackId": stack.id}

    def _check_updatable(self, stack: Stack) -> None:
        if stack.status not in UPDATABLE:
            raise TemplateError(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")

    def _unchanged(self, stack: Stack, request: Request) -> bool:
        return (
            not planned(stack, request.template)
            and same_outputs(stack, request.template)
            and stack.request is not None
            and stack.request.tags == request.tags
        )

    def _delete_stack(self, params: dict[str, Any]) -> dict[str, Any]:
        stack = self._standing(params["StackName"])
        if stack is None:
            return {}
        if stack.status.endswith("_IN_PROGRESS") and stack.status != IN_REVIEW:
            raise TemplateError(f"Stack [{stack.name}] cannot be deleted while in status {stack.status}")
        used = {export for _, _, export in stack.outputs.values() if export}
        for other in self._stacks:
            if other is not stack and other.deleted is None and other.request is not None:
                text = other.request.text
                for export in sorted(used):
                    if "ImportValue" in text and export in text:
                        raise TemplateError(f"Export {export} cannot be deleted as it is in use by {other.name}")
        if stack.status == IN_REVIEW:
            stack.status, stack.deleted = "DELETE_COMPLETE", self._cloud.now
            return {}
        stack.status = "DELETE_IN_PROGRESS"
        self._start(self._deployment.delete, stack)
        return {}

    def _describe_stacks(self, params: dict[str, Any]) -> dict[str, Any]:
        if "StackName" in params:
            return {"Stacks": [stack_answer(self._find(params["StackName"]))]}
        return {"Stacks": [stack_answer(stack) for stack in self._stacks if stack.deleted is None]}

    def _list_stacks(self, params: dict[str, Any]) -> dict[str, Any]:
        wanted = params.get("StackStatusFilter")
        return {
            "StackSummaries": [
                {key: value for key, value in stack_answer(stack).items() if key in SUMMARY}
                for stack in reversed(self._stacks)
                if not wanted or stack.status in wanted
            ]
        }

    def _list_exports(self, params: dict[str, Any]) -> dict[str, Any]:
        return {
            "Exports": [
                {"ExportingStackId": stack.id, "Name": export, "Value": value}
                for stack in self._stacks
                if stack.deleted is None
                for value, _, export in stack.outputs.values()
                if export
            ]
        }

    def _describe_events(self, params: dict[str, Any]) -> dict[str, Any]:
        stack = self._find(params["StackName"])
        return {"StackEvents": [event_answer(stack, event) for event in reversed(stack.events)]}

    def _describe_resources(self, params: dict[str, Any]) -> dict[str, Any]:
        stack = self._find(params["StackName"])
        wanted = params.get("LogicalResourceId")
        return {
            "StackResources": [
                {"StackName": stack.name, "StackId": stack.id, "Timestamp": r.at, **resource_answer(r)}
                for r in stack.resources.values()
                if wanted in (None, r.logical_id)
            ]
        }

    def _describe_resource(self, params: dict[str, Any]) -> dict[str, Any]:
        stack, name = self._find(params["StackName"]), params["LogicalResourceId"]
        resource = stack.resources.get(name)
        if resource is None:
            raise TemplateError(f"Resource {name} does not exist for stack {stack.name}")
        detail = {"StackName": stack.name, "StackId": stack.id, "LastUpdatedTimestamp": resource.at}
        return {"StackResourceDetail": {**detail, **resource_answer(resource)}}

    def _list_resources(self, params: dict[str, Any]) -> dict[str, Any]:
        stack = self._find(params["StackName"])
        return {
            "StackResourceSummaries": [
                {"LastUpdatedTimestamp": r.at, **resource_answer(r)} for r in stack.resources.values()
            ]
        }

    def _get_template(self, params: dict[str, Any]) -> dict[str, Any]:
        stack = self._find(params["StackName"])
        if stack.request is None:
            raise TemplateError(f"Stack {stack.name} has no template yet; execute its change set first.")
        text: Any = stack.request.text
        if params.get("TemplateStage") == "Processed":
            text = json.dumps(stack.request.template.body)
        return {"TemplateBody": text, "StagesAvailable": ["Original", "Processed"]}

    def _validate_template(self, params: dict[str, Any]) -> dict[str, Any]:
        body = parse_template(self._text(params, None))
        declared = body.get("Parameters") or {}
        return {
            "Description": body.get("Description", ""),
            "DeclaredTransforms": transforms(body),
            "Parameters": [
                {
                    "ParameterKey": name,
                    "DefaultValue": str(rule.get("Default", "")),
                    "NoEcho": bool(rule.get("NoEcho", False)),
                    "Description": rule.get("Description", ""),
                }
                for name, rule in declared.items()
            ],
        }

    # -- change sets ---------------------------------------------------------------------------

    def _create_change_set(self, params: dict[str, Any]) -> dict[str, Any]:
        name, kind = params["StackName"], params.get("ChangeSetType", "UPDATE")
        stack = self._standing(name)
        if kind == "UPDATE":
            if stack is None:
                raise TemplateError(f"Stack [{name}] does not exist")
            self._check_updatable(stack)
        elif stack is not None and stack.status != IN_REVIEW:
            raise TemplateError(f"Stack [{name}] already exists and cannot be created again with the changeSet.")
        made_stack = stack is None
        if stack is None:
            stack = self._new_stack(name, IN_REVIEW)
            self._stacks.append(stack)
            stack.event(None, self._cloud.now)
        set_name = params["ChangeSetName"]
        if set_name in stack.change_sets:
            raise ApiError("AlreadyExistsException", f"ChangeSet {set_name} already exists", 400, Type="Sender")
        arn = (
            f"arn:aws:cloudformation:{self._cloud.region}:{self._cloud.account_id}:changeSet/{set_name}/{self._uuid()}"
        )
        change_set = ChangeSet(set_name, arn, kind, self._cloud.now, "CREATE_COMPLETE", "AVAILABLE")
        try:
            request = change_set.request = self._request(params, stack.name, stack.id, stack.request)
            change_set.changes = planned(stack, request.template)
            if kind == "UPDATE" and self._unchanged(stack, request):
                change_set.reason = _NO_CHANGES
        except ApiError:
            if made_stack:
                self._stacks.remove(stack)
            raise
        except TemplateError as exc:
            if not str(exc).startswith("Transform "):  # a transform fails later, in the change set
                if made_stack:
                    self._stacks.remove(stack)
                raise
            change_set.reason = str(exc)
        if change_set.reason:
            change_set.status, change_set.execution_status = "FAILED", "UNAVAILABLE"
        stack.change_sets[set_name] = change_set
        return {"Id": change_set.id, "StackId": stack.id}

    def _change_set(self, params: Mapping[str, Any]) -> tuple[Stack, ChangeSet]:
        reference = params["ChangeSetName"]
        for stack in reversed(self._stacks):
            if stack.deleted is not None or params.get("StackName") not in (None, stack.name, stack.id):
                continue
            for change_set in stack.change_sets.values():
                if reference in (change_set.id, change_set.name):
                    return stack, change_set
        raise ApiError("ChangeSetNotFound", f"ChangeSet [{reference}] does not exist", 404, Type="Sender")

    def _describe_change_set(self, params: dict[str, Any]) -> dict[str, Any]:
        stack, change_set = self._change_set(params)
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
            answer["Parameters"] = pairs(change_set.request.template.parameters, "Parameter")
            answer["Capabilities"] = list(change_set.request.capabilities)
        return answer

    def _execute_change_set(self, params: dict[str, Any]) -> dict[str, Any]:
        stack, change_set = self._change_set(params)
        if change_set.execution_status != "AVAILABLE" or change_set.request is None:
            raise ApiError(
                "InvalidChangeSetStatus",
                f"ChangeSet [{change_set.id}] cannot be executed in its current status of [{change_set.status}]",
                400,
                Type="Sender",
            )
        del stack.change_sets[change_set.name]
        work = self._deployment.create if change_set.kind == "CREATE" else self._deployment.update
        stack.status = f"{change_set.kind}_IN_PROGRESS"
        self._start(work, stack, change_set.request)
        return {}

    def _delete_change_set(self, params: dict[str, Any]) -> dict[str, Any]:
        stack, change_set = self._change_set(params)
        del stack.change_sets[change_set.name]
        return {}

    def _list_change_sets(self, params: dict[str, Any]) -> dict[str, Any]:
        stack = self._find(params["StackName"])
        return {
            "Summaries": [
                {
                    "ChangeSetId": c.id, "ChangeSetName": c.name, "StackId": stack.id, "StackName": stack.name,
                    "Status": c.status, "ExecutionStatus": c.execution_status, "CreationTime": c.created,
                }
                for c in stack.change_sets.values()
            ]
        }  # fmt: skip


def _translated(operation: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[ApiCall], dict[str, Any]]:
    def answer(call: ApiCall) -> dict[str, Any]:
        try:
            return operation(call.params)
        except TemplateError as exc:
            raise ApiError("ValidationError", str(exc), 400, Type="Sender") from None

    return answer


def _lists(body: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """Parameters whose type is a list are lists when referred to."""
    declared = body.get("Parameters") or {}
    return {
        name: value.split(",") if str(declared[name].get("Type", "")).endswith(("List", "List<String>")) else value
        for name, value in values.items()
    }
