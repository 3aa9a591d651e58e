"""A real-time watchdog for handlers that never wait, and for those that take more memory than they have.

Virtual time stands still while Python code computes. A handler that spins for ever would
hang the notebook, so after `limit_s` seconds of the processor without a switch it gets `HandlerSpun`:
a busy computer is no reason. So does one that stands still in real time, and uses the processor not at all.
One that grows beyond its memory in one go would take the computer's, so it gets `MemoryExhausted`.
"""

from __future__ import annotations

import _thread
import contextlib
import ctypes
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from localcloud.kernel.loop import Kernel

_SAMPLE_S = 0.1
# taken before anything is patched: the watchdog lives in real time
_allocate_lock = _thread.allocate_lock
_monotonic = time.monotonic
_clock_gettime = getattr(time, "clock_gettime", None)
_cpu_clock_of = getattr(time, "pthread_getcpuclockid", None)


class HandlerSpun(BaseException):
    """Simulated code computed too long in real time without ever waiting."""

    def __str__(self) -> str:  # it is raised as a class, from another thread: there is nobody to give it a message
        return "it computed and computed and never waited: an endless loop?"


class MemoryExhausted(BaseException):
    """Simulated code took more memory than its execution environment has."""

    def __str__(self) -> str:
        return "it took more memory than the function has"


def _resident_bytes(process: psutil.Process) -> int:
    """How much memory a process has now."""
    return int(process.memory_info().rss)


def _cpu_clock(thread_id: int) -> Callable[[], float]:
    """The seconds of the processor that a thread has used; where they cannot be read, the clock on the wall."""
    if _cpu_clock_of is None or _clock_gettime is None:
        return _monotonic
    clock, read = _cpu_clock_of(thread_id), _clock_gettime
    return lambda: float(read(clock))


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
            _thread.start_new_thread(self._run, ())

    def close(self) -> None:
        """Let the thread end."""
        if self._started and self._stop.locked():
            self._stop.release()

    def disarm(self, switch: int) -> None:
        """Take back an exception that has not been delivered when its task let go by itself."""
        if self.fired_at_switch == switch:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._kernel.thread_id), None)
            self.fired_at_switch = -1

    def _run(self) -> None:
        # the clock of a thread that has ended cannot be read: nobody runs the kernel any more
        with contextlib.suppress(OSError):
            self._watch()

    def _watch(self) -> None:
        process, cpu_s = psutil.Process(), _cpu_clock(self._kernel.thread_id)
        seen, before = -1, _resident_bytes(process)
        began = last = cpu_s()  # of the processor: at the last switch, and at the last look
        moved = _monotonic()  # when it was last seen to use the processor
        while not self._stop.acquire(timeout=min(_SAMPLE_S, self.limit_s / 4)):
            kernel = self._kernel
            task = kernel.running_task
            if task is None or kernel.switches != seen:
                seen, before = kernel.switches, _resident_bytes(process)
                began, moved = cpu_s(), _monotonic()
                last = began
                continue
            now = cpu_s()
            if now > last:
                last, moved = now, _monotonic()
            most = task.group.memory_bytes if task.group is not None else None
            if most is not None and _resident_bytes(process) - before > most:
                self._raise(MemoryExhausted, seen)
                before = _resident_bytes(process)
            elif now - began > self.limit_s or _monotonic() - moved > self.limit_s:
                self.stopped.append(str(getattr(task.group, "name", "")))
                self._raise(HandlerSpun, seen)
                began, moved = now, _monotonic()

    def _raise(self, kind: type[BaseException], switch: int) -> None:
        """Raise an exception where the kernel's thread is now."""
        self.fired_at_switch = switch
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._kernel.thread_id), ctypes.py_object(kind))
