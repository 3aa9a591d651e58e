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
    "cloudformation": ("StackName",),
}


@dataclass(slots=True)
class ApiCall:
    """`service` and `operation` are botocore's names ("lambda", "Invoke"); `params` the validated parameters."""

    service: str
    operation: str
    params: dict[str, Any]
    client: Any
    region: str

    @property
    def resource(self) -> str:
        """The table, queue, function or bus that the call is about; "" when it names none."""
        for name in _RESOURCE_PARAMETERS.get(self.service, ()):
            value = self.params.get(name)
            if isinstance(value, str):
                return value.rsplit("/", 1)[-1] if name == "QueueUrl" else value
        return ""


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
