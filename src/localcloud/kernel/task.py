"""Tasks: ordinary calls that run in virtual time, and the groups they belong to."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from localcloud.kernel.fibers import Fiber, Killed
from localcloud.kernel.interrupts import interrupts
from localcloud.kernel.sync import Event

if TYPE_CHECKING:
    from localcloud.kernel.loop import Kernel


class TaskGroup:
    """Tasks that live and die together, such as those of one execution environment.

    `dead`: every further wait of its tasks raises `Killed`.
    `frozen`: its tasks do not wake until `thaw`.
    `memory_bytes`: a task that grows by more in one go gets `MemoryExhausted`; None for any amount.
    """

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.dead = False
        self.frozen = False
        self.memory_bytes: int | None = None
        self.tasks: dict[Task, None] = {}  # a dict keeps the order of their start
        self._held: list[tuple[Task, int]] = []

    def activate(self) -> None:
        """Called before a task of this group runs when another group ran before it."""

    def hold(self, task: Task, token: int) -> None:
        """Keep a wake-up that came while the group was frozen; `token` names the wait that it ends."""
        self._held.append((task, token))

    def freeze(self) -> None:
        """From now on wake-ups of the group's tasks are kept, not delivered."""
        self.frozen = True

    def thaw(self) -> None:
        """Deliver the kept wake-ups now, in the order in which they came."""
        self.frozen = False
        held, self._held = self._held, []
        for task, token in held:
            self.kernel.call_later(0, self.kernel.waking, task, token)

    def kill(self) -> None:
        """End every task of the group; what they wait for next raises `Killed`."""
        self.dead = True
        self._held.clear()
        for task in list(self.tasks):
            self.kernel.kill(task)


class Task:
    """One call in virtual time.

    Attributes: `name`, `group`, `serial` (order of creation), `span` (inherited by the tasks
    it spawns), `done`, `exception`.
    """

    __slots__ = (
        "__weakref__", "_body", "_context", "critical", "exception", "fiber", "finished", "group", "kernel", "name",
        "serial", "span", "thread", "token", "value",
    )  # fmt: skip

    def __init__(
        self,
        kernel: Kernel,
        body: Callable[[], Any],
        name: str,
        group: TaskGroup | None,
        parent: Task | None,
        critical: bool = False,
    ) -> None:
        self.kernel = kernel
        self._body: Callable[[], Any] | None = body
        self.name = name
        self.group = group
        self.span: Any = parent.span if parent is not None else None
        self.thread: Any = None
        self.value: Any = None
        self.exception: BaseException | None = None
        self.critical = critical
        self.token = 0
        kernel.serial += 1
        self.serial = kernel.serial
        self.finished = Event(kernel)
        self.fiber: Fiber | None = None
        self._context = contextvars.copy_context() if parent is not None else contextvars.Context()

    def __repr__(self) -> str:
        return f"<Task {self.serial} {self.name!r}{' done' if self.done else ''}>"

    @property
    def done(self) -> bool:
        """Whether it has ended, however it did."""
        return self.finished.is_set

    @property
    def started(self) -> bool:
        """Whether it has run at all."""
        return self.fiber is not None

    def resume(self) -> None:
        """Run it from where it stands until it parks or ends."""
        fiber = self.fiber if self.fiber is not None else self.begin()
        fiber.resume()

    def begin(self) -> Fiber:
        """The fiber that will run it, from now on its own."""
        self.fiber = self.kernel.fibers.carry(self, self._context)
        return self.fiber

    def throw(self, exception: BaseException) -> None:
        """Raise an exception where it is parked and run it until it parks or ends."""
        assert self.fiber is not None
        self.fiber.kill(exception)

    def run(self) -> None:
        """Make the call; on its own fiber only."""
        body, self._body = self._body, None
        assert body is not None
        try:
            self.value = body()
        except KeyboardInterrupt as exc:
            self.exception = exc
            if self.group is None or interrupts.pressed:  # else it is simulated code's own
                raise  # goes to whoever drives the clock
        except BaseException as exc:
            self.exception = exc
            if self.critical and isinstance(exc, Exception):
                raise
        finally:
            self.close()

    def close(self) -> None:
        """Mark the task as ended (by itself, or killed before it ever ran)."""
        self._body = None
        self.kernel.forget(self)
        if self.group is not None:
            self.group.tasks.pop(self, None)
        self.finished.set()

    def join(self, timeout_us: int | None = None) -> bool:
        """Wait until the task has ended. False when the timeout came first."""
        return self.finished.wait(timeout_us)

    def result(self) -> Any:
        """Wait for the end and return the call's value, or raise what it raised."""
        self.finished.wait()
        if self.exception is not None:
            raise self.exception
        return self.value


__all__ = ["Killed", "Task", "TaskGroup"]
