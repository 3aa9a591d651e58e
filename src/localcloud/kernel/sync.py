"""The one thing tasks wait on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from localcloud.kernel.loop import Kernel
    from localcloud.kernel.task import Task


class Event:
    """A flag with a value. Waiters wake in the order in which they came."""

    __slots__ = ("_kernel", "_waiters", "is_set", "value")

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._waiters: list[tuple[Task, int]] = []
        self.is_set = False
        self.value: Any = None

    def set(self, value: Any = None) -> None:
        """Raise the flag and wake everyone who waits. A second call does nothing."""
        if self.is_set:
            return
        self.is_set, self.value = True, value
        waiters, self._waiters = self._waiters, []
        for task, token in waiters:
            self._kernel.call_later(0, self._kernel.waking, task, token)

    def clear(self) -> None:
        """Lower the flag again."""
        self.is_set, self.value = False, None

    def wait(self, timeout_us: int | None = None) -> bool:
        """Park the current task until the flag is up; False when the timeout came first.

        Raises WrongContext outside a task when the flag is not up yet.
        """
        if self.is_set:
            return True
        kernel = self._kernel
        task = kernel.require_task("wait for an event")
        token = task.token + 1  # the token that this very park will have
        self._waiters.append((task, token))
        timer = None
        if timeout_us is not None:
            timer = kernel.call_later(timeout_us, kernel.waking, task, token)
        try:
            kernel.park(task)
        finally:
            if timer is not None:
                timer.cancel()
            self.forget(task, token)
        return self.is_set

    def expect(self, task: Task, token: int) -> None:
        """Wake `task` from its wait number `token` when the flag goes up."""
        self._waiters.append((task, token))

    def forget(self, task: Task, token: int) -> None:
        """Wake `task` no more from its wait number `token`, if it has not been woken."""
        if self._waiters and (task, token) in self._waiters:
            self._waiters.remove((task, token))
