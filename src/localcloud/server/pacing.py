"""Virtual time against the wall clock, in the one thread that owns the kernel.

Requests and the simulation take turns in an asyncio loop: the kernel is driven up to where virtual time should
be, answers go out, and the loop sleeps until the next event is due or a request comes in.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

from localcloud.kernel import Kernel

T = TypeVar("T")

_SLICE_US = 1_000_000  # virtual time driven in one turn, so that new requests get in between
_log = logging.getLogger(__name__)


class Pacer:
    """Drives `kernel`.

    Args:
        speed: virtual seconds that pass in a second of the wall clock; None jumps from event to event as soon as
            nothing else is to be done.
        clock: the clock on the wall, in seconds from any moment.
    """

    def __init__(self, kernel: Kernel, speed: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._kernel = kernel
        self._speed = speed
        self._clock = clock
        self._from_us, self._from_s = kernel.now_us, self._clock()
        self._wake = asyncio.Event()
        self._finished: list[tuple[asyncio.Future[Any], Any, BaseException | None]] = []

    async def submit(self, work: Callable[[], T], name: str = "request") -> T:
        """Run `work` in a task of the simulation and wait for what it returns or raises."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        def run() -> None:
            try:
                value, failure = work(), None
            except Exception as exc:  # noqa: BLE001  it is raised again where the caller waits
                value, failure = None, exc
            self._finished.append((future, value, failure))

        late_us = 0 if self._speed is None else max(0, self._target_us() - self._kernel.now_us)
        self._kernel.spawn(run, name=name, delay_us=late_us)  # it came in now, not when the clock last stood still
        self._wake.set()
        return await future

    async def drive(self) -> None:
        """Drive the simulation until the coroutine is cancelled."""
        while True:
            self._wake.clear()
            due_us = self._due_us()
            try:
                self._kernel.run(until_us=due_us)
            except Exception:  # noqa: BLE001  a defect of the simulation must not take all its state down
                _log.exception("The simulation failed at virtual time %s us; it goes on.", self._kernel.now_us)
            self._hand_out()
            await self._pause()

    def _target_us(self) -> int:
        """Where virtual time should be now by the wall clock."""
        return self._from_us + round((self._clock() - self._from_s) * 1e6 * (self._speed or 0))

    def _due_us(self) -> int:
        """Where to drive to in this turn."""
        now_us, next_us = self._kernel.now_us, self._kernel.next_us
        if self._speed is None:
            return now_us if next_us is None else next_us
        target_us = self._target_us()
        if next_us is None:
            return max(now_us, target_us)
        return max(now_us, min(target_us, max(next_us, now_us + _SLICE_US)))

    def _hand_out(self) -> None:
        finished, self._finished = self._finished, []
        for future, value, failure in finished:
            if future.done():  # the client has gone
                continue
            if failure is not None:
                future.set_exception(failure)
            else:
                future.set_result(value)

    async def _pause(self) -> None:
        """Let the server's sockets have a turn, for as long as nothing is due."""
        next_us = self._kernel.next_us
        wait_s: float | None = None
        if next_us is not None:
            ahead_us = next_us - self._target_us()
            wait_s = 0.0 if self._speed is None or ahead_us <= 0 else ahead_us / 1e6 / self._speed
        if wait_s == 0.0:
            await asyncio.sleep(0)
            return
        try:
            await asyncio.wait_for(self._wake.wait(), wait_s)
        except TimeoutError:
            return
