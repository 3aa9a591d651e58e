"""How many requests a FIFO queue takes in a second.

Source: the SQS developer guide on troubleshooting FIFO throttling. High throughput lifts the limit.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from localcloud.api import ApiError
from localcloud.facts import Facts

_SECOND_US = 1_000_000
_ACTIONS = ("SendMessage", "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility")


class Pace:
    """Counts the requests of each FIFO queue, action by action; a batch is one request of its action."""

    def __init__(self, facts: Facts) -> None:
        self._most = int(facts.value("quota.sqs.fifo_requests"))
        self._taken: WeakKeyDictionary[Any, dict[str, tuple[int, int]]] = WeakKeyDictionary()

    def take(self, queue: Any, operation: str, now_us: int) -> None:
        """Count one request. Raises ApiError ThrottlingException when the second's have all been made."""
        if not queue.fifo_queue or queue.fifo_throughput_limit == "perMessageGroupId":
            return
        action = operation.removesuffix("Batch")
        if action not in _ACTIONS:
            return
        taken = self._taken.setdefault(queue, {})
        second = now_us // _SECOND_US
        counted, count = taken.get(action, (second, 0))
        if counted != second:
            count = 0
        if count >= self._most:
            raise ApiError("ThrottlingException", "Rate exceeded", 400)
        taken[action] = (second, count + 1)
