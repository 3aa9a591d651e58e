"""What SQS refuses of a message. Sources: the SQS API reference and developer guide on message metadata and quotas."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from moto.sqs import exceptions
from moto.sqs.utils import validate_message_attributes

_MOST_ATTRIBUTES = 10
_LONGEST_NAME = 256
_NAME = re.compile(r"[A-Za-z0-9_.\-]+")
_RESERVED = ("aws.", "amazon.")
_SYSTEM = ("AWSTraceHeader",)
# letters, digits and punctuation, 1 to 128
_TOKEN = re.compile(r"[!-~]{1,128}")
# XML 1.0's characters, which is what SQS takes
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def check_body(body: str) -> None:
    """Raises moto's SQSException, as the other checks."""
    if not body:
        raise exceptions.MissingParameter("MessageBody")
    if _FORBIDDEN.search(body):
        raise exceptions.SQSException(
            "InvalidMessageContents",
            "Invalid binary character was found in the message body, the set of allowed characters is "
            "#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
        )


def check_attributes(entry: Mapping[str, Any]) -> None:
    """Message attributes and message system attributes."""
    attributes, system = entry.get("MessageAttributes") or {}, entry.get("MessageSystemAttributes") or {}
    if not attributes and not system:
        return
    if len(attributes) > _MOST_ATTRIBUTES:
        raise exceptions.InvalidParameterValue(
            f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [{_MOST_ATTRIBUTES}]."
        )
    for given in (attributes, system):
        validate_message_attributes(dict(given))
    for name, value in attributes.items():
        _check_name(name)
        _check_value(name, value)
    for name in system:
        if name not in _SYSTEM:
            raise exceptions.InvalidParameterValue(f"Message system attribute name '{name}' is invalid.")


def _check_name(name: str) -> None:
    dots = name.startswith(".") or name.endswith(".") or ".." in name
    if not _NAME.fullmatch(name) or dots or len(name) > _LONGEST_NAME:
        raise exceptions.InvalidParameterValue(f"Message (user) attribute name '{name}' is invalid.")
    if name.lower().startswith(_RESERVED):
        raise exceptions.InvalidParameterValue(
            f"Message (user) attribute name '{name}' is invalid. Reason: it starts with a prefix reserved for AWS."
        )


def _check_value(name: str, value: Mapping[str, Any]) -> None:
    kind = value["DataType"].split(".")[0]
    content = value.get("BinaryValue" if kind == "Binary" else "StringValue")
    if not content:
        raise exceptions.InvalidParameterValue(
            f"Message (user) attribute '{name}' must contain a non-empty value of type '{value['DataType']}'."
        )
    if kind == "Number":
        try:
            float(content)
        except ValueError:
            raise exceptions.InvalidParameterValue(
                f"Can't cast the value of message (user) attribute '{name}' to a number."
            ) from None


def check_ids(entry: Mapping[str, Any], fifo: bool) -> None:
    """MessageGroupId and MessageDeduplicationId: the latter is for FIFO queues only."""
    for name in ("MessageGroupId", "MessageDeduplicationId"):
        value = entry.get(name)
        if value and not _TOKEN.fullmatch(value):
            raise exceptions.InvalidParameterValue(
                f"Value {value} for parameter {name} is invalid. Reason: {name} can only include alphanumeric and "
                "punctuation characters. 1 to 128 in length."
            )
    if entry.get("MessageDeduplicationId") and not fifo:
        raise exceptions.InvalidParameterValue(
            f"Value {entry['MessageDeduplicationId']} for parameter MessageDeduplicationId is invalid. Reason: The "
            "request include parameter that is not valid for this queue type."
        )
