"""The park/wake back end: the only module that knows how a task is suspended.

On CPython a fiber is a greenlet: any depth of ordinary, synchronous code can be parked
and resumed without threads. Everything above uses only `Fibers`, `Fiber.resume`, `Fiber.kill`,
`park` and `current_task`, so that another back end (a browser's promise integration)
can stand in its place.
"""

from __future__ import annotations

import asyncio.events
import asyncio.tasks
import contextvars
import sys
from typing import Any

import greenlet

_get_loop = asyncio.events._get_running_loop
_set_loop = asyncio.events._set_running_loop
_current = greenlet.getcurrent
_IDLE = 256  # fibers kept for the tasks to come; each holds some 16 KB


class Killed(BaseException):
    """Thrown into a task whose execution environment is gone.

    A BaseException, so that a handler's `except Exception` does not swallow it.
    """


class Fiber(greenlet.greenlet):
    """What carries a task, and then the next one. `task` is the kernel's object that it carries now."""

    def __init__(self, idle: list[Fiber]) -> None:
        super().__init__(self._carry)
        self.task: Any = None
        self.hub = self.parent  # greenlet's own attribute costs more to read, and far more to set
        self._idle = idle

    def _carry(self) -> None:
        while True:
            task = self.task
            task.run()  # what it raises ends the fiber and reaches whoever resumed it
            self.task = None
            if len(self._idle) >= _IDLE:
                return
            self._idle.append(self)
            following = task.kernel.successor()
            del task
            hub = self.hub
            assert hub is not None
            if following is None:
                hub.switch()
            else:
                following.return_to(hub)
                following.switch()

    def resume(self) -> None:
        """Run the task until it parks or ends; control returns to the caller."""
        hub = _current()
        if self.hub is not hub:
            self.hub = self.parent = hub
        self.switch()

    def kill(self, exception: BaseException) -> None:
        """Raise `exception` where the task is parked and run it until it parks or ends."""
        self.return_to(_current())
        self.throw(exception)

    def return_to(self, hub: greenlet.greenlet) -> None:
        """Give control back to `hub` from now on."""
        if self.hub is not hub:
            self.hub = self.parent = hub


class Fibers:
    """The fibers of a kernel. A new one costs many times a switch: one whose task has ended takes the next."""

    def __init__(self) -> None:
        self._idle: list[Fiber] = []

    def carry(self, task: Any, context: contextvars.Context) -> Fiber:
        """A fiber that will call `task.run()` in `context` when it is resumed."""
        fiber = self._idle.pop() if self._idle else Fiber(self._idle)
        fiber.task = task
        fiber.gr_context = context
        return fiber

    def close(self) -> None:
        """Give up the idle fibers."""
        self._idle.clear()


def current_fiber() -> Fiber | None:
    """The running fiber; None outside of tasks. Call it only on the kernel's own OS thread."""
    found = _current()
    return found if type(found) is Fiber else None


def current_task() -> Any:
    """The task of the running fiber, or None. Call it only on the kernel's own OS thread."""
    found = _current()
    return found.task if type(found) is Fiber else None


def park(following: Fiber | None = None) -> None:
    """Suspend the running fiber and go on with `following`, or with whoever resumed this one.

    asyncio keeps its running loop per OS thread; parked fibers must not see each other's,
    so it is taken off before the switch and put back after.
    """
    fiber = _current()
    assert type(fiber) is Fiber
    hub = fiber.hub
    assert hub is not None
    if following is not None:
        if following.hub is not hub:
            following.return_to(hub)
        hub = following
    loop = _get_loop()
    if loop is None:
        hub.switch()
        return
    running = _leave(loop)
    try:
        hub.switch()
    finally:
        _enter(loop, running)


def _leave(loop: Any) -> Any:
    task = None
    if sys.version_info >= (3, 14):  # since 3.14 the current asyncio task is thread state too
        task = asyncio.tasks._swap_current_task(loop, None)
    _set_loop(None)
    return task


def _enter(loop: Any, task: Any) -> None:
    _set_loop(loop)
    if sys.version_info >= (3, 14) and task is not None:
        asyncio.tasks._swap_current_task(loop, task)
