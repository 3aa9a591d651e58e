"""Bringing an event to one target: the hop, retries with back-off, the dead-letter queue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.sqs.exceptions import SQSException

from localcloud.api import ApiError
from localcloud.services.events.targets import NotPermitted, TargetMissing, Targets, arn_of
from localcloud.services.events.transform import InvalidPath, target_input

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_RETRIABLE = (
    "HTTP 401", "HTTP 407", "HTTP 409", "ProvisionedThroughputExceededException",
    "ThrottlingException", "TooManyRequestsException", "RequestThrottled", "Throttling", "Throttled", "SlowDown",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one event at one target. `error` is "" when it was delivered."""

    rule_arn: str
    target_arn: str
    attempts: int
    error: str = ""
    dead_letter: bool = False


class Delivery:
    """Delivers at least once. `on_outcome` listeners hear of every end."""

    def __init__(self, cloud: Cloud, targets: Targets) -> None:
        self._cloud = cloud
        self._targets = targets
        facts = cloud.facts
        # the published hop runs from the call of PutEvents to the target; the call itself takes its own time
        self._call_us = round(facts.value("model.api.eventbridge.put_events")["p50"] * 1_000)
        retry = facts.value("quota.eventbridge.retry")
        self._attempts, self._age_s = int(retry["max_attempts"]), int(retry["max_age_s"])
        back_off = facts.value("model.eventbridge.back_off")
        self._first_us, self._longest_us = round(back_off["first_s"] * 1e6), round(back_off["max_s"] * 1e6)
        self._jitter = cloud.kernel.streams["events/jitter"]
        self.on_outcome: list[Callable[[Outcome], None]] = []

    def start(self, rule: Any, target: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        """Deliver in a task of its own."""
        hop_us = self._cloud.latency.hop_us("eventbridge_2026") - self._call_us
        self._cloud.kernel.spawn(
            self._deliver, rule, target, event, name=f"rule {rule.name}", delay_us=max(1_000, hop_us), critical=True
        )

    def _deliver(self, rule: Any, target: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        kernel = self._cloud.kernel
        policy = target.get("RetryPolicy") or {}
        most_retries = int(policy.get("MaximumRetryAttempts", self._attempts))
        oldest_us = kernel.now_us + int(policy.get("MaximumEventAgeInSeconds", self._age_s)) * 1_000_000
        retries, wait_us = 0, self._first_us
        while True:
            failure = self._attempt(rule, target, event)
            if failure is None:
                self._tell(Outcome(arn_of(rule), target["Arn"], retries + 1))
                return
            code, message, retriable = failure
            exhausted = ""
            if retriable and retries >= most_retries:
                exhausted = "MaximumRetryAttempts"
            pause_us = round(wait_us * (0.5 + self._jitter.random() / 2))
            if retriable and not exhausted and kernel.now_us + pause_us > oldest_us:
                exhausted = "MaximumEventAgeInSeconds"
            if exhausted or not retriable:
                self._give_up(rule, target, event, code, message, exhausted, retries)
                return
            kernel.sleep(pause_us)
            retries += 1
            wait_us = min(wait_us * 2, self._longest_us)

    def _attempt(self, rule: Any, target: Mapping[str, Any], event: Mapping[str, Any]) -> tuple[str, str, bool] | None:
        """None when delivered, else (code, message, whether trying again may help)."""
        try:
            text = target_input(target, event, rule)
            self._targets.send(rule, target, event, text)
        except NotPermitted as exc:
            return "NO_PERMISSIONS", str(exc), False
        except (TargetMissing, InvalidPath) as exc:
            return "NO_RESOURCE" if isinstance(exc, TargetMissing) else "INVALID_JSON", str(exc), False
        except SQSException as exc:
            return "SDK_CLIENT_ERROR", exc.message, False
        except ApiError as exc:
            return exc.code, exc.message, exc.status >= 500 or exc.code in _RETRIABLE
        return None

    def _give_up(
        self,
        rule: Any,
        target: Mapping[str, Any],
        event: Mapping[str, Any],
        code: str,
        message: str,
        exhausted: str,
        retries: int,
    ) -> None:
        queue = (target.get("DeadLetterConfig") or {}).get("Arn")
        kept = queue is not None and self._targets.dead_letter(
            queue,
            rule,
            event,
            {
                "RULE_ARN": rule.arn,
                "TARGET_ARN": target["Arn"],
                "ERROR_CODE": code,
                "ERROR_MESSAGE": message,
                "EXHAUSTED_RETRY_CONDITION": exhausted,
                "RETRY_ATTEMPTS": str(retries),
            },
        )
        self._tell(Outcome(rule.arn, target["Arn"], retries + 1, code, kept))

    def _tell(self, outcome: Outcome) -> None:
        for listener in self.on_outcome:
            listener(outcome)
