"""AWS::CloudFormation::Stack: a stack in a stack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from localcloud.stacks.types.base import Made, Making, ResourceFailed, Updatable, names


class NestedStack(Updatable):
    """It is made, changed and deleted through CloudFormation's own API; its outputs are `Outputs.Name`."""

    name = "AWS::CloudFormation::Stack"
    validated_early = False
    properties = names("NotificationARNs Parameters Tags TemplateURL TimeoutInMinutes")
    required = names("TemplateURL")
    always_updated = True  # its template may have changed behind the same URL

    def has_attribute(self, attribute: str) -> bool:
        return attribute.startswith("Outputs.")  # which ones is known when the inner template has been read

    def create(self, making: Making) -> Made:
        client = making.client("cloudformation")
        arn = client.create_stack(StackName=making.generated_name(128), **_arguments(making))["StackId"]
        stack = _settled(making, arn)
        if stack["StackStatus"] != "CREATE_COMPLETE":
            raise ResourceFailed(f"Embedded stack {arn} was not successfully created: {_reason(stack)}", Made(arn))
        return _made(stack)

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        client, arn = making.client("cloudformation"), made.physical_id
        try:
            client.update_stack(StackName=arn, **_arguments(making))
        except ClientError as exc:
            if "No updates are to be performed" not in exc.response["Error"]["Message"]:
                raise
        stack = _settled(making, arn)
        if not stack["StackStatus"].endswith("_COMPLETE") or "ROLLBACK" in stack["StackStatus"]:
            raise ResourceFailed(f"Embedded stack {arn} was not successfully updated. {_reason(stack)}".strip())
        return _made(stack)

    def delete(self, making: Making, made: Made) -> None:
        arn = made.physical_id
        making.client("cloudformation").delete_stack(StackName=arn)
        if _settled(making, arn)["StackStatus"] != "DELETE_COMPLETE":
            raise ResourceFailed(f"Embedded stack {arn} was not successfully deleted.")


def _arguments(making: Making) -> dict[str, Any]:
    parameters = making.properties.get("Parameters") or {}
    return {
        "TemplateURL": making.properties["TemplateURL"],
        "Parameters": [{"ParameterKey": key, "ParameterValue": _text(value)} for key, value in parameters.items()],
        "Tags": [tag for tag in making.tag_list() if not tag["Key"].startswith("aws:")],
        "Capabilities": list(making.capabilities),
    }


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _settled(making: Making, arn: str) -> dict[str, Any]:
    """The stack when nothing is under way in it any more."""
    client = making.client("cloudformation")
    found: list[dict[str, Any]] = []

    def ready() -> bool:
        found[:] = client.describe_stacks(StackName=arn)["Stacks"]
        return not found[0]["StackStatus"].endswith("_IN_PROGRESS")

    making.wait_until(ready)
    return found[0]


def _reason(stack: Mapping[str, Any]) -> str:
    return str(stack.get("StackStatusReason", ""))


def _made(stack: Mapping[str, Any]) -> Made:
    outputs = {f"Outputs.{output['OutputKey']}": output["OutputValue"] for output in stack.get("Outputs", ())}
    return Made(stack["StackId"], outputs)


ALL = (NestedStack(),)
