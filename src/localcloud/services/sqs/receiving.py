"""ReceiveMessage: short polls, long polls, and what a message looks like to its consumer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from moto.sqs import exceptions

from localcloud.services.sqs.attempts import Attempts
from localcloud.services.sqs.queues import Queues
from localcloud.services.sqs.sending import attributes_md5, body_md5
from localcloud.stores.sqs import Message, StandardMessages
from localcloud.stores.sqs.base import Messages

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_SENDER = "AIDAIT2UOQQY3AUEKVGXU"


class Receiving:
    """Hands messages out."""

    def __init__(self, cloud: Cloud, queues: Queues) -> None:
        self._cloud = cloud
        self._queues = queues
        facts = cloud.facts
        self._most = int(facts.value("quota.sqs.receive_max"))
        self._longest_wait_s = int(facts.value("quota.sqs.wait_time")["max"])
        self._longest_visibility_s = int(facts.value("quota.sqs.visibility")["max"])
        self._sampled_share = float(facts.value("model.sqs.short_poll_sample"))
        self._sample = cloud.kernel.streams["sqs/short-poll"]
        self._attempts = Attempts(int(facts.value("quota.sqs.dedup_window")) * 1_000_000)

    def receive(self, queue: Any, count: int, visibility_s: float | None, wait_s: float) -> list[Message]:
        """Up to `count` messages; a long poll of `wait_s`, which looks at every server. Takes virtual time."""
        messages = self._queues.messages(queue)
        if visibility_s is None:
            visibility_s = queue.visibility_timeout
        visibility_us = round(visibility_s * 1e6)
        deadline_us = self._queues.now_us + round(wait_s * 1e6)
        while True:
            found = self._take(messages, count, visibility_us, None)
            left_us = deadline_us - self._queues.now_us
            if found or left_us <= 0:
                return found
            self._wait(messages, left_us)

    def _take(
        self, messages: Messages, count: int, visibility_us: int, sees: Callable[[], bool] | None
    ) -> list[Message]:
        now_us = self._queues.now_us
        room = messages.settings().in_flight_limit - messages.in_flight(now_us)
        if not isinstance(messages, StandardMessages):
            return messages.receive(min(count, room), visibility_us, now_us) if room > 0 else []
        if room <= 0 and sees is None:
            return []  # a long poll gets no error
        if room <= 0:
            raise exceptions.SQSException(
                "OverLimit", "Too many messages in flight: delete or release some before receiving more."
            )
        return messages.receive(min(count, room), visibility_us, now_us, sees)

    def _wait(self, messages: Messages, longest_us: int) -> None:
        """Until a message may have become visible, or `longest_us` have passed."""
        woken = self._cloud.kernel.event()
        messages.on_visible.append(woken.set)
        change_us = messages.next_change_us()
        if change_us is not None:
            longest_us = min(longest_us, max(0, change_us - self._queues.now_us))
        try:
            woken.wait(longest_us)
        finally:
            messages.on_visible.remove(woken.set)

    def receive_api(self, queue: Any, params: dict[str, Any]) -> dict[str, Any]:
        """The ReceiveMessage operation."""
        count = int(params.get("MaxNumberOfMessages", 1))
        if not 1 <= count <= self._most:
            raise exceptions.InvalidParameterValue(
                f"Value {count} for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and "
                f"{self._most}, if provided."
            )
        wait_s = int(params.get("WaitTimeSeconds", queue.receive_message_wait_time_seconds))
        if not 0 <= wait_s <= self._longest_wait_s:
            raise exceptions.InvalidParameterValue(
                f"Value {wait_s} for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and "
                f"<= {self._longest_wait_s}, if provided."
            )
        visibility_s = int(params.get("VisibilityTimeout", queue.visibility_timeout))
        if not 0 <= visibility_s <= self._longest_visibility_s:
            raise exceptions.InvalidParameterValue(
                f"Value {visibility_s} for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and "
                f"{self._longest_visibility_s}, if provided."
            )
        attempt_id = params.get("ReceiveRequestAttemptId") if queue.fifo_queue else None
        messages, visibility_us = self._queues.messages(queue), visibility_s * 1_000_000
        found: list[Message] = []
        if attempt_id:
            found = self._attempts.again(queue, messages, attempt_id, visibility_us, self._queues.now_us)
        if not found:
            found = self._receive(queue, messages, count, visibility_s, wait_s)
            if attempt_id:
                self._attempts.keep(queue, attempt_id, found, self._queues.now_us)
        system = {*params.get("AttributeNames", ()), *params.get("MessageSystemAttributeNames", ())}
        wanted = params.get("MessageAttributeNames", ())
        return {"Messages": [described(m, system, wanted) for m in found]} if found else {}

    def _receive(self, queue: Any, messages: Messages, count: int, visibility_s: int, wait_s: int) -> list[Message]:
        if wait_s:
            return self.receive(queue, count, visibility_s, wait_s)
        # a short poll asks a sample of the servers only
        return self._take(messages, count, visibility_s * 1_000_000, self._sees)

    def _sees(self) -> bool:
        return self._sample.random() < self._sampled_share


def described(message: Message, system: set[str], wanted: Any) -> dict[str, Any]:
    """A message as ReceiveMessage answers it, with the asked-for system and message attributes."""
    answer: dict[str, Any] = {
        "MessageId": message.id,
        "ReceiptHandle": message.receipt_handle,
        "MD5OfBody": body_md5(message),
        "Body": message.body,
    }
    everything = system_attributes(message)
    chosen = {name: value for name, value in everything.items() if "All" in system or name in system}
    if chosen:
        answer["Attributes"] = chosen
    attributes = {name: value for name, value in message.attributes.items() if _is_wanted(name, wanted)}
    if attributes:
        answer["MessageAttributes"] = attributes
        answer["MD5OfMessageAttributes"] = attributes_md5(attributes)
    return answer


def system_attributes(message: Message) -> dict[str, str]:
    """Everything SQS says about a message, as strings."""
    found = {
        "SenderId": _SENDER,
        "SentTimestamp": str(message.sent_us // 1_000),
        "ApproximateReceiveCount": str(message.receive_count),
        "ApproximateFirstReceiveTimestamp": str(message.first_received_us // 1_000),
    }
    header = message.trace_header
    optional = {
        "MessageDeduplicationId": message.deduplication_id,
        "MessageGroupId": message.group_id,
        "SequenceNumber": message.sequence_number,
        "DeadLetterQueueSourceArn": message.source_arn,
        "AWSTraceHeader": header.text if header is not None else None,
    }
    found.update({name: value for name, value in optional.items() if value is not None})
    return found


def _is_wanted(name: str, wanted: Any) -> bool:
    return any(
        choice in ("All", ".*", name) or (choice.endswith(".*") and name.startswith(choice[:-2])) for choice in wanted
    )
