"""The call by which a service hands something over to a target, by the target's ARN."""

from __future__ import annotations

from typing import Any

_CALLS = {
    "kinesis": ("kinesis", "PutRecord", "StreamARN"),
    "lambda": ("lambda", "Invoke", "FunctionName"),
    "sns": ("sns", "Publish", "TopicArn"),
    "sqs": ("sqs", "SendMessage", "QueueArn"),
    "states": ("stepfunctions", "StartExecution", "stateMachineArn"),
}


def delivery(arn: str) -> tuple[str, str, dict[str, Any]] | None:
    """botocore's names of the service and the operation, and the parameters that name the target.

    None for a target that no role of the caller needs to be let into.
    """
    kind, resource = arn.split(":")[2], arn.split(":", 5)[-1]
    if kind == "events" and resource.startswith("event-bus/"):
        return "events", "PutEvents", {"Entries": [{"EventBusName": arn}]}
    if kind == "s3":
        return "s3", "PutObject", {"Bucket": resource, "Key": "aws/lambda/"}
    if kind not in _CALLS:
        return None
    service, operation, name = _CALLS[kind]
    return service, operation, {name: arn}
