"""One invocation of a schedule's target: its input, its retries, and its dead letter."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from localcloud.principals import Principal
from localcloud.services.cloudwatch.store import minute_s
from localcloud.services.role_targets import RoleTargets, TargetFailed

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_NAMESPACE = "AWS/Scheduler"


@dataclass(frozen=True, slots=True)
class Invocation:
    """`target` is that of the schedule as it stood when it was due; `due` in UTC."""

    id: str
    schedule_arn: str
    group: str
    target: Mapping[str, Any]
    due: datetime


class Invocations:
    """Calls targets, again after errors that may pass, and gives up as the retry policy says."""

    def __init__(self, cloud: Cloud, targets: RoleTargets) -> None:
        self._cloud = cloud
        self._targets = targets
        back_off = cloud.facts.value("model.eventbridge.back_off")
        self._first_us, self._longest_us = round(back_off["first_s"] * 1e6), round(back_off["max_s"] * 1e6)
        retry = cloud.facts.value("quota.scheduler.retry")
        self._attempts, self._age_s = int(retry["max_attempts"]), int(retry["max_age_s"])
        self._jitter = cloud.kernel.streams["scheduler/jitter"]

    def run(self, invocation: Invocation) -> None:
        """To the end, in the calling task."""
        kernel, target = self._cloud.kernel, invocation.target
        policy = target.get("RetryPolicy") or {}
        most = int(policy.get("MaximumRetryAttempts", self._attempts))
        oldest_us = kernel.now_us + int(policy.get("MaximumEventAgeInSeconds", self._age_s)) * 1_000_000
        retries, wait_us = 0, self._first_us
        targets = self._targets.acting_as(_principal(invocation))
        while True:
            text = self._input(invocation, retries + 1)
            self._measure(invocation, "InvocationAttemptCount")
            self._cloud.meter.add("scheduler.invocations", 1, invocation.schedule_arn.rsplit("/", 1)[-1])
            try:
                targets.send(target["Arn"], text, target)
                return
            except TargetFailed as exc:
                failure = exc
            self._measure(invocation, "TargetErrorCount")
            pause_us = round(wait_us * (0.5 + self._jitter.random() / 2))
            exhausted = ""
            if failure.retriable and retries >= most:
                exhausted = "MaximumRetryAttempts"
            elif failure.retriable and kernel.now_us + pause_us > oldest_us:
                exhausted = "MaximumEventAgeInSeconds"
            if exhausted or not failure.retriable:
                self._give_up(invocation, text, failure, exhausted, retries)
                return
            kernel.sleep(pause_us)
            retries += 1
            wait_us = min(wait_us * 2, self._longest_us)

    def _input(self, invocation: Invocation, attempt: int) -> str:
        """What the schedule says, with the context's attributes put in; else a notification."""
        given = invocation.target.get("Input")
        if given is None:
            given = json.dumps(self._notification(invocation), separators=(",", ":"))
        for name, value in {
            "schedule-arn": invocation.schedule_arn,
            "scheduled-time": f"{invocation.due:%Y-%m-%dT%H:%M:%SZ}",
            "execution-id": invocation.id,
            "attempt-number": str(attempt),
        }.items():
            given = given.replace(f"<aws.scheduler.{name}>", value)
        return str(given)

    def _notification(self, invocation: Invocation) -> dict[str, Any]:
        return {
            "version": "0",
            "id": invocation.id,
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "account": self._cloud.account_id,
            "time": f"{invocation.due:%Y-%m-%dT%H:%M:%SZ}",
            "region": self._cloud.region,
            "resources": [invocation.schedule_arn],
            "detail": "{}",
        }

    def _give_up(self, invocation: Invocation, text: str, failure: TargetFailed, exhausted: str, retries: int) -> None:
        self._measure(invocation, "InvocationDroppedCount")
        queue = (invocation.target.get("DeadLetterConfig") or {}).get("Arn")
        if not queue:
            return
        told = {
            "ERROR_CODE": failure.code,
            "ERROR_MESSAGE": failure.message,
            "EXECUTION_ID": invocation.id,
            "EXHAUSTED_RETRY_CONDITION": exhausted,
            "IS_PAYLOAD_TRUNCATED": "false",
            "RETRY_ATTEMPTS": str(retries),
            "SCHEDULE_ARN": invocation.schedule_arn,
            "TARGET_ARN": invocation.target["Arn"],
        }
        attributes = {name: {"DataType": "String", "StringValue": value} for name, value in told.items() if value}
        try:
            targets = self._targets.acting_as(_principal(invocation))
            url = targets.queue_url(queue)
            targets.call("sqs", "send_message", QueueUrl=url, MessageBody=text, MessageAttributes=attributes)
        except TargetFailed:
            self._measure(invocation, "InvocationsFailedToBeSentToDeadLetterCount")
        else:
            self._measure(invocation, "InvocationsSentToDeadLetterCount")

    def _measure(self, invocation: Invocation, metric: str) -> None:
        series = self._cloud.cloudwatch.series(_NAMESPACE, metric, {"ScheduleGroup": invocation.group}, "Count")
        series.add(minute_s(self._cloud.kernel.unix_us), 1)


def _principal(invocation: Invocation) -> Principal:
    """The target's role, in a session of this invocation."""
    return Principal(str(invocation.target["RoleArn"]), invocation.id.replace("-", ""))
