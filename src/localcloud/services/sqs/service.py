"""The SQS service: its API operations, and the hand-offs to other services."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from moto.sqs import exceptions
from moto.sqs.models import Queue

from localcloud.api import ApiCall, ApiError
from localcloud.api.moto_direct import service_error
from localcloud.metering import chunks
from localcloud.services.sqs.moves import MoveTasks
from localcloud.services.sqs.pace import Pace
from localcloud.services.sqs.queues import Queues
from localcloud.services.sqs.receiving import Receiving
from localcloud.services.sqs.sending import Sending, attributes_md5, body_md5, check_batch
from localcloud.services.sqs.settings import QueueSettings
from localcloud.stores.sqs import (
    Counts,
    HiddenTooLong,
    InvalidReceiptHandle,
    Message,
    MessageNotInFlight,
    ReceiptHandleExpired,
)

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_CHUNK_KB = 64

Operation = Callable[[Any, dict[str, Any]], dict[str, Any]]


class SQS:
    """Queues of one account. Queues are named by URL, ARN or name throughout."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.queues = Queues(cloud)
        self._sending = Sending(cloud, self.queues)
        self._receiving = Receiving(cloud, self.queues)
        self._moves = MoveTasks(cloud, self.queues)
        self._settings = QueueSettings(cloud, self.queues)
        self._pace = Pace(cloud.facts)
        self.on_created = self._settings.on_created
        self._visibility_limit_s = int(cloud.facts.value("quota.sqs.visibility")["max"])

    def install(self) -> None:
        """Answer the operations on messages, and let moto's queues count ours."""
        operations: dict[str, Operation] = {
            "SendMessage": self._send,
            "SendMessageBatch": self._send_batch,
            "ReceiveMessage": self._receiving.receive_api,
            "DeleteMessage": self._delete,
            "DeleteMessageBatch": self._delete_batch,
            "ChangeMessageVisibility": self._change_visibility,
            "ChangeMessageVisibilityBatch": self._change_visibility_batch,
            "PurgeQueue": self._purge,
            "SetQueueAttributes": self._settings.change,
        }
        for name, operation in operations.items():
            self._cloud.api.register("sqs", name, self._on_queue(name, operation))
        self._cloud.api.register("sqs", "CreateQueue", self._settings.create)
        self._cloud.api.register("sqs", "DeleteQueue", self._settings.delete)
        self._cloud.api.register("sqs", "GetQueueAttributes", self._settings.get)
        for name, task_operation in self._moves.operations().items():
            self._cloud.api.register("sqs", name, _translated(task_operation))
        self._cloud.api.on_call(self._count, "sqs")
        self._replace_counts()

    def _count(self, call: ApiCall, answer: dict[str, Any] | ApiError, duration_us: int) -> None:
        """Meter a request: each 64 KB of its payload is one, and one without a payload is one too."""
        entries = call.params.get("Entries") or [call.params]
        size = sum(len(entry.get("MessageBody", "").encode()) for entry in entries)
        if isinstance(answer, dict):
            size += sum(len(message["Body"].encode()) for message in answer.get("Messages", ()))
        name = call.resource or call.params.get("SourceArn", "").rsplit(":", 1)[-1]
        if name.endswith(".fifo"):
            self._cloud.meter.add("sqs.fifo_requests", chunks(size, _CHUNK_KB), name)
            return
        self._cloud.meter.add("sqs.requests", chunks(size, _CHUNK_KB), name)
        if any("MessageGroupId" in entry for entry in entries):  # a fair queue's, on top of the request itself
            self._cloud.meter.add("sqs.fair_queue_requests", chunks(size, _CHUNK_KB), name)

    # -- hand-offs to other services -----------------------------------------------------------

    def send(self, queue: str, body: str, lineage: Mapping[str, int] | None = None, **entry: Any) -> Message:
        """Put a message in. `entry`: further members of SendMessage's request. Raises moto's SQSException.

        `lineage`: the chain of invocations it came by, when that is not the running handler's.
        """
        return self._sending.send(self.queues.get(queue), {"MessageBody": body, **entry}, lineage)

    def receive(self, queue: str, count: int, visibility_s: float | None = None, wait_s: float = 0.0) -> list[Message]:
        """Take up to `count` messages; waits in virtual time up to `wait_s` for the first one."""
        return self._receiving.receive(self.queues.get(queue), count, visibility_s, wait_s)

    def delete(self, queue: str, receipt_handles: Iterable[str]) -> None:
        """Delete messages by the handles of their receive; one that was received again since then stays.

        Those of a FIFO queue stay as soon as their visibility timeout has passed.
        """
        store = self.queues.messages(self.queues.get(queue))
        for receipt_handle in receipt_handles:
            try:
                store.delete(receipt_handle, self.queues.now_us)
            except ReceiptHandleExpired:
                continue

    def change_visibility(self, queue: str, messages: Iterable[Message], visibility_s: float) -> None:
        """Restart the visibility timeout of messages that were received; others are left alone."""
        store = self.queues.messages(self.queues.get(queue))
        for message in messages:
            try:
                store.change_visibility(message.receipt_handle, round(visibility_s * 1e6), self.queues.now_us)
            except MessageNotInFlight:
                continue  # its timeout ended by itself

    def counts(self, queue: str) -> Counts:
        """How many messages are visible, delayed, in flight."""
        return self.queues.messages(self.queues.get(queue)).counts(self.queues.now_us)

    # -- API operations ------------------------------------------------------------------------

    def _on_queue(self, name: str, operation: Operation) -> Callable[[ApiCall], dict[str, Any]]:
        def answer(params: dict[str, Any]) -> dict[str, Any]:
            queue = self.queues.get(params["QueueUrl"])
            self._pace.take(queue, name, self.queues.now_us)
            return operation(queue, params)

        return _translated(answer)

    def _send(self, queue: Any, params: dict[str, Any]) -> dict[str, Any]:
        return _sent(self._sending.send(queue, params))

    def _send_batch(self, queue: Any, params: dict[str, Any]) -> dict[str, Any]:
        taken, failed = self._sending.send_batch(queue, params["Entries"])
        answer: dict[str, Any] = {"Successful": [{"Id": entry_id, **_sent(message)} for entry_id, message in taken]}
        return {**answer, "Failed": failed} if failed else answer

    def _delete(self, queue: Any, params: dict[str, Any]) -> dict[str, Any]:
        try:
            self.queues.messages(queue).delete(params["ReceiptHandle"], self.queues.now_us)
        except InvalidReceiptHandle:
            raise exceptions.ReceiptHandleIsInvalid from None
        except ReceiptHandleExpired:
            raise exceptions.InvalidParameterValue(
                f"Value {params['ReceiptHandle']} for parameter ReceiptHandle is invalid. Reason: The receipt handle "
                "has expired."
            ) from None
        return {}

    def _change_visibility(self, queue: Any, params: dict[str, Any]) -> dict[str, Any]:
        seconds = int(params["VisibilityTimeout"])
        if not 0 <= seconds <= self._visibility_limit_s:
            raise exceptions.InvalidParameterValue(
                f"Value {seconds} for parameter VisibilityTimeout is invalid. Reason: VisibilityTimeout must be an "
                f"integer between 0 and {self._visibility_limit_s}."
            )
        handle, longest_us = params["ReceiptHandle"], self._visibility_limit_s * 1_000_000
        try:
            self.queues.messages(queue).change_visibility(handle, seconds * 1_000_000, self.queues.now_us, longest_us)
        except InvalidReceiptHandle:
            raise exceptions.ReceiptHandleIsInvalid from None
        except HiddenTooLong:
            raise exceptions.InvalidParameterValue(
                f"Value {seconds} for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the "
                f"message is beyond the limit [{self._visibility_limit_s} seconds]."
            ) from None
        except MessageNotInFlight:
            raise exceptions.SQSException(
                "MessageNotInflight",
                f"Value {handle} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not "
                "available for visibility timeout change.",
            ) from None
        return {}

    def _delete_batch(self, queue: Any, params: dict[str, Any]) -> dict[str, Any]:
        return _each(queue, params, "Delete", self._delete)

    def _change_visibility_batch(self, queue: Any, params: dict[str, Any]) -> dict[str, Any]:
        entries = [{"VisibilityTimeout": 0, **entry} for entry in params["Entries"]]
        return _each(queue, {**params, "Entries": entries}, "ChangeVisibility", self._change_visibility)

    def _purge(self, queue: Any, params: dict[str, Any]) -> dict[str, Any]:
        now_us = self.queues.now_us
        if queue.last_purged_at is not None and now_us / 1e6 - queue.last_purged_at < 60:
            raise exceptions.PurgeQueueInProgress(queue.name)
        queue.last_purged_at = now_us / 1e6
        self.queues.messages(queue).purge(now_us)
        return {}

    # -- moto's view ---------------------------------------------------------------------------

    def _replace_counts(self) -> None:
        """GetQueueAttributes and moto's other services see the messages that we keep."""
        service = self

        def count(state: str) -> property:
            def read(queue: Any) -> int:
                found: int = getattr(service.queues.messages(queue).counts(service.queues.now_us), state)
                return found

            return property(read)

        def add_message(queue: Any, moto_message: Any) -> None:
            service._sending.send(
                queue,
                {
                    "MessageBody": moto_message.body,
                    "MessageAttributes": moto_message.message_attributes,
                    "MessageGroupId": moto_message.group_id,
                    "MessageDeduplicationId": moto_message.deduplication_id,
                },
            )

        patches = self._cloud.patches
        patches.set(Queue, "approximate_number_of_messages", count("visible"))
        patches.set(Queue, "approximate_number_of_messages_delayed", count("delayed"))
        patches.set(Queue, "approximate_number_of_messages_not_visible", count("in_flight"))
        patches.set(Queue, "add_message", add_message)


def _translated(operation: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[ApiCall], dict[str, Any]]:
    def answer(call: ApiCall) -> dict[str, Any]:
        try:
            return operation(call.params)
        except exceptions.SQSException as exc:
            raise service_error("sqs", exc, None) from None

    return answer


def _each(queue: Any, params: Mapping[str, Any], action: str, operation: Operation) -> dict[str, Any]:
    """A batch operation: each entry succeeds or fails for itself."""
    check_batch(params["Entries"], action)
    done, failed = [], []
    for entry in params["Entries"]:
        try:
            operation(queue, entry)
            done.append({"Id": entry["Id"]})
        except exceptions.SQSException as exc:
            code = getattr(exc, "code", None) or type(exc).__name__
            failed.append({"Id": entry["Id"], "SenderFault": True, "Code": code, "Message": exc.message})
    return {"Successful": done, "Failed": failed} if failed else {"Successful": done}


def _sent(message: Message) -> dict[str, Any]:
    answer = {"MD5OfMessageBody": body_md5(message), "MessageId": message.id}
    if message.attributes:
        answer["MD5OfMessageAttributes"] = attributes_md5(message.attributes)
    if message.sequence_number:
        answer["SequenceNumber"] = message.sequence_number
    return answer
