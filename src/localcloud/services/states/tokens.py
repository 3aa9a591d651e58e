"""Task tokens: a task that waits until somebody outside says what came of it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiError
from localcloud.services.states.errors import HEARTBEAT_TIMEOUT, TIMEOUT, StateFailed

if TYPE_CHECKING:
    from localcloud.cloud import Cloud
    from localcloud.kernel.sync import Event


@dataclass(slots=True)
class _Waiting:
    woken: Event
    beat_us: int
    result: Any = None
    failure: StateFailed | None = None
    done: bool = field(default=False)


class TaskTokens:
    """The tokens that are out."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._stream = cloud.kernel.streams["states/tokens"]
        self._waiting: dict[str, _Waiting] = {}
        self._gone: dict[str, None] = {}  # those that were out once

    def new(self) -> str:
        """A token that nobody else has."""
        token = base64.b64encode(self._stream.getrandbits(480).to_bytes(60, "big")).decode()
        self._waiting[token] = _Waiting(self._cloud.kernel.event(), self._cloud.kernel.now_us)
        return token

    def wait(self, token: str, call: Callable[[], Any], timeout_s: float | None, heartbeat_s: float | None) -> Any:
        """Make the call, then wait for what is told with the token. Raises StateFailed."""
        kernel, waiting = self._cloud.kernel, self._waiting[token]
        began_us = waiting.beat_us = kernel.now_us
        try:
            call()
            while not waiting.done:
                limits = {}
                if timeout_s is not None:
                    limits[TIMEOUT] = began_us + round(timeout_s * 1e6)
                if heartbeat_s is not None:
                    limits[HEARTBEAT_TIMEOUT] = waiting.beat_us + round(heartbeat_s * 1e6)
                error, until_us = min(limits.items(), key=lambda one: one[1], default=("", None))
                if until_us is not None and kernel.now_us >= until_us:
                    raise StateFailed(error, "")
                waiting.woken.wait(None if until_us is None else until_us - kernel.now_us)
                waiting.woken.clear()
        finally:
            self.forget(token)
        if waiting.failure is not None:
            raise waiting.failure
        return waiting.result

    def forget(self, token: str) -> None:
        """Nobody waits for it any more; telling it is too late."""
        if self._waiting.pop(token, None) is not None:
            self._gone[token] = None

    def succeed(self, token: str, output: str) -> None:
        """Raises ApiError."""
        waiting = self._find(token)
        try:
            waiting.result = json.loads(output)
        except ValueError:
            raise ApiError("InvalidOutput", f"Invalid Output: {output!r} is not JSON") from None
        self._end(waiting)

    def fail(self, token: str, error: str, cause: str) -> None:
        """Raises ApiError."""
        waiting = self._find(token)
        waiting.failure = StateFailed(error, cause)
        self._end(waiting)

    def beat(self, token: str) -> None:
        """Whoever works on the task is still there. Raises ApiError."""
        waiting = self._find(token)
        waiting.beat_us = self._cloud.kernel.now_us
        waiting.woken.set()

    def _find(self, token: str) -> _Waiting:
        found = self._waiting.get(token)
        if found is None and token not in self._gone:
            raise ApiError("InvalidToken", "Invalid Token: 'Invalid token'")
        if found is None or found.done:
            raise ApiError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
        return found

    @staticmethod
    def _end(waiting: _Waiting) -> None:
        waiting.done = True
        waiting.woken.set()
