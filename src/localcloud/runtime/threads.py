"""Locks, threads and queues that park a task instead of an OS thread.

Every replaced name dispatches on "is this a task?": other OS threads (a notebook's own) and
code outside the simulation get the originals.
"""

from __future__ import annotations

import _thread
import concurrent.futures.thread as pools
import queue
import sys
import threading
from collections import deque
from typing import Any

from localcloud.errors import WrongContext
from localcloud.kernel import Event, Kernel, Task, microseconds
from localcloud.kernel.fibers import current_task
from localcloud.patching import Patches

_THREAD_ID_BASE = 1 << 48  # far from any real thread id


class GreenLock:
    """A non-re-entrant lock, handed over in the order in which it was asked for.

    A module that is imported in a task keeps its locks for the clouds to come: waiting is by the waiting task's kernel.
    """

    __slots__ = ("_held", "_waiting")

    def __init__(self) -> None:
        self._held = False
        self._waiting: deque[Event] = deque()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        if not self._held:
            self._held = True
            return True
        if not blocking:
            return False
        task = current_task()
        if task is None:
            raise WrongContext("A lock of simulated code is held, and code outside the simulation waits for it.")
        turn: Event = task.kernel.event()
        self._waiting.append(turn)
        timeout_us = None if timeout is None or timeout < 0 else microseconds(timeout)
        try:
            acquired = turn.wait(timeout_us)
        except BaseException:
            self._give_up(turn)
            raise
        if not acquired:
            self._give_up(turn)
        return acquired

    def _give_up(self, turn: Event) -> None:
        if turn in self._waiting:
            self._waiting.remove(turn)
        elif turn.is_set:
            self.release()  # it was handed to a waiter that is gone: pass it on

    def release(self) -> None:
        if not self._held:
            raise RuntimeError("release unlocked lock")
        if self._waiting:
            self._waiting.popleft().set()
        else:
            self._held = False

    def locked(self) -> bool:
        return self._held

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    def _at_fork_reinit(self) -> None:
        self._held = False
        self._waiting.clear()


class TaskThread:
    """What `threading.current_thread()` answers in a task that is not a `threading.Thread`."""

    daemon = False

    def __init__(self, task: Task) -> None:
        self.name = task.name
        self.ident = _THREAD_ID_BASE + task.serial
        self.native_id = self.ident

    def getName(self) -> str:
        return self.name

    def is_alive(self) -> bool:
        return True


def install(kernel: Kernel, patches: Patches) -> None:
    """Make threading and queue green inside the simulation."""
    real_lock, real_rlock = threading.Lock, threading.RLock
    real_allocate = _thread.allocate_lock
    real_ident, real_current = threading.get_ident, threading.current_thread
    real_start, real_join, real_alive = (
        threading.Thread.start, threading.Thread.join, threading.Thread.is_alive,
    )  # fmt: skip
    real_simple_queue: Any = queue.SimpleQueue

    def lock() -> Any:
        return real_lock() if kernel.current() is None else GreenLock()

    def rlock() -> Any:
        return real_rlock() if kernel.current() is None else threading._PyRLock()  # type: ignore[attr-defined]

    def allocate_lock() -> Any:
        return real_allocate() if kernel.current() is None else GreenLock()

    def get_ident() -> int:
        task = kernel.current()
        return real_ident() if task is None else _THREAD_ID_BASE + task.serial

    def current_thread() -> Any:
        task = kernel.current()
        if task is None:
            return real_current()
        if task.thread is None:
            task.thread = TaskThread(task)
        return task.thread

    def start(self: Any) -> None:
        parent = kernel.current()
        if parent is None:
            real_start(self)
            return
        if self._started.is_set():
            raise RuntimeError("threads can only be started once")

        def body() -> None:
            try:
                self.run()
            except SystemExit:
                return
            except Exception:  # noqa: BLE001 - as threading does: report it and end the thread
                threading.excepthook(threading.ExceptHookArgs([*sys.exc_info(), self]))
            finally:
                # at interpreter exit, pools join every thread they remember; a green one has nothing to join
                remembered: Any = pools._threads_queues
                remembered.pop(self, None)

        task = kernel.spawn(body, name=self.name, group=parent.group)
        task.thread = self
        self._green_task = task
        self._ident = _THREAD_ID_BASE + task.serial
        self._started._flag = True

    def join(self: Any, timeout: float | None = None) -> None:
        task = getattr(self, "_green_task", None)
        if task is None:
            real_join(self, timeout)
        elif not task.done:
            task.join(None if timeout is None else microseconds(timeout))

    def is_alive(self: Any) -> bool:
        task = getattr(self, "_green_task", None)
        return real_alive(self) if task is None else not task.done

    def simple_queue() -> Any:
        return real_simple_queue() if kernel.current() is None else queue._PySimpleQueue()  # type: ignore[attr-defined]

    patches.set(threading, "Lock", lock)
    patches.set(threading, "RLock", rlock)
    patches.set(threading, "_allocate_lock", allocate_lock)
    patches.set(threading, "get_ident", get_ident)
    patches.set(threading, "current_thread", current_thread)
    patches.set(threading.Thread, "start", start)
    patches.set(threading.Thread, "join", join)
    patches.set(threading.Thread, "is_alive", is_alive)
    patches.set(queue, "SimpleQueue", simple_queue)
