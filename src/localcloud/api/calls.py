"""One API call, and the error AWS would answer it with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# The parameter that names what a call is about, by service; used for faults, metering and traces.
_RESOURCE_PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "dynamodb": ("TableName",),
    "sqs": ("QueueUrl", "QueueName"),
    "lambda": ("FunctionName",),
    "events": ("EventBusName", "Name"),
    "logs": ("logGroupName",),
    "s3": ("Bucket",),
    "sns": ("TopicArn",),
    "ssm": ("Name",),
    "secretsmanager": ("SecretId",),
    "stepfunctions": ("stateMachineArn",),
    "kinesis": ("StreamName",),
    "cloudformation": ("StackName",),
    "bedrock-runtime": ("modelId",),
    "bedrock-agentcore": ("agentRuntimeArn",),
}
REQUEST_ID = " request id"  # a member of an answer that names its request, where the service has given it an id
_THROTTLES = ("Throttl", "ThroughputExceeded", "RequestLimitExceeded")


@dataclass(slots=True)
class ApiCall:
    """`service` and `operation` are botocore's names ("lambda", "Invoke"); `params` the validated parameters.

    `inside_us` is what is left of the call's latency when its handler begins.
    """

    service: str
    operation: str
    params: dict[str, Any]
    client: Any
    region: str
    inside_us: int = 0

    @property
    def resource(self) -> str:
        """The table, queue, function or bus that the call is about; "" when it names none."""
        for name in _RESOURCE_PARAMETERS.get(self.service, ()):
            value = self.params.get(name)
            if isinstance(value, str):
                return value.rsplit("/", 1)[-1] if name == "QueueUrl" else value
        return ""

    @property
    def resources(self) -> tuple[str, ...]:
        """The plain names of all it is about, ARNs cut down to names; a batch or a transaction may name many."""
        if self.resource:
            return (plain_name(self.service, self.resource),)
        if (self.service, self.operation) == ("events", "PutEvents"):
            found = [entry.get("EventBusName", "default") for entry in self.params.get("Entries") or ()]
        else:  # DynamoDB's batches and transactions
            found = list(self.params.get("RequestItems") or ())
            for item in self.params.get("TransactItems") or ():
                found += [inner["TableName"] for inner in item.values()]
        return tuple(dict.fromkeys(plain_name(self.service, name) for name in found))


def plain_name(service: str, reference: str) -> str:
    """The name in an ARN or in a qualified function reference; a plain name stays as it is."""
    if service == "lambda":
        parts = reference.split(":")
        return parts[parts.index("function") + 1] if "function" in parts else parts[0]
    if reference.startswith("arn:"):
        return reference.split(":", 5)[-1].split("/", 1)[-1].rsplit(":", 1)[-1]
    return reference


class ApiError(Exception):
    """What AWS would answer with an error status.

    Args:
        code: AWS's error code, such as "ResourceNotFoundException".
        message: AWS's wording.
        status: the HTTP status.
        fields: further members of the modelled error, such as Reason.
    """

    def __init__(self, code: str, message: str, status: int = 400, **fields: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.fields = fields

    @property
    def throttled(self) -> bool:
        """Whether it says that there were too many requests."""
        return self.status == 429 or any(word in self.code for word in _THROTTLES)
