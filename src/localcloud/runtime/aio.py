"""asyncio inside simulated code: an event loop whose waiting is parking."""

from __future__ import annotations

import asyncio
import asyncio.events
import selectors
from typing import Any
from weakref import WeakKeyDictionary

from localcloud.kernel import Kernel
from localcloud.patching import Patches


class _VirtualSelector(selectors.SelectSelector):
    """Selects nothing: there are no real sockets in the simulation, only timers and wake-ups."""

    def __init__(self, kernel: Kernel) -> None:
        super().__init__()
        self.wake = kernel.event()

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None or timeout > 0:
            # one microsecond more than asked: the loop compares float seconds
            self.wake.wait(None if timeout is None else round(timeout * 1e6) + 1)
        self.wake.clear()
        return []


class VirtualEventLoop(asyncio.SelectorEventLoop):
    """An asyncio loop on the kernel's clock."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._selecting = _VirtualSelector(kernel)
        super().__init__(self._selecting)

    def time(self) -> float:
        return self._kernel.now_us / 1e6

    def _make_self_pipe(self) -> None:
        """No socket pair: other tasks wake the loop through its selector's event."""

    def _close_self_pipe(self) -> None:
        """Nothing was opened."""

    def _write_to_self(self) -> None:
        self._selecting.wake.set()


def install(kernel: Kernel, patches: Patches) -> None:
    """Give code inside a task loops on the virtual clock, and a current loop for each execution environment."""
    events = asyncio.events
    real, real_get, real_set = events.new_event_loop, events.get_event_loop, events.set_event_loop
    current: WeakKeyDictionary[Any, asyncio.AbstractEventLoop] = WeakKeyDictionary()

    def new_event_loop() -> asyncio.AbstractEventLoop:
        return real() if kernel.current() is None else VirtualEventLoop(kernel)

    def get_event_loop() -> asyncio.AbstractEventLoop:
        """Lambda's runtimes have one thread with a loop that is made when it is first asked for."""
        task = kernel.current()
        if task is None:
            return real_get()
        running = asyncio.events._get_running_loop()
        if running is not None:
            return running
        place = task.group or task
        if place not in current:
            current[place] = VirtualEventLoop(kernel)
        return current[place]

    def set_event_loop(loop: asyncio.AbstractEventLoop | None) -> None:
        task = kernel.current()
        if task is None:
            real_set(loop)
        elif loop is None:
            current.pop(task.group or task, None)
        else:
            current[task.group or task] = loop

    for name, function in (
        ("new_event_loop", new_event_loop), ("get_event_loop", get_event_loop), ("set_event_loop", set_event_loop),
    ):  # fmt: skip
        patches.set(asyncio.events, name, function)
        patches.set(asyncio, name, function)
