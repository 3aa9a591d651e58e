"""Whether somebody pressed Ctrl-C: simulated code can raise KeyboardInterrupt as well, and that concerns it alone."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from localcloud.kernel.loop import Kernel

# taken before anything is patched: this is the real signal
_set, _get = signal.signal, signal.getsignal
_main, _current = threading.main_thread, threading.current_thread


class Interrupts:
    """Notes a real SIGINT while the clock is driven; what handles it otherwise still does."""

    def __init__(self) -> None:
        self.pressed = False
        self._before: Any = None

    def enter(self) -> None:
        """The clock begins to run."""
        self.pressed, self._before = False, None
        handler = _get(signal.SIGINT)
        if callable(handler) and _current() is _main():
            self._before = handler
            _set(signal.SIGINT, self._noting(handler))

    def leave(self) -> None:
        """The clock stands still again."""
        if self._before is not None:
            _set(signal.SIGINT, self._before)
            self._before = None

    def _noting(self, handler: Callable[[int, FrameType | None], Any]) -> Callable[[int, FrameType | None], Any]:
        def noted(number: int, frame: FrameType | None) -> Any:
            self.pressed = True
            return handler(number, frame)

        return noted


interrupts = Interrupts()  # a process has one keyboard


def install(kernel: Kernel) -> None:
    """Watch for it whenever this kernel's clock runs."""
    kernel.on_enter.append(interrupts.enter)
    kernel.on_exit.append(interrupts.leave)
