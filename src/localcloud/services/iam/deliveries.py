"""What a service needs of a target that it hands something over to, and of a source that it reads: by their ARNs."""

from __future__ import annotations

from typing import Any

_CALLS = {
    "kinesis": ("kinesis", "PutRecord", "StreamARN"),
    "lambda": ("lambda", "Invoke", "FunctionName"),
    "sns": ("sns", "Publish", "TopicArn"),
    "sqs": ("sqs", "SendMessage", "QueueArn"),
    "states": ("stepfunctions", "StartExecution", "stateMachineArn"),
}


# what a poller does with its source; ListStreams is of no single stream, and not looked at
QUEUE_ACTIONS = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
STREAM_ACTIONS = {
    "kinesis": ("GetRecords", "GetShardIterator", "DescribeStream", "ListShards", "ListStreams"),
    "dynamodb": ("GetRecords", "GetShardIterator", "DescribeStream", "ListStreams"),
}


def reading(arn: str) -> list[tuple[str, str]]:
    """The actions, each with its resource, that polling a queue, a stream or a stream's consumer takes."""
    kind = arn.split(":")[2]
    if "/consumer/" in arn:
        return [("kinesis:SubscribeToShard", arn)]
    actions = QUEUE_ACTIONS if kind == "sqs" else STREAM_ACTIONS.get(kind, ())
    return [(f"{kind}:{action}", arn) for action in actions if action != "ListStreams"]


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
