"""The messages of SQS queues, with every operation in O(1) or O(log n)."""

from __future__ import annotations

from localcloud.stores.sqs.fifo import FifoMessages
from localcloud.stores.sqs.message import (
    Counts,
    HiddenTooLong,
    InvalidReceiptHandle,
    Message,
    MessageNotInFlight,
    ReceiptHandleExpired,
    Redrive,
    Settings,
)
from localcloud.stores.sqs.standard import StandardMessages

__all__ = [
    "Counts",
    "FifoMessages",
    "HiddenTooLong",
    "InvalidReceiptHandle",
    "Message",
    "MessageNotInFlight",
    "ReceiptHandleExpired",
    "Redrive",
    "Settings",
    "StandardMessages",
]
