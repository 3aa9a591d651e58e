"""What a function receives from a queue, and what its answer means for the batch."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

from localcloud.services.sqs.receiving import system_attributes
from localcloud.services.sqs.sending import attributes_md5, body_md5
from localcloud.stores.sqs import Message


def record(message: Message, queue_arn: str, region: str) -> dict[str, Any]:
    """One element of Records."""
    found: dict[str, Any] = {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": system_attributes(message),
        "messageAttributes": {name: _attribute(value) for name, value in message.attributes.items()},
        "md5OfBody": body_md5(message),
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": region,
    }
    if message.attributes:
        found["md5OfMessageAttributes"] = attributes_md5(message.attributes)
    return found


def _attribute(value: Any) -> dict[str, Any]:
    described: dict[str, Any] = {"stringListValues": [], "binaryListValues": [], "dataType": value["DataType"]}
    if "StringValue" in value:
        described["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        described["binaryValue"] = base64.b64encode(value["BinaryValue"]).decode()
    return described


def failed_messages(answer: bytes, batch: Sequence[Message]) -> list[Message]:
    """Those that a partial batch response names; the whole batch when the response is not a valid one."""
    try:
        parsed = json.loads(answer or b"null")
    except ValueError:
        return list(batch)
    if parsed is None or parsed == {}:
        return []
    if not isinstance(parsed, dict) or "batchItemFailures" not in parsed:
        return list(batch)
    failures = parsed["batchItemFailures"]
    if failures is None:
        return []
    if not isinstance(failures, list):
        return list(batch)
    by_id = {message.id: message for message in batch}
    named: dict[str, Message] = {}
    for failure in failures:
        identifier = failure.get("itemIdentifier") if isinstance(failure, dict) else None
        if not isinstance(identifier, str) or identifier not in by_id:
            return list(batch)
        named[identifier] = by_id[identifier]
    return list(named.values())
