"""A standard queue: at least once, in the order in which messages became visible."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from localcloud.stores.sqs.base import Messages
from localcloud.stores.sqs.message import VISIBLE, Message, Settings


class StandardMessages(Messages):
    """The messages of one standard queue. `receive` is O(number of messages asked for)."""

    def __init__(self, name: str, settings: Callable[[], Settings]) -> None:
        super().__init__(name, settings)
        self._visible: deque[tuple[Message, int]] = deque()

    def _admit(self, message: Message) -> None:
        if message.state == VISIBLE:
            self._show(message)

    def _show(self, message: Message) -> None:
        self._visible.append((message, message.version))

    def _forget(self, message: Message) -> None:
        """Its entry in `_visible` is void now and skipped."""

    def receive(
        self, count: int, visibility_us: int, now_us: int, sees: Callable[[], bool] | None = None
    ) -> list[Message]:
        """Up to `count` messages, hidden for `visibility_us`.

        Args:
            sees: asked for each message: whether the servers that this request samples hold it.
        """
        self._bring_up(now_us)
        found: list[Message] = []
        unseen: list[tuple[Message, int]] = []
        while self._visible and len(found) < count:
            message, version = self._visible.popleft()
            if message.version != version or message.state != VISIBLE:
                continue
            if sees is not None and not sees():
                unseen.append((message, version))
                continue
            if self._move_to_dead_letters(message):
                continue
            self._hide(message, now_us, visibility_us)
            found.append(message)
        self._visible.extendleft(reversed(unseen))
        if visibility_us <= 0:
            for message in found:
                self._show(message)
        return found
