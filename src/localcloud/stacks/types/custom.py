"""Custom::* and AWS::CloudFormation::CustomResource: resources that a function or a topic's subscriber makes.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from localcloud.stacks.types.base import Made, Making, ResourceFailed, Updatable

PREFIX = "Custom::"
_TIMEOUT_S = 3_600  # the default and the most that ServiceTimeout takes


class CustomResource(Updatable):
    """Asks its provider, and waits for the answer at a presigned URL."""

    name = "AWS::CloudFormation::CustomResource"
    validated_early = False
    required = frozenset({"ServiceToken"})
    replacing = frozenset({"ServiceToken"})

    def strange(self, properties: Mapping[str, Any]) -> list[str]:
        return []  # whatever the provider wants to know

    def has_attribute(self, attribute: str) -> bool:
        return True  # whatever the provider answers

    def create(self, making: Making) -> Made:
        return self._ask(making, "Create", {})

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        return self._ask(
            making, "Update", {"PhysicalResourceId": made.physical_id, "OldResourceProperties": _texts(old)}
        )

    def delete(self, making: Making, made: Made) -> None:
        self._ask(making, "Delete", {"PhysicalResourceId": made.physical_id})

    def _ask(self, making: Making, kind: str, more: Mapping[str, Any]) -> Made:
        assert making.callback is not None
        callback = making.callback()
        properties = making.properties
        request = {
            "RequestType": kind,
            "ServiceToken": properties["ServiceToken"],
            "ResponseURL": callback.url,
            "StackId": making.stack_id,
            "RequestId": callback.request_id,
            "LogicalResourceId": making.logical_id,
            "ResourceType": making.type_name,
            "ResourceProperties": _texts({k: v for k, v in properties.items() if k != "ServiceTimeout"}),
            **more,
        }
        _send(making, str(properties["ServiceToken"]), request)
        answer = callback.answer(int(properties.get("ServiceTimeout", _TIMEOUT_S)))
        return _made(making, kind, callback.request_id, answer, str(more.get("PhysicalResourceId", "")))


def _send(making: Making, token: str, request: Mapping[str, Any]) -> None:
    if ":lambda:" in token:
        making.client("lambda").invoke(FunctionName=token, InvocationType="Event", Payload=json.dumps(request))
    elif ":sns:" in token:
        subject = "AWS CloudFormation custom resource request"
        making.client("sns").publish(TopicArn=token, Subject=subject, Message=json.dumps(request))
    else:
        raise ResourceFailed(
            f"Invalid ServiceToken: expected the ARN of a Lambda function or an SNS topic, found {token}"
        )


def _made(making: Making, kind: str, request_id: str, answer: Mapping[str, Any] | None, before: str) -> Made:
    """Raises ResourceFailed unless the provider says SUCCESS."""
    if answer is None:
        raise ResourceFailed(
            "CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId "
            f"[{request_id}]. If you are using the Python cfn-response module, you may need to update your Lambda "
            "function code so that CloudFormation can attach the updated version."
        )
    physical_id = str(answer.get("PhysicalResourceId") or before)
    if answer.get("Status") != "SUCCESS":
        raise ResourceFailed(
            f"Received response status [FAILED] from custom resource. Message returned: {answer.get('Reason', '')} "
            f"(RequestId: {request_id})",
            Made(physical_id or f"{making.logical_id}-{request_id}"),
        )
    if not physical_id:
        raise ResourceFailed("Invalid PhysicalResourceId")
    data = answer.get("Data") or {}
    if kind == "Delete":
        return Made(physical_id)
    if not isinstance(data, dict):
        raise ResourceFailed("Response is not valid JSON: Data must be an object.", Made(physical_id))
    return Made(physical_id, data)


def _texts(value: Any) -> Any:
    """Numbers and booleans of a template reach a provider as text."""
    if isinstance(value, Mapping):
        return {key: _texts(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_texts(inner) for inner in value]
    return str(value).lower() if isinstance(value, bool) else value if value is None else str(value)


ALL = (CustomResource(),)
