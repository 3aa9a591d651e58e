"""A published message, and how its subscribers receive it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

_SUBJECT = re.compile(r"[^\x00-\x1f\x7f]{1,100}")  # on one line
_GROUP = re.compile(r"[!-~]{1,128}")
_PREFIXES = ("String", "Binary", "Number")


class InvalidMessage(ValueError):
    """SNS refuses the message; the text is its reason."""


@dataclass(frozen=True, slots=True)
class Notification:
    """One message of a topic. `at_us` is Unix microseconds; `group` and `deduplication` are a FIFO topic's.

    `fair_group` is the group that a message of a standard topic names, for the fairness of standard queues.
    """

    id: str
    topic_arn: str
    text: str
    at_us: int
    subject: str | None = None
    structured: bool = False
    attributes: Mapping[str, Any] = field(default_factory=dict)
    group: str | None = None
    fair_group: str | None = None
    deduplication: str | None = None
    sequence: str | None = None
    lineage: Mapping[str, int] = field(default_factory=dict)  # the chain of invocations it came by

    def text_for(self, protocol: str) -> str:
        """The text for a protocol; a structured message may have one of its own."""
        if not self.structured:
            return self.text
        parts: dict[str, str] = json.loads(self.text)
        return parts.get(protocol, parts["default"])

    @property
    def timestamp(self) -> str:
        return _timestamp(self.at_us)

    @property
    def described_attributes(self) -> dict[str, dict[str, str]]:
        """Attributes as they stand in an envelope, and as filter policies read them: Type and Value."""
        return {name: {"Type": value["DataType"], "Value": _value(value)} for name, value in self.attributes.items()}

    def envelope(self, protocol: str, subscription_arn: str) -> dict[str, Any]:
        """What a queue or an HTTP endpoint gets, unless it wants the raw message."""
        host = _host(self.topic_arn)
        found: dict[str, Any] = {"Type": "Notification", "MessageId": self.id}
        if self.sequence is not None:
            found["SequenceNumber"] = self.sequence
        found["TopicArn"] = self.topic_arn
        if self.subject is not None:
            found["Subject"] = self.subject
        found |= {
            "Message": self.text_for(protocol),
            "Timestamp": self.timestamp,
            "UnsubscribeURL": f"{host}?Action=Unsubscribe&SubscriptionArn={subscription_arn}",
        }
        if self.sequence is None:
            found |= _signature(host)
        if self.attributes:
            found["MessageAttributes"] = self.described_attributes
        return found

    def event(self, subscription_arn: str) -> dict[str, Any]:
        """What a function gets."""
        envelope = self.envelope("lambda", subscription_arn)
        renamed = {"SigningCertURL": "SigningCertUrl", "UnsubscribeURL": "UnsubscribeUrl"}
        described = {renamed.get(name, name): value for name, value in envelope.items()}
        sns = {"Subject": None, "MessageAttributes": {}, **described}
        record = {
            "EventSource": "aws:sns",
            "EventVersion": "1.0",
            "EventSubscriptionArn": subscription_arn,
            "Sns": sns,
        }
        return {"Records": [record]}


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What an HTTP endpoint is asked before it gets any message. `at_us` is Unix microseconds."""

    id: str
    topic_arn: str
    token: str
    url: str
    at_us: int

    def message(self) -> dict[str, Any]:
        """The JSON document that is posted."""
        return {
            "Type": "SubscriptionConfirmation",
            "MessageId": self.id,
            "Token": self.token,
            "TopicArn": self.topic_arn,
            "Message": (
                f"You have chosen to subscribe to the topic {self.topic_arn}.\n"
                "To confirm the subscription, visit the SubscribeURL included in this message."
            ),
            "SubscribeURL": self.url,
            "Timestamp": _timestamp(self.at_us),
            **_signature(_host(self.topic_arn)),
        }


def _timestamp(at_us: int) -> str:
    """ISO 8601 with milliseconds."""
    return datetime.fromtimestamp(at_us / 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _host(topic_arn: str) -> str:
    return f"https://sns.{topic_arn.split(':')[3]}.amazonaws.com/"


def _signature(host: str) -> dict[str, str]:
    return {"SignatureVersion": "1", "Signature": "SIMULATED", "SigningCertURL": f"{host}simulated.pem"}


def _value(attribute: Mapping[str, Any]) -> str:
    if "BinaryValue" in attribute:
        return base64.b64encode(attribute["BinaryValue"]).decode()
    return str(attribute.get("StringValue", ""))


def size_bytes(params: Mapping[str, Any]) -> int:
    """Message and attributes count; a subject does not."""
    total = len(params["Message"].encode())
    for name, value in (params.get("MessageAttributes") or {}).items():
        content = value.get("BinaryValue") or value.get("StringValue", "").encode()
        total += len(name.encode()) + len(value["DataType"].encode()) + len(content)
    return total


def check_message(params: Mapping[str, Any], most_bytes: int) -> None:
    """Raises InvalidMessage."""
    if not params["Message"]:
        raise InvalidMessage("Invalid parameter: Empty message")
    if size_bytes(params) > most_bytes:
        raise InvalidMessage("Invalid parameter: Message too long")
    subject = params.get("Subject")
    if subject is not None and not _SUBJECT.fullmatch(subject):
        raise InvalidMessage("Invalid parameter: Subject")
    if params.get("MessageStructure") == "json":
        try:
            parts = json.loads(params["Message"])
        except ValueError:
            raise InvalidMessage("Invalid parameter: Message Structure - JSON message body failed to parse") from None
        if not isinstance(parts, dict) or not isinstance(parts.get("default"), str):
            raise InvalidMessage("Invalid parameter: Message Structure - No default entry in JSON message body")
    group = params.get("MessageGroupId")
    if group and not _GROUP.fullmatch(group):
        raise InvalidMessage(
            "Invalid parameter: MessageGroupId Reason: it has 1 to 128 alphanumeric and punctuation characters"
        )
    for name, value in (params.get("MessageAttributes") or {}).items():
        if value["DataType"].split(".")[0] not in _PREFIXES:
            raise InvalidMessage(
                f"Invalid parameter: The message attribute '{name}' has an invalid message attribute type, the set of "
                "supported type prefixes is Binary, Number, and String."
            )
        if not (value.get("BinaryValue") or value.get("StringValue")):
            raise InvalidMessage(
                f"Invalid parameter: The message attribute '{name}' must contain non-empty message attribute value."
            )
