"""A real-time watchdog for handlers that never wait.

Virtual time stands still while Python code computes. A handler that spins for ever would
hang the notebook, so after `limit_s` real seconds without a switch it gets `HandlerSpun`.
"""

from __future__ import annotations

import _thread
import ctypes
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localcloud.kernel.loop import Kernel

# taken before anything is patched: the watchdog lives in real time
_allocate_lock = _thread.allocate_lock
_monotonic = time.monotonic


class HandlerSpun(BaseException):
    """Simulated code computed too long in real time without ever waiting."""

    def __str__(self) -> str:  # it is raised as a class, from another thread: there is nobody to give it a message
        return "it computed and computed and never waited: an endless loop?"


class Watchdog:
    """Watches one kernel from a thread of its own that sleeps nearly all the time."""

    def __init__(self, kernel: Kernel, limit_s: float) -> None:
        self._kernel = kernel
        self.limit_s = limit_s
        self._stop = _allocate_lock()
        self._stop.acquire()
        self._started = False
        self.fired_at_switch = -1
        self.stopped: list[str] = []

    def start(self) -> None:
        if not self._started:
            self._started = True
            _thread.start_new_thread(self._watch, ())

    def close(self) -> None:
        """Let the thread end."""
        if self._started and self._stop.locked():
            self._stop.release()

    def disarm(self, switch: int) -> None:
        """Take back an exception that has not been delivered when its task let go by itself."""
        if self.fired_at_switch == switch:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._kernel.thread_id), None)
            self.fired_at_switch = -1

    def _watch(self) -> None:
        seen, since = -1, _monotonic()
        while not self._stop.acquire(timeout=min(1.0, self.limit_s / 4)):
            kernel = self._kernel
            if not kernel.in_task or kernel.switches != seen:
                seen, since = kernel.switches, _monotonic()
            elif _monotonic() - since > self.limit_s:
                self.fired_at_switch = seen
                self.stopped.append(kernel.running_group_name)
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(kernel.thread_id), ctypes.py_object(HandlerSpun)
                )
                since = _monotonic()
