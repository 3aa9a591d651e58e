"""SendMessage and SendMessageBatch."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from moto.sqs import exceptions
from moto.sqs.models import Message as MotoMessage

from localcloud.ids import uuid4_text
from localcloud.services.sqs.checks import check_attributes, check_body, check_ids
from localcloud.services.sqs.queues import Queues
from localcloud.stores.sqs import FifoMessages, Message

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_BATCH_ID = re.compile(r"[\w-]{1,80}")
_MAX_BATCH = 10


class Sending:
    """Takes messages in."""

    def __init__(self, cloud: Cloud, queues: Queues) -> None:
        self._cloud = cloud
        self._queues = queues
        self._ids = cloud.kernel.streams["sqs/ids"]
        self._batch_limit = int(cloud.facts.value("quota.sqs.message_size"))
        self._delay_limit_s = int(cloud.facts.value("quota.sqs.delay")["max"])
        self._sequence = 0

    def send(self, queue: Any, entry: Mapping[str, Any], lineage: Mapping[str, int] | None = None) -> Message:
        """Take one message in and return it, or for a duplicate the first one. Raises moto's SQSException."""
        delay_s, size_bytes = self._validated(queue, entry)
        now_us = self._queues.now_us
        message = Message(
            id=uuid4_text(self._ids),
            body=entry["MessageBody"],
            sent_us=now_us,
            attributes=entry.get("MessageAttributes") or {},
            system_attributes=entry.get("MessageSystemAttributes") or {},
            size=size_bytes,
            group_id=entry.get("MessageGroupId"),
            trace=self._cloud.tracer.context(),
            lineage=self._cloud.lambda_.recursion.current() if lineage is None else lineage,
        )
        messages = self._queues.messages(queue)
        if isinstance(messages, FifoMessages):
            message.deduplication_id = _deduplication_id(queue, entry)
            key = message.deduplication_id
            if queue.deduplication_scope == "messageGroup":
                key = f"{message.group_id}/{key}"
            first = messages.duplicate_of(key, now_us)
            if first is not None:
                return first
            self._sequence += 1
            message.sequence_number = f"{18_850_000_000_000_000_000 + self._sequence}"
            messages.remember(key, message, now_us)
        messages.add(message, now_us, delay_s * 1_000_000)
        return message

    def _validated(self, queue: Any, entry: Mapping[str, Any]) -> tuple[int, int]:
        """The delay in seconds, and the message's size in bytes. Raises moto's SQSException for what SQS refuses."""
        check_body(entry["MessageBody"])
        check_attributes(entry)
        check_ids(entry, queue.fifo_queue)
        size_bytes = _size(entry)
        if size_bytes > queue.maximum_message_size:
            raise exceptions.InvalidParameterValue(
                f"One or more parameters are invalid. Reason: Message must be shorter than "
                f"{queue.maximum_message_size} bytes."
            )
        delay = entry.get("DelaySeconds")
        if delay is not None and not 0 <= int(delay) <= self._delay_limit_s:
            raise exceptions.InvalidParameterValue(
                f"Value {delay} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and "
                f"<= {self._delay_limit_s}."
            )
        if queue.fifo_queue:
            self._validate_fifo(queue, entry)
        return int(queue.delay_seconds if delay is None else delay), size_bytes

    def _validate_fifo(self, queue: Any, entry: Mapping[str, Any]) -> None:
        if not entry.get("MessageGroupId"):
            raise exceptions.MissingParameter("MessageGroupId")
        if not entry.get("MessageDeduplicationId") and not queue.content_based_deduplication:
            raise exceptions.InvalidParameterValue(
                "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided "
                "explicitly"
            )
        if entry.get("DelaySeconds"):
            raise exceptions.InvalidParameterValue(
                f"Value {entry['DelaySeconds']} for parameter DelaySeconds is invalid. Reason: The request include "
                "parameter that is not valid for this queue type."
            )

    def send_batch(
        self, queue: Any, entries: list[dict[str, Any]]
    ) -> tuple[list[tuple[str, Message]], list[dict[str, Any]]]:
        """(id, message) of the entries that were taken, and what was wrong with the others.

        Raises moto's SQSException when the batch as a whole is refused.
        """
        check_batch(entries, "Send")
        total = sum(_size(entry) for entry in entries)
        if total > self._batch_limit:
            raise exceptions.BatchRequestTooLong(total)
        taken: list[tuple[str, Message]] = []
        failed: list[dict[str, Any]] = []
        for entry in entries:
            try:
                taken.append((entry["Id"], self.send(queue, entry)))
            except exceptions.SQSException as exc:
                code = getattr(exc, "code", None) or type(exc).__name__
                failed.append({"Id": entry["Id"], "SenderFault": True, "Code": code, "Message": exc.message})
        return taken, failed


def check_batch(entries: list[dict[str, Any]], action: str) -> None:
    """Raises moto's SQSException unless there are 1 to 10 entries with valid and distinct ids."""
    if not entries:
        raise exceptions.EmptyBatchRequest(action)
    if len(entries) > _MAX_BATCH:
        raise exceptions.TooManyEntriesInBatchRequest(len(entries))
    seen: set[str] = set()
    for entry in entries:
        if not _BATCH_ID.fullmatch(entry["Id"]):
            raise exceptions.InvalidBatchEntryId
        if entry["Id"] in seen:
            raise exceptions.BatchEntryIdsNotDistinct(entry["Id"])
        seen.add(entry["Id"])


def _size(entry: Mapping[str, Any]) -> int:
    """Body and attributes in bytes: both count."""
    size = len(entry["MessageBody"].encode())
    for name, value in (entry.get("MessageAttributes") or {}).items():
        content = value.get("StringValue") or value.get("BinaryValue") or b""
        size += len(name) + len(value["DataType"]) + len(content.encode() if isinstance(content, str) else content)
    return size


def _deduplication_id(queue: Any, entry: Mapping[str, Any]) -> str:
    explicit: str | None = entry.get("MessageDeduplicationId")
    return explicit or hashlib.sha256(entry["MessageBody"].encode()).hexdigest()


def body_md5(message: Message) -> str:
    return hashlib.md5(message.body.encode(), usedforsecurity=False).hexdigest()


def attributes_md5(attributes: Mapping[str, Any]) -> str:
    """MD5OfMessageAttributes, which botocore checks."""
    stand_in = MotoMessage("", "")
    stand_in.message_attributes = dict(attributes)
    return str(stand_in.attribute_md5)
