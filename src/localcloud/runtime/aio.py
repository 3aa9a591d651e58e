"""asyncio inside simulated code: an event loop whose waiting is parking."""

from __future__ import annotations

import asyncio
import asyncio.events
import selectors
from typing import Any

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
    """Give `asyncio.run` inside a task a loop on the virtual clock."""
    real = asyncio.events.new_event_loop

    def new_event_loop() -> asyncio.AbstractEventLoop:
        return real() if kernel.current() is None else VirtualEventLoop(kernel)

    patches.set(asyncio.events, "new_event_loop", new_event_loop)
    patches.set(asyncio, "new_event_loop", new_event_loop)
