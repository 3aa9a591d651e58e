"""What standard and FIFO queues share: messages by state, timers, receipt handles, retention."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable

from localcloud.stores.sqs.message import (
    DELAYED,
    GONE,
    IN_FLIGHT,
    VISIBLE,
    Counts,
    HiddenTooLong,
    InvalidReceiptHandle,
    Message,
    MessageNotInFlight,
    Settings,
)

SENT, RECEIVED, DELETED = "sent", "received", "deleted"


class Messages:
    """The messages of one queue.

    Args:
        name: the queue's name; its receipt handles are recognised by it.
        settings: gives the queue's settings at the moment of use.
    """

    def __init__(self, name: str, settings: Callable[[], Settings]) -> None:
        self.settings = settings
        self._prefix = "AQEB" + hashlib.sha256(name.encode()).hexdigest()[:24]
        self.on_visible: list[Callable[[], None]] = []
        self.before_change: Callable[[int], None] | None = None  # told the time before anything changes
        self.on_event: Callable[[str, int], None] | None = None  # told what happened, and the message's size
        self._in_state = {VISIBLE: 0, DELAYED: 0, IN_FLIGHT: 0}
        self._later: list[tuple[int, int, Message, int]] = []  # when a message becomes visible
        self._by_age: list[tuple[int, int, Message]] = []
        self._handles: dict[str, Message] = {}
        self._sequence = 0

    # -- what the two kinds of queue do differently --------------------------------------------

    def _admit(self, message: Message) -> None:
        """A message came in; its state is set."""
        raise NotImplementedError

    def _show(self, message: Message) -> None:
        """A message has become visible."""
        raise NotImplementedError

    def _forget(self, message: Message) -> None:
        """A message is gone."""
        raise NotImplementedError

    def receive(self, count: int, visibility_us: int, now_us: int) -> list[Message]:
        """Up to `count` messages, hidden for `visibility_us`."""
        raise NotImplementedError

    def receivable(self, now_us: int) -> int:
        """How many messages a receive could start with: visible ones, in a FIFO queue one a group."""
        return self.visible(now_us)

    # -- sending -----------------------------------------------------------------------------

    def add(self, message: Message, now_us: int, delay_us: int = 0) -> None:
        """Take a message in; it becomes visible after `delay_us`."""
        if self.before_change is not None:
            self.before_change(now_us)
        self._event(SENT, message)
        message.receives_here = 0
        message.state = DELAYED if delay_us > 0 else VISIBLE
        self._in_state[message.state] += 1
        self._sequence += 1
        heapq.heappush(self._by_age, (message.sent_us, self._sequence, message))
        self._admit(message)
        if delay_us > 0:
            self._at(message, now_us + delay_us)
        self._tell()

    def _event(self, kind: str, message: Message) -> None:
        if self.on_event is not None:
            self.on_event(kind, message.size)

    # -- state changes -----------------------------------------------------------------------

    def _set_state(self, message: Message, state: str) -> None:
        self._in_state[message.state] -= 1
        if state != GONE:
            self._in_state[state] += 1
        message.state = state
        message.version += 1

    def _at(self, message: Message, at_us: int) -> None:
        self._sequence += 1
        heapq.heappush(self._later, (at_us, self._sequence, message, message.version))

    def _tell(self) -> None:
        for callback in self.on_visible:
            callback()

    def _hide(self, message: Message, now_us: int, visibility_us: int) -> None:
        self._handles.pop(message.receipt_handle, None)
        message.hand_out(now_us, self._prefix)
        self._event(RECEIVED, message)
        self._handles[message.receipt_handle] = message
        if visibility_us > 0:
            self._set_state(message, IN_FLIGHT)
            self._at(message, now_us + visibility_us)

    def _remove(self, message: Message) -> None:
        self._set_state(message, GONE)
        self._handles.pop(message.receipt_handle, None)
        self._forget(message)

    def _bring_up(self, now_us: int) -> None:
        """Carry out what time has done: delays and visibility timeouts that ended, retention that passed."""
        if self.before_change is not None:
            self.before_change(now_us)
        later = self._later
        while later and later[0][0] <= now_us:
            _, _, message, version = heapq.heappop(later)
            if message.version == version and message.state in (DELAYED, IN_FLIGHT):
                self._set_state(message, VISIBLE)
                self._show(message)
        by_age = self._by_age
        if not by_age:
            return
        oldest_kept_us = now_us - self.settings().retention_us
        while by_age and (by_age[0][2].state == GONE or by_age[0][0] <= oldest_kept_us):
            message = heapq.heappop(by_age)[2]
            if message.state != GONE:
                self._remove(message)

    def _move_to_dead_letters(self, message: Message) -> bool:
        """Whether the message has been received too often, and was moved."""
        redrive = self.settings().redrive
        if redrive is None or message.receives_here < redrive.max_receive_count:
            return False
        self._remove(message)
        redrive.move(message)
        return True

    # -- receipt handles ---------------------------------------------------------------------

    def delete(self, receipt_handle: str, now_us: int) -> None:
        """Delete the message that was received with this handle. Raises InvalidReceiptHandle.

        A handle from an earlier receive is accepted, but deletes nothing when the message has been received
        again since.
        """
        self._bring_up(now_us)
        message = self._handles.get(receipt_handle)
        if message is not None:
            self._remove(message)
            self._event(DELETED, message)
            self._tell()
        elif not receipt_handle.startswith(self._prefix):
            raise InvalidReceiptHandle(receipt_handle)

    def change_visibility(
        self, receipt_handle: str, visibility_us: int, now_us: int, longest_us: int | None = None
    ) -> None:
        """Restart the visibility timeout from now.

        Args:
            longest_us: how long a message may be hidden in all since it was received; None for as long as you like.

        Raises InvalidReceiptHandle, MessageNotInFlight, HiddenTooLong.
        """
        self._bring_up(now_us)
        message = self._handles.get(receipt_handle)
        if message is None and not receipt_handle.startswith(self._prefix):
            raise InvalidReceiptHandle(receipt_handle)
        if message is None or message.state != IN_FLIGHT:
            raise MessageNotInFlight(receipt_handle)
        if longest_us is not None and now_us - message.received_us + visibility_us > longest_us:
            raise HiddenTooLong(receipt_handle)
        if visibility_us > 0:
            message.version += 1
            self._at(message, now_us + visibility_us)
        else:
            self._set_state(message, VISIBLE)
            self._show(message)
        self._tell()

    # -- looking -----------------------------------------------------------------------------

    def visible(self, now_us: int) -> int:
        """How many messages are visible."""
        self._bring_up(now_us)
        return self._in_state[VISIBLE]

    def in_flight(self, now_us: int) -> int:
        """How many messages are hidden because somebody received them."""
        self._bring_up(now_us)
        return self._in_state[IN_FLIGHT]

    def counts(self, now_us: int) -> Counts:
        """Messages by state."""
        self._bring_up(now_us)
        return Counts(self._in_state[VISIBLE], self._in_state[DELAYED], self._in_state[IN_FLIGHT])

    def oldest_us(self, now_us: int) -> int | None:
        """When the oldest message that is neither deleted nor expired was sent; None when there is none."""
        self._bring_up(now_us)
        return self._by_age[0][0] if self._by_age else None

    def next_change_us(self) -> int | None:
        """When a delay or a visibility timeout ends next; None when nothing waits."""
        later = self._later
        while later and (later[0][2].version != later[0][3] or later[0][2].state == GONE):
            heapq.heappop(later)
        return later[0][0] if later else None

    def purge(self, now_us: int) -> None:
        """Remove every message."""
        self._bring_up(now_us)
        for _, _, message in self._by_age:
            if message.state != GONE:
                self._remove(message)
        self._by_age.clear()
        self._later.clear()
