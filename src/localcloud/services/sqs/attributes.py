"""What SQS refuses about the attributes of a queue, and moto lets through."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from localcloud.api import ApiError
from localcloud.facts import Facts

_OTHERS = frozenset(
    {
        "Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId", "SqsManagedSseEnabled", "FifoQueue",
        "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit",
    }
)  # fmt: skip
_OF_FIFO = frozenset({"FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit"})
_PER_GROUP, _GROUP = "perMessageGroupId", "messageGroup"
_WORDS = {
    "FifoThroughputLimit": ("perQueue", _PER_GROUP),
    "DeduplicationScope": ("queue", _GROUP),
    "ContentBasedDeduplication": ("true", "false"),
    "SqsManagedSseEnabled": ("true", "false"),
    "FifoQueue": ("true", "false"),
}
_JSON = ("Policy", "RedrivePolicy", "RedriveAllowPolicy")


class QueueAttributes:
    """The attributes that can be set, and their ranges."""

    def __init__(self, facts: Facts) -> None:
        retention = facts.value("quota.sqs.retention")
        reuse = facts.value("quota.sqs.kms_data_key_reuse")
        receives = facts.value("quota.sqs.max_receive_count")
        self._receives = (int(receives["min"]), int(receives["max"]))
        self._ranges = {
            "DelaySeconds": (0, int(facts.value("quota.sqs.delay")["max"])),
            "KmsDataKeyReusePeriodSeconds": (int(reuse["min"]), int(reuse["max"])),
            "MaximumMessageSize": (
                int(facts.value("quota.sqs.message_size_min")),
                int(facts.value("quota.sqs.message_size")),
            ),
            "MessageRetentionPeriod": (int(retention["min"]), int(retention["max"])),
            "ReceiveMessageWaitTimeSeconds": (0, int(facts.value("quota.sqs.wait_time")["max"])),
            "VisibilityTimeout": (0, int(facts.value("quota.sqs.visibility")["max"])),
        }

    def check(self, attributes: Mapping[str, str], fifo: bool, scope: str | None = None) -> None:
        """`fifo` says which kind of queue it is, `scope` is the deduplication scope that it has.

        Raises ApiError InvalidAttributeName or InvalidAttributeValue.
        """
        for name, value in attributes.items():
            if name in self._ranges:
                self._check_number(name, value)
            elif name not in _OTHERS or (name in _OF_FIFO and not fifo):
                raise ApiError("InvalidAttributeName", f"Unknown Attribute {name}.", 400)
            elif name in _WORDS and value not in _WORDS[name]:
                raise _invalid(name)
            elif name in _JSON and value:
                self._check_json(name, value)
        limit = attributes.get("FifoThroughputLimit")
        if limit == _PER_GROUP and attributes.get("DeduplicationScope", scope) != _GROUP:
            raise ApiError(
                "InvalidAttributeValue",
                f"The {_PER_GROUP} value is allowed only when the value for DeduplicationScope is {_GROUP}.",
                400,
            )

    def _check_number(self, name: str, value: str) -> None:
        least, most = self._ranges[name]
        if not (value.isascii() and value.isdigit() and least <= int(value) <= most):
            raise _invalid(name)

    def _check_json(self, name: str, value: str) -> None:
        try:
            document: Any = json.loads(value)
        except ValueError:
            raise _invalid(name) from None
        if not isinstance(document, dict):
            raise _invalid(name)
        if name == "RedrivePolicy" and "maxReceiveCount" in document:
            count, (least, most) = str(document["maxReceiveCount"]), self._receives
            if not (count.isascii() and count.isdigit() and least <= int(count) <= most):
                valid = f"valid values are from {least} to {most} both inclusive"
                raise refused_redrive(value, f"Invalid value for maxReceiveCount: {count}, {valid}")


def refused_redrive(policy: str, reason: str) -> ApiError:
    """What SQS says of a redrive policy that it does not take."""
    message = f"Value {policy} for parameter RedrivePolicy is invalid. Reason: {reason}."
    return ApiError("InvalidParameterValue", message, 400)


def allows_source(allow_policy: str | None, source_arn: str) -> bool:
    """Whether a dead-letter queue's RedriveAllowPolicy lets a queue name it; without one, every queue may."""
    policy = json.loads(allow_policy) if allow_policy else {}
    permission = policy.get("redrivePermission", "allowAll")
    return permission == "allowAll" or (permission == "byQueue" and source_arn in policy.get("sourceQueueArns", ()))


def _invalid(name: str) -> ApiError:
    return ApiError("InvalidAttributeValue", f"Invalid value for the parameter {name}.", 400)
