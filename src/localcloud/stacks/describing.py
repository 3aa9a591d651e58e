"""CloudFormation's operations that only look."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from localcloud.stacks.answers import (
    PAGE,
    SUMMARY,
    event_answer,
    page,
    parameter_summary,
    resource_answer,
    stack_answer,
)
from localcloud.stacks.checks import check_template
from localcloud.stacks.parsing import TemplateError, parse_template
from localcloud.stacks.registry import Stacks
from localcloud.stacks.requests import Requests
from localcloud.stacks.sam import transforms
from localcloud.stacks.structure import check_written
from localcloud.stacks.template import capabilities_needed

Operation = Callable[[dict[str, Any]], dict[str, Any]]


class Describing:
    """Describe, List and Get."""

    def __init__(self, stacks: Stacks, requests: Requests) -> None:
        self._stacks = stacks
        self._requests = requests

    def operations(self) -> dict[str, Operation]:
        return {
            "DescribeStacks": self._describe_stacks,
            "DescribeStackEvents": self._describe_events,
            "DescribeStackResources": self._describe_resources,
            "DescribeStackResource": self._describe_resource,
            "ListStackResources": self._list_resources,
            "ListStacks": self._list_stacks,
            "ListExports": self._list_exports,
            "ListImports": self._list_imports,
            "GetTemplate": self._get_template,
            "GetTemplateSummary": self._get_template_summary,
            "ValidateTemplate": self._validate_template,
        }

    def _describe_stacks(self, params: dict[str, Any]) -> dict[str, Any]:
        if "StackName" in params:
            return {"Stacks": [stack_answer(self._stacks.find(params["StackName"]))]}
        return page(params, "Stacks", [stack_answer(s) for s in self._stacks.all if s.deleted is None])

    def _list_stacks(self, params: dict[str, Any]) -> dict[str, Any]:
        wanted = params.get("StackStatusFilter")
        found = [
            {key: value for key, value in stack_answer(stack).items() if key in SUMMARY}
            for stack in reversed(self._stacks.all)
            if not wanted or stack.status in wanted
        ]
        return page(params, "StackSummaries", found)

    def _list_exports(self, params: dict[str, Any]) -> dict[str, Any]:
        found = [
            {"ExportingStackId": stack.id, "Name": export, "Value": value}
            for export, (stack, value) in self._stacks.exported().items()
        ]
        return page(params, "Exports", found)

    def _list_imports(self, params: dict[str, Any]) -> dict[str, Any]:
        export = params["ExportName"]
        users = [stack.name for stack in self._stacks.importers(export)]
        if not users:
            raise TemplateError(f"Export '{export}' is not imported by any stack.")
        return page(params, "Imports", users)

    def _describe_events(self, params: dict[str, Any]) -> dict[str, Any]:
        stack = self._stacks.find(params["StackName"], "Stack [{}] does not exist")
        return page(params, "StackEvents", [event_answer(stack, event) for event in reversed(stack.events)])

    def _describe_resources(self, params: dict[str, Any]) -> dict[str, Any]:
        stack = self._of_resource(params)
        wanted = params.get("LogicalResourceId")
        found = [
            {"StackName": stack.name, "StackId": stack.id, "Timestamp": r.at, **resource_answer(r)}
            for r in stack.resources.values()
            if wanted in (None, r.logical_id)
        ]
        return {"StackResources": found[:PAGE]}  # AWS has no second page for this one

    def _of_resource(self, params: Mapping[str, Any]) -> Any:
        if "StackName" in params:
            return self._stacks.find(params["StackName"])
        wanted = params.get("PhysicalResourceId", "")
        for stack in reversed(self._stacks.all):
            if any(wanted and r.made.physical_id == wanted for r in stack.resources.values()):
                return stack
        raise TemplateError(f"Stack for {wanted} does not exist")

    def _describe_resource(self, params: dict[str, Any]) -> dict[str, Any]:
        stack, name = self._stacks.find(params["StackName"], "Stack '{}' does not exist"), params["LogicalResourceId"]
        resource = stack.resources.get(name)
        if resource is None:
            raise TemplateError(f"Resource {name} does not exist for stack {stack.name}")
        detail = {"StackName": stack.name, "StackId": stack.id, "LastUpdatedTimestamp": resource.at}
        return {"StackResourceDetail": {**detail, **resource_answer(resource)}}

    def _list_resources(self, params: dict[str, Any]) -> dict[str, Any]:
        stack = self._stacks.find(params["StackName"])
        found = [{"LastUpdatedTimestamp": r.at, **resource_answer(r)} for r in stack.resources.values()]
        return page(params, "StackResourceSummaries", found)

    def _get_template(self, params: dict[str, Any]) -> dict[str, Any]:
        stack = self._stacks.find(params["StackName"])
        if stack.request is None:
            raise TemplateError(f"Stack {stack.name} has no template yet; execute its change set first.")
        text: Any = stack.request.text
        if params.get("TemplateStage") == "Processed":
            text = json.dumps(stack.request.template.body)
        return {"TemplateBody": text, "StagesAvailable": ["Original", "Processed"]}

    def _get_template_summary(self, params: dict[str, Any]) -> dict[str, Any]:
        if "StackName" in params:
            request = self._stacks.find(params["StackName"]).request
            text = request.text if request is not None else ""
        else:
            text = self._requests.text(params, None)
        body = parse_template(text)
        needed, because = capabilities_needed(body["Resources"])
        answer = {
            "Description": body.get("Description", ""),
            "DeclaredTransforms": transforms(body),
            "Parameters": [parameter_summary(name, rule) for name, rule in (body.get("Parameters") or {}).items()],
            "ResourceTypes": sorted({resource["Type"] for resource in body["Resources"].values()}),
        }
        if needed:
            answer["Capabilities"] = [needed]
            answer["CapabilitiesReason"] = f"The following resource(s) require capabilities: [{because}]"
        return answer

    def _validate_template(self, params: dict[str, Any]) -> dict[str, Any]:
        body = parse_template(self._requests.text(params, None))
        check_written(body)
        if not transforms(body):  # what a transform makes of a template is not known here
            check_template(body, extended=False)
        wanted = ("ParameterKey", "DefaultValue", "NoEcho", "Description")
        summaries = [parameter_summary(name, rule) for name, rule in (body.get("Parameters") or {}).items()]
        return {
            "Description": body.get("Description", ""),
            "DeclaredTransforms": transforms(body),
            "Parameters": [{key: s[key] for key in wanted if key in s} for s in summaries],
        }
