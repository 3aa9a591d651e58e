"""ReceiveRequestAttemptId: a receive from a FIFO queue that is repeated gives the same messages again.

Source: the SQS API reference on ReceiveMessage.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from localcloud.stores.sqs import Message
from localcloud.stores.sqs.base import Messages


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What a receive gave: each message with its handle and the version of its place."""

    at_us: int
    given: tuple[tuple[Message, str, int], ...]


class Attempts:
    """The receives that named an attempt, as long as they can be repeated."""

    def __init__(self, window_us: int) -> None:
        self._window_us = window_us
        self._of: WeakKeyDictionary[Any, dict[str, _Attempt]] = WeakKeyDictionary()

    def again(self, queue: Any, messages: Messages, attempt_id: str, visibility_us: int, now_us: int) -> list[Message]:
        """The messages of an earlier receive, hidden anew with their handles of then.

        Empty when there was no such receive, or when one of them has been deleted, changed or shown since.
        """
        known = self._of.get(queue, {}).get(attempt_id)
        if known is None or now_us - known.at_us >= self._window_us:
            return []
        messages.in_flight(now_us)  # carries out what time has done
        if any(
            (message.receipt_handle, message.version) != (handle, version) for message, handle, version in known.given
        ):
            return []
        found = [message for message, _, _ in known.given]
        for message in found:
            messages.change_visibility(message.receipt_handle, visibility_us, now_us)
        self._keep(queue, attempt_id, found, known.at_us)
        return found

    def keep(self, queue: Any, attempt_id: str, found: list[Message], now_us: int) -> None:
        """Remember what a receive gave."""
        attempts = self._of.setdefault(queue, {})
        for name in [name for name, one in attempts.items() if now_us - one.at_us >= self._window_us]:
            del attempts[name]
        if found:
            self._keep(queue, attempt_id, found, now_us)

    def _keep(self, queue: Any, attempt_id: str, found: list[Message], at_us: int) -> None:
        given = tuple((message, message.receipt_handle, message.version) for message in found)
        self._of[queue][attempt_id] = _Attempt(at_us, given)
