"""A FIFO queue: ordered within a message group, each deduplication id once in five minutes."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from itertools import islice

from localcloud.stores.sqs.base import Messages
from localcloud.stores.sqs.message import DELAYED, IN_FLIGHT, VISIBLE, Message, ReceiptHandleExpired, Settings


class _Group:
    """One message group: its messages in order, and how many of them are in flight."""

    __slots__ = ("in_flight", "messages")

    def __init__(self) -> None:
        self.messages: OrderedDict[str, Message] = OrderedDict()
        self.in_flight = 0

    @property
    def available(self) -> bool:
        """Nothing in flight and the first message visible: the next one may be handed out."""
        return bool(self.messages) and not self.in_flight and next(iter(self.messages.values())).state == VISIBLE


class FifoMessages(Messages):
    """The messages of one FIFO queue.

    Args:
        name: the queue's name.
        settings: gives the queue's settings at the moment of use.
        deduplication_us: how long a deduplication id is remembered.
    """

    def __init__(self, name: str, settings: Callable[[], Settings], deduplication_us: int) -> None:
        super().__init__(name, settings)
        self._deduplication_us = deduplication_us
        self._groups: dict[str, _Group] = {}
        self._available: OrderedDict[str, None] = OrderedDict()
        self._seen: dict[str, Message] = {}
        self._seen_order: deque[tuple[int, str]] = deque()

    # -- deduplication -----------------------------------------------------------------------

    def duplicate_of(self, key: str, now_us: int) -> Message | None:
        """The message that came with this deduplication key within the window, whatever became of it."""
        while self._seen_order and self._seen_order[0][0] + self._deduplication_us <= now_us:
            self._seen.pop(self._seen_order.popleft()[1], None)
        return self._seen.get(key)

    def remember(self, key: str, message: Message, now_us: int) -> None:
        """From now on a message with this key is a duplicate."""
        self._seen[key] = message
        self._seen_order.append((now_us, key))

    # -- groups ------------------------------------------------------------------------------

    def _admit(self, message: Message) -> None:
        group = self._groups.setdefault(message.group_id or "", _Group())
        group.messages[message.id] = message
        self._look_at(message.group_id or "")

    def _show(self, message: Message) -> None:
        self._look_at(message.group_id or "")

    def _set_state(self, message: Message, state: str) -> None:
        before = message.state
        super()._set_state(message, state)
        group = self._groups.get(message.group_id or "")
        if group is not None and before != state:
            group.in_flight += (state == IN_FLIGHT) - (before == IN_FLIGHT)

    def _forget(self, message: Message) -> None:
        name = message.group_id or ""
        group = self._groups[name]
        del group.messages[message.id]
        if not group.messages:
            del self._groups[name]
            self._available.pop(name, None)
            return
        self._look_at(name)

    def _look_at(self, name: str) -> None:
        """Put the group in line, or take it out, as its messages now allow."""
        group = self._groups.get(name)
        if group is not None and group.available:
            self._available.setdefault(name)
        else:
            self._available.pop(name, None)

    # -- delays ------------------------------------------------------------------------------

    def delay_anew(self, delay_us: int, now_us: int) -> None:
        """Delay the messages that wait by `delay_us` since they were sent, whatever their delay was before."""
        self._bring_up(now_us)
        for group in list(self._groups.values()):
            for message in group.messages.values():
                if message.state == DELAYED:
                    message.version += 1
                    self._at(message, message.sent_us + delay_us)
        self._bring_up(now_us)
        self._tell()

    # -- deleting ----------------------------------------------------------------------------

    def delete(self, receipt_handle: str, now_us: int) -> None:
        """As in a standard queue, but only within the visibility timeout. Raises ReceiptHandleExpired too."""
        self._bring_up(now_us)
        message = self._handles.get(receipt_handle)
        if message is not None and message.state != IN_FLIGHT:
            raise ReceiptHandleExpired(receipt_handle)
        super().delete(receipt_handle, now_us)

    # -- receiving ---------------------------------------------------------------------------

    def receive(self, count: int, visibility_us: int, now_us: int) -> list[Message]:
        """Up to `count` messages, as many of one group as possible; their groups wait meanwhile."""
        self._bring_up(now_us)
        found: list[Message] = []
        for name in list(islice(self._available, count)):
            if len(found) >= count:
                break
            taken = self._take(name, count - len(found), visibility_us, now_us)
            found += taken
            if visibility_us <= 0:
                self._look_at(name)
        return found

    def _take(self, name: str, count: int, visibility_us: int, now_us: int) -> list[Message]:
        taken: list[Message] = []
        group = self._groups[name]
        candidates: list[Message] = []
        for message in group.messages.values():
            if len(candidates) >= count or message.state != VISIBLE:
                break
            candidates.append(message)
        for message in candidates:
            if self._move_to_dead_letters(message):
                continue
            self._hide(message, now_us, visibility_us)
            taken.append(message)
        self._look_at(name)
        return taken

    def receivable(self, now_us: int) -> int:
        """How many groups have a message that may be handed out now."""
        self._bring_up(now_us)
        return len(self._available)

    @property
    def active_groups(self) -> int:
        """How many groups have messages."""
        return len(self._groups)
