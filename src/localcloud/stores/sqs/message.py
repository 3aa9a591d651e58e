"""One message, and what a queue's settings mean for it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from localcloud.trace_header import TraceHeader, parse

VISIBLE, DELAYED, IN_FLIGHT, GONE = "visible", "delayed", "in flight", "gone"


class InvalidReceiptHandle(Exception):
    """No message of this queue ever had that receipt handle."""


class ReceiptHandleExpired(Exception):
    """The visibility timeout of that receive has passed: in a FIFO queue its handle is worth nothing any more."""


class HiddenTooLong(Exception):
    """The message would be hidden for longer, since it was received, than any receive may hide it."""


class MessageNotInFlight(Exception):
    """The message is not hidden by a visibility timeout."""


@dataclass(eq=False, slots=True)
class Message:
    """One message. Times are unix microseconds.

    `receive_count` counts receives across all queues, as ApproximateReceiveCount does;
    `receives_here` those from the queue it is in, which its redrive policy looks at.
    `trace` is the span context of the sender, `lineage` the chain of invocations it came by,
    `source_arn` the queue it was moved from.
    """

    id: str
    body: str
    sent_us: int
    attributes: Mapping[str, Any] = field(default_factory=dict)
    system_attributes: Mapping[str, Any] = field(default_factory=dict)
    size: int = 0
    group_id: str | None = None
    deduplication_id: str | None = None
    sequence_number: str | None = None
    trace: Any = None
    lineage: Mapping[str, int] = field(default_factory=dict)
    source_arn: str | None = None
    first_received_us: int = 0
    received_us: int = 0  # the last time
    receive_count: int = 0
    receives_here: int = 0
    state: str = VISIBLE
    version: int = 0  # of its place: an entry of a heap with an older one is void
    receipt_handle: str = ""

    @property
    def trace_header(self) -> TraceHeader | None:
        """AWSTraceHeader: what the sender set, before what its request carried."""
        given = parse((self.system_attributes.get("AWSTraceHeader") or {}).get("StringValue"))
        if given is not None or self.trace is None:
            return given
        header: TraceHeader | None = self.trace.header
        return header if header is not None and header.root else None

    def moved(self, **changes: Any) -> Message:
        """The message as it arrives in another queue: visible, without a receipt handle, with these changes."""
        fresh = {"state": VISIBLE, "version": 0, "receipt_handle": "", "receives_here": 0}
        return replace(self, **{**fresh, **changes})

    def hand_out(self, now_us: int, prefix: str) -> None:
        """Count one more receive and make a fresh receipt handle that starts with `prefix`."""
        self.first_received_us = self.first_received_us or now_us
        self.received_us = now_us
        self.receive_count += 1
        self.receives_here += 1
        digest = hashlib.sha256(f"{self.id}/{self.receive_count}/{now_us}".encode()).hexdigest()
        self.receipt_handle = prefix + digest


@dataclass(frozen=True, slots=True)
class Redrive:
    """Where a message goes whose receive count would exceed `max_receive_count`."""

    max_receive_count: int
    move: Callable[[Message], None]


@dataclass(frozen=True, slots=True)
class Settings:
    """A queue's attributes as they are now."""

    retention_us: int
    in_flight_limit: int
    redrive: Redrive | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """Messages by state: ApproximateNumberOfMessages, ...Delayed and ...NotVisible."""

    visible: int
    delayed: int
    in_flight: int
