"""Asynchronous invocation: the queue in front of a function, its retries and its destinations."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiError
from localcloud.services.lambda_.functions import split_reference
from localcloud.services.lambda_.results import InvokeResult, Throttled

if TYPE_CHECKING:
    from localcloud.cloud import Cloud
    from localcloud.services.lambda_.service import Lambda


_SERVER_ERROR = 500  # and above: statuses of errors that are the service's own
_LONGEST_MESSAGE = 1_024  # characters of an error message that a dead letter carries
_DEAD_LETTER_KEY = "_localcloud_dead_letter"


def dead_letter_target(function: Any) -> str | None:
    """The ARN in a function's DeadLetterConfig, which is kept on moto's function since moto drops it."""
    found: str | None = function.__dict__.get(_DEAD_LETTER_KEY)
    return found


def set_dead_letter_target(function: Any, config: Mapping[str, Any]) -> None:
    """Keep a DeadLetterConfig; an empty TargetArn takes it away."""
    function.__dict__[_DEAD_LETTER_KEY] = config.get("TargetArn") or None


@dataclass(frozen=True, slots=True)
class RetryRules:
    """The function's event invoke config, with AWS's defaults where it has none."""

    max_retries: int
    max_age_us: int
    on_success: str | None
    on_failure: str | None


class AsyncInvocations:
    """Delivers events at least once.

    `duplicate_share` is the share of events that are delivered twice, as AWS documents may happen;
    0 unless it is set. `duplicate_if` listeners are asked with the function's name, and hear of every event.
    """

    def __init__(self, cloud: Cloud, lambda_: Lambda) -> None:
        self._cloud = cloud
        self._lambda = lambda_
        self.duplicate_share = 0.0
        self.duplicate_if: list[Callable[[str], bool]] = []
        retries = cloud.facts.value("quota.lambda.async.retries")
        self._default_retries = int(retries["max_attempts"]) - 1
        self._waits_us = [round(seconds * 1e6) for seconds in retries["wait_s"]]
        throttle = cloud.facts.value("quota.lambda.async.throttle_retry")
        self._first_back_off_us = round(throttle["first_s"] * 1e6)
        self._longest_back_off_us = round(throttle["max_s"] * 1e6)
        self._default_age_us = round(throttle["max_age_s"] * 1e6)
        self._queue_us = round(cloud.facts.value("latency.derived.async_invoke_queue")["p50"] * 1_000)

    def accept(self, reference: str, payload: bytes, qualifier: str | None = None) -> str:
        """Queue one event and return its request id. Raises ApiError when there is no such function."""
        config = self._lambda.functions.get(reference, qualifier)
        request_id = self._lambda.request_id(config.name)
        self._lambda.metrics.received(*split_reference(reference, qualifier))
        arguments = (reference, payload, qualifier, request_id)
        copies = 1
        if self.duplicate_share:
            drawn = self._cloud.kernel.streams[f"lambda/duplicates/{config.name}"].random()
            copies += drawn < self.duplicate_share
        copies += True in [listener(config.name) for listener in self.duplicate_if]
        for _ in range(copies):
            self._cloud.kernel.spawn(
                self._deliver, *arguments, name=f"{config.name} asynchronous", delay_us=self._queue_us, critical=True
            )
        return request_id

    def _deliver(self, reference: str, payload: bytes, qualifier: str | None, request_id: str) -> None:
        kernel = self._cloud.kernel
        accepted_us = kernel.now_us
        back_off_us = self._first_back_off_us
        attempts = 0
        while True:
            rules = self._rules(reference, qualifier)
            age_us = self._queue_us + kernel.now_us - accepted_us
            self._lambda.metrics.invoked_after(*split_reference(reference, qualifier), age_us)
            try:
                result = self._lambda.invoke(reference, payload, qualifier=qualifier, request_id=request_id)
            except ApiError as exc:
                if exc.status < _SERVER_ERROR and not isinstance(exc, Throttled):
                    raise
                # Throttles and errors of the service do not use up attempts; only the event's age ends them.
                if kernel.now_us + back_off_us - accepted_us > rules.max_age_us:
                    self._finish(
                        rules.on_failure, "EventAgeExceeded", reference, qualifier, payload, request_id, attempts, None
                    )
                    return
                kernel.sleep(back_off_us)
                back_off_us = min(back_off_us * 2, self._longest_back_off_us)
                continue
            attempts += 1
            if result.function_error is None:
                self._finish(rules.on_success, "Success", reference, qualifier, payload, request_id, attempts, result)
                return
            if attempts > rules.max_retries:
                self._finish(
                    rules.on_failure, "RetriesExhausted", reference, qualifier, payload, request_id, attempts, result
                )
                return
            wait_us = self._waits_us[min(attempts, len(self._waits_us)) - 1]
            if kernel.now_us + wait_us - accepted_us > rules.max_age_us:
                self._finish(
                    rules.on_failure, "EventAgeExceeded", reference, qualifier, payload, request_id, attempts, result
                )
                return
            kernel.sleep(wait_us)

    def _rules(self, reference: str, qualifier: str | None) -> RetryRules:
        configs = self._lambda.functions.model(reference, qualifier).event_invoke_config
        config: dict[str, Any] = dict(configs[-1].config) if configs else {}
        destinations = config.get("DestinationConfig") or {}
        retries = config.get("MaximumRetryAttempts")
        age = config.get("MaximumEventAgeInSeconds")
        return RetryRules(
            max_retries=self._default_retries if retries is None else int(retries),
            max_age_us=self._default_age_us if age is None else int(age) * 1_000_000,
            on_success=(destinations.get("OnSuccess") or {}).get("Destination"),
            on_failure=(destinations.get("OnFailure") or {}).get("Destination"),
        )

    def _finish(
        self,
        destination: str | None,
        condition: str,
        reference: str,
        qualifier: str | None,
        payload: bytes,
        request_id: str,
        attempts: int,
        result: InvokeResult | None,
    ) -> None:
        """Send the record of what became of the event to its destination, when it has one."""
        if condition != "Success":
            self._lambda.metrics.dropped(*split_reference(reference, qualifier))
            self._dead_letter(reference, payload, request_id, result)
        if destination is None:
            return
        config = self._lambda.functions.get(reference)
        record: dict[str, Any] = {
            "version": "1.0",
            "timestamp": self._cloud.now.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
            "requestContext": {
                "requestId": request_id,
                "functionArn": config.arn,
                "condition": condition,
                "approximateInvokeCount": attempts,
            },
            "requestPayload": json.loads(payload or b"null"),
        }
        if result is not None:
            context: dict[str, Any] = {"statusCode": 200, "executedVersion": result.executed_version}
            if result.function_error:
                context["functionError"] = result.function_error
            record["responseContext"] = context
            record["responsePayload"] = json.loads(result.payload or b"null")
        self._send(destination, json.dumps(record), condition)

    def _dead_letter(self, reference: str, payload: bytes, request_id: str, result: InvokeResult | None) -> None:
        """A function's own dead-letter queue or topic gets the event alone, with the error as attributes."""
        target = dead_letter_target(self._lambda.functions.model(reference))
        if target is None:
            return
        error = json.loads(result.payload or b"null") if result is not None else {}
        message = str(error.get("errorMessage", "")) if isinstance(error, dict) else ""
        attributes = {
            "RequestID": {"DataType": "String", "StringValue": request_id},
            "ErrorCode": {"DataType": "Number", "StringValue": "429" if result is None else "200"},
            "ErrorMessage": {"DataType": "String", "StringValue": message[:_LONGEST_MESSAGE] or "Rate Exceeded."},
        }
        if target.split(":")[2] == "sqs":
            self._cloud.sqs.send(target, payload.decode(), MessageAttributes=attributes)
        else:
            self._cloud.client("sns").publish(TopicArn=target, Message=payload.decode(), MessageAttributes=attributes)

    def _send(self, destination: str, record: str, condition: str) -> None:
        service = destination.split(":")[2]
        name = destination.rsplit(":", 1)[-1]
        if service == "sqs":
            url = f"https://sqs.{self._cloud.region}.amazonaws.com/{self._cloud.account_id}/{name}"
            self._cloud.api.direct("sqs", "SendMessage", {"QueueUrl": url, "MessageBody": record})
        elif service == "lambda":
            self.accept(destination, record.encode())
        elif service == "sns":
            self._cloud.client("sns").publish(TopicArn=destination, Message=record)
        elif service == "events":
            outcome = "Success" if condition == "Success" else "Failure"
            entry = {
                "Source": "lambda",
                "DetailType": f"Lambda Function Invocation Result - {outcome}",
                "Detail": record,
                "EventBusName": destination.rsplit("/", 1)[-1],
            }
            self._cloud.client("events").put_events(Entries=[entry])
        else:
            raise ApiError("InvalidParameterValueException", f"{destination} cannot be a destination.", 400)
