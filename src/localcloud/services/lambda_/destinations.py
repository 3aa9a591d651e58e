"""What becomes of an event in the end: records for destinations, and dead letters."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.sqs.exceptions import SQSException

from localcloud.api import ApiError
from localcloud.principals import Principal
from localcloud.services.iam.deliveries import delivery
from localcloud.services.lambda_.functions import Functions, split_reference
from localcloud.services.lambda_.metrics import LambdaMetrics
from localcloud.services.lambda_.results import InvokeResult

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_LATEST = "$LATEST"
_LONGEST_MESSAGE = 1_024  # characters of an error message that a dead letter carries
_DEAD_LETTER_KEY = "_localcloud_dead_letter"
_UNDELIVERED = (ApiError, ClientError, SQSException)


def dead_letter_target(function: Any) -> str | None:
    """The ARN in a function's DeadLetterConfig, which is kept on moto's function since moto drops it."""
    found: str | None = function.__dict__.get(_DEAD_LETTER_KEY)
    return found


def set_dead_letter_target(function: Any, config: Mapping[str, Any]) -> None:
    """Keep a DeadLetterConfig; an empty TargetArn takes it away."""
    function.__dict__[_DEAD_LETTER_KEY] = config.get("TargetArn") or None


@dataclass(frozen=True, slots=True)
class Ended:
    """An event that was delivered or given up. `condition`: Success, RetriesExhausted or EventAgeExceeded.

    `result` is that of its last invocation; None when none came about.
    """

    reference: str
    qualifier: str | None
    payload: bytes
    request_id: str
    condition: str
    attempts: int
    result: InvokeResult | None


class Destinations:
    """Sends records and dead letters. One that cannot be sent is counted and gone, as AWS does it.

    `accept(reference, payload)` queues an event for a function that is a destination.
    """

    def __init__(
        self, cloud: Cloud, functions: Functions, metrics: LambdaMetrics, accept: Callable[[str, bytes], Any]
    ) -> None:
        self._cloud = cloud
        self._functions = functions
        self._metrics = metrics
        self._accept = accept

    def record(self, destination: str, ended: Ended) -> None:
        """Send the record of what became of the event."""
        name, qualifier = split_reference(ended.reference, ended.qualifier)
        arn = f"{self._functions.model(name).function_arn}:{qualifier or _LATEST}"
        try:
            self._send(destination, arn, json.dumps(self._described(arn, ended)), ended)
        except _UNDELIVERED:
            self._metrics.destination_failed(name, qualifier)

    def _described(self, arn: str, ended: Ended) -> dict[str, Any]:
        record: dict[str, Any] = {
            "version": "1.0",
            "timestamp": self._cloud.now.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
            "requestContext": {
                "requestId": ended.request_id,
                "functionArn": arn,
                "condition": ended.condition,
                "approximateInvokeCount": ended.attempts,
            },
            "requestPayload": json.loads(ended.payload or b"null"),
        }
        result = ended.result
        if result is not None:
            context: dict[str, Any] = {"statusCode": 200, "executedVersion": result.executed_version}
            if result.function_error:
                context["functionError"] = result.function_error
            record["responseContext"] = context
            record["responsePayload"] = json.loads(result.payload or b"null")
        return record

    def _send(self, destination: str, function_arn: str, record: str, ended: Ended) -> None:
        service = destination.split(":")[2]
        self._authorize(ended, destination)
        if service == "sqs":
            self._cloud.sqs.send(destination, record)
        elif service == "lambda":
            self._accept(destination, record.encode())
        elif service == "sns":
            self._cloud.client("sns").publish(TopicArn=destination, Message=record)
        elif service == "s3":
            name, now = split_reference(ended.reference, ended.qualifier)[0], self._cloud.now
            key = f"aws/lambda/async/{name}/{now:%Y/%m/%d}/{now:%Y-%m-%dT%H.%M.%S}-{ended.request_id}"
            self._cloud.client("s3").put_object(Bucket=destination.split(":::")[-1], Key=key, Body=record.encode())
        else:
            outcome = "Success" if ended.condition == "Success" else "Failure"
            entry = {
                "Source": "lambda",
                "DetailType": f"Lambda Function Invocation Result - {outcome}",
                "Detail": record,
                "EventBusName": destination.rsplit("/", 1)[-1],
                "Resources": [destination, function_arn],
            }
            self._cloud.client("events").put_events(Entries=[entry])

    def _authorize(self, ended: Ended, target: str) -> None:
        """The function's role sends. Raises ApiError when it may not."""
        model, call = self._functions.model(split_reference(ended.reference, ended.qualifier)[0]), delivery(target)
        if call is not None:
            self._cloud.iam.authorize(Principal(str(model.role), str(model.function_name)), *call)

    def dead_letter(self, ended: Ended) -> None:
        """A function's own dead-letter queue or topic gets the event alone, with the error as attributes."""
        name, qualifier = split_reference(ended.reference, ended.qualifier)
        result = ended.result
        version = qualifier if result is None else result.executed_version
        target = dead_letter_target(self._functions.model(name, version))
        if target is None:
            return
        error = json.loads(result.payload or b"null") if result is not None else {}
        message = str(error.get("errorMessage", "")) if isinstance(error, dict) else ""
        attributes = {
            "RequestID": {"DataType": "String", "StringValue": ended.request_id},
            "ErrorCode": {"DataType": "Number", "StringValue": "429" if result is None else "200"},
            "ErrorMessage": {"DataType": "String", "StringValue": message[:_LONGEST_MESSAGE] or "Rate Exceeded."},
        }
        body = ended.payload.decode()
        try:
            self._authorize(ended, target)
            if target.split(":")[2] == "sqs":
                self._cloud.sqs.send(target, body, MessageAttributes=attributes)
            else:
                self._cloud.client("sns").publish(TopicArn=target, Message=body, MessageAttributes=attributes)
        except _UNDELIVERED:
            self._metrics.dead_letter_failed(name, qualifier)
