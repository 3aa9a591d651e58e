"""How control goes from task to task without the hub, where the hub would have nothing else to do in between."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from localcloud.kernel.fibers import Fiber, current_fiber, park
from localcloud.kernel.task import Task, TaskGroup
from localcloud.kernel.watchdog import Watchdog

if TYPE_CHECKING:
    from localcloud.kernel.loop import Kernel


class Timer:
    """A scheduled call that can be cancelled."""

    __slots__ = ("args", "fn")

    def __init__(self, fn: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.fn: Callable[..., Any] | None = fn
        self.args = args

    def cancel(self) -> None:
        """Never make the call. A cancelled timer does not move the clock either."""
        self.fn, self.args = None, ()


class Handover:
    """The part of a kernel that looks at what is due next, and goes on with it when it is a task's turn."""

    now_us: int
    switches: int
    running_task: Task | None
    waking: Callable[[Task, int], None]
    spawn: Callable[..., Task]
    call_later: Callable[..., Timer]
    _heap: list[tuple[int, int, Timer]]
    _background: list[tuple[int, int, Timer]]
    _alive: dict[Task, None]
    _active_group: TaskGroup | None
    _until_us: int | None
    _driven: Task | None
    _aborting: bool
    _watchdog: Watchdog

    def run_task(
        self,
        fn: Callable[..., Any],
        *args: Any,
        name: str = "",
        group: TaskGroup | None = None,
        timeout_us: int | None = None,
    ) -> tuple[Task, bool]:
        """`spawn` a task and `join` it: the task, and whether it ended in time.

        It happens in the same order, but control goes from task to task when nothing else is due.
        """
        fiber = current_fiber()
        if fiber is None or not self._goes_straight(fiber.task, group):
            spawned = self.spawn(fn, *args, name=name, group=group)
            return spawned, spawned.join(timeout_us)
        parent: Task = fiber.task
        task = Task(cast("Kernel", self), (lambda: fn(*args)) if args else fn, name, group, parent)
        self._alive[task] = None
        if group is not None:
            group.tasks[task] = None
        parent.token += 1
        token = parent.token
        task.finished.expect(parent, token)
        timer = self.call_later(timeout_us, self.waking, parent, token) if timeout_us is not None else None
        if group is not None and group is not self._active_group:
            self._active_group = group
            group.activate()
        self.running_task = task
        self.switches += 1
        try:
            park(task.begin())
        finally:
            if timer is not None:
                timer.cancel()
            task.finished.forget(parent, token)
        return task, task.finished.is_set

    def _goes_straight(self, parent: Task, group: TaskGroup | None) -> bool:
        """Whether a new task of `group` would be the next thing to happen, when `parent` waited for it now."""
        heap, background, now_us, own = self._heap, self._background, self.now_us, parent.group
        while heap and heap[0][2].fn is None:
            heapq.heappop(heap)
        return not (
            (heap and heap[0][0] <= now_us)
            or (background and background[0][0] <= now_us)
            or self._aborting
            or self._watchdog.fired_at_switch == self.switches
            or (own is not None and own.dead)
            or (group is not None and (group.dead or group.frozen))
        )

    def successor(self) -> Fiber | None:
        """The fiber of the waiting task that happens next, at its time; None where the hub has to look.

        A task that parks or ends goes on to it by itself: one switch instead of two, and nothing else is different.
        """
        heap, background = self._heap, self._background
        while heap and heap[0][2].fn is None:
            heapq.heappop(heap)
        if not heap or self._aborting:
            return None
        at_us, _, timer = heap[0]
        until_us, driven = self._until_us, self._driven
        if (
            timer.fn is not self.waking
            or (background and background[0][0] <= at_us)
            or (until_us is not None and at_us > until_us)
            or (driven is not None and driven.done)
        ):
            return None
        task, token = timer.args
        group, fiber = task.group, task.fiber
        if (
            fiber is None
            or token != task.token
            or task.finished.is_set
            or self._watchdog.fired_at_switch == self.switches
            or (group is not None and group.frozen)
        ):
            return None
        heapq.heappop(heap)
        self.now_us = at_us
        if group is not None and group is not self._active_group:
            self._active_group = group
            group.activate()
        self.running_task = task
        self.switches += 1
        found: Fiber = fiber
        return found
