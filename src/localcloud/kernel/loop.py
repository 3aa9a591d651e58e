"""The kernel: an event heap in integer microseconds that drives parked tasks.

Virtual time moves only inside `run` and `call`, from event to event; between them it stands
still. Events at the same instant happen in the order in which they were scheduled, so a run
is the same on every machine.
"""

from __future__ import annotations

import _thread
import asyncio.events
import heapq
from collections.abc import Callable
from typing import Any, TypeVar

from localcloud.errors import Deadlock, KernelError, WrongContext
from localcloud.kernel.fibers import Fibers, Killed, current_task, park
from localcloud.kernel.handover import Handover, Timer
from localcloud.kernel.streams import Streams
from localcloud.kernel.sync import Event
from localcloud.kernel.task import Task, TaskGroup
from localcloud.kernel.watchdog import Watchdog

T = TypeVar("T")

DEFAULT_EPOCH_US = 1_736_150_400_000_000  # 2025-01-06T08:00:00Z, a Monday morning
_real_ident = _thread.get_ident
_push = heapq.heappush


class Kernel(Handover):
    """One virtual world: its clock, its tasks, its random streams.

    `now_us` counts microseconds since the start, `epoch_us` is the unix time of the start.
    `spin_limit_s` is how many seconds of the processor a task may use without waiting once.
    """

    def __init__(self, seed: int = 0, epoch_us: int = DEFAULT_EPOCH_US, spin_limit_s: float = 20.0) -> None:
        self.now_us = 0
        self.epoch_us = epoch_us
        self.streams = Streams(seed)
        self.fibers = Fibers()
        self.running = False
        self.running_task: Task | None = None
        self.switches = 0
        self.thread_id = _real_ident()
        self.on_enter: list[Callable[[], None]] = []
        self.on_exit: list[Callable[[], None]] = []
        self._heap = []
        self._background = []
        self._sequence = 0
        self.serial = 0  # of the task that was made last
        self._alive: dict[Task, None] = {}
        self._active_group: TaskGroup | None = None
        self._until_us: int | None = None  # where the clock is driven to
        self._aborting = False
        self._watchdog = Watchdog(self, spin_limit_s)
        self._driven: Task | None = None  # the clock is driven until it has ended
        self.waking = self.wake  # one object: by it a timer that wakes a task is known

    # -- time and scheduling -----------------------------------------------------------------

    @property
    def unix_us(self) -> int:
        """Virtual unix time in microseconds."""
        return self.epoch_us + self.now_us

    @property
    def pending(self) -> bool:
        """Whether anything is scheduled."""
        self._drop_cancelled()
        return bool(self._heap)

    @property
    def next_us(self) -> int | None:
        """When the next event happens; None when nothing is scheduled."""
        self._drop_cancelled()
        return self._heap[0][0] if self._heap else None

    def call_at(self, at_us: int, fn: Callable[..., Any], *args: Any) -> Timer:
        """Call `fn(*args)` from the hub at virtual time `at_us` (now, when that has passed)."""
        timer = Timer(fn, args)
        self._sequence += 1
        now_us = self.now_us
        _push(self._heap, (at_us if at_us > now_us else now_us, self._sequence, timer))
        return timer

    def call_later(self, delay_us: int, fn: Callable[..., Any], *args: Any) -> Timer:
        """Call `fn(*args)` from the hub `delay_us` from now."""
        timer = Timer(fn, args)
        self._sequence += 1
        _push(self._heap, (self.now_us + delay_us if delay_us > 0 else self.now_us, self._sequence, timer))
        return timer

    def call_in_background(self, at_us: int, fn: Callable[..., Any], *args: Any) -> Timer:
        """Call `fn(*args)` at `at_us`, if the clock gets there: for what repeats for ever, such as an alarm.

        It is not pending work: it keeps neither `run` nor `call` going, and happens only when the clock is driven
        to a later time, by other work or by `run(until_us)`. At the same instant it comes before other work.
        """
        timer = Timer(fn, args)
        self._sequence += 1
        _push(self._background, (max(at_us, self.now_us), self._sequence, timer))
        return timer

    def event(self) -> Event:
        """A fresh event of this kernel."""
        return Event(self)

    # -- tasks -------------------------------------------------------------------------------

    # The running task; None in a notebook cell, a hub callback or another OS thread: fibers belong to the OS thread
    # that runs them. Everything that simulated code does asks for it, hence no function around it.
    current: Callable[[], Task | None] = staticmethod(current_task)

    def require_task(self, what: str) -> Task:
        """The running task. Raises WrongContext, naming `what` was tried, outside one."""
        task = self.current()
        if task is None:
            raise WrongContext(f"Only a task can {what}; outside the simulation use Kernel.call or Cloud.wait.")
        return task

    def spawn(
        self,
        fn: Callable[..., Any],
        *args: Any,
        name: str = "",
        group: TaskGroup | None = None,
        delay_us: int = 0,
        critical: bool = False,
    ) -> Task:
        """Start `fn(*args)` as a task after `delay_us`. A task without a group has none: it does not inherit.

        What an ordinary task raises waits for whoever asks for its result. A `critical` task is the
        simulator's own, nobody asks: what it raises reaches the caller of `run` or `call`.
        """
        body = (lambda: fn(*args)) if args else fn
        task = Task(self, body, name or getattr(fn, "__name__", "task"), group, self.current(), critical)
        self._alive[task] = None
        if group is not None:
            group.tasks[task] = None
        self.call_later(delay_us, self.waking, task, 0)
        return task

    def _activate(self, group: TaskGroup | None) -> None:
        if group is not None and group is not self._active_group:
            self._active_group = group
            group.activate()

    @property
    def spin_limit_s(self) -> float:
        """Real seconds that a task may compute without waiting once."""
        return self._watchdog.limit_s

    @spin_limit_s.setter
    def spin_limit_s(self, seconds: float) -> None:
        self._watchdog.limit_s = seconds

    @property
    def endless(self) -> tuple[str, ...]:
        """Groups whose code had to be stopped, because it computed for `spin_limit_s` without ever waiting."""
        return tuple(self._watchdog.stopped)

    def forget(self, task: Task) -> None:
        """The task has ended; forgetting it again does nothing."""
        self._alive.pop(task, None)

    def park(self, task: Task) -> None:
        """Suspend `task`, which must be the running one, until it is woken with its token.

        Raises Killed when its environment is gone, or when the simulation was interrupted.
        """
        if self._aborting or (task.group is not None and task.group.dead):
            raise Killed(f"{task.name}: the execution environment is gone")
        task.token += 1
        park(self.successor())

    def wake(self, task: Task, token: int) -> None:
        """Hub callback: resume `task`, when it still waits in the park that `token` names."""
        if token != task.token or task.finished.is_set:
            return
        group = task.group
        if group is not None:
            if group.frozen:
                group.hold(task, token)
                return
            if group.dead and not task.started:
                task.exception = Killed(f"{task.name}: the execution environment is gone")
                task.close()
                return
            if group is not self._active_group:
                self._active_group = group
                group.activate()
        # as `_switch` does, without its calls: nothing happens more often
        self.switches += 1
        self.running_task = task
        fiber = task.fiber
        try:
            if fiber is None:
                task.resume()
            else:
                fiber.resume()
        finally:
            self.running_task = None
            if self._watchdog.fired_at_switch == self.switches:
                self._watchdog.disarm(self.switches)

    def _switch(self, task: Task, exception: BaseException | None = None) -> None:
        """Run a task until it parks again; with an exception, which it then finds where it is parked."""
        self.switches += 1
        self.running_task = task
        try:
            if exception is None:
                task.resume()
            else:
                task.throw(exception)
        finally:
            self.running_task = None
            if self._watchdog.fired_at_switch == self.switches:
                self._watchdog.disarm(self.switches)

    def sleep(self, delay_us: int) -> None:
        """Park the running task for `delay_us` (at least one turn of the loop, when 0)."""
        task = current_task() or self.require_task("sleep in virtual time")
        heap, background, group = self._heap, self._background, task.group
        end_us = self.now_us + delay_us
        while heap and heap[0][2].fn is None:
            heapq.heappop(heap)
        if not (
            delay_us <= 0
            or (heap and heap[0][0] <= end_us)
            or (background and background[0][0] <= end_us)
            or (self._until_us is not None and end_us > self._until_us)
            or self._aborting
            or (group is not None and (group.dead or group.frozen))
        ):
            # nothing else happens until then: pass the time without leaving the task, the order stays the same
            self.switches += 1  # the watchdog sees that it waits
            self.now_us = end_us
            return
        timer = self.call_later(delay_us, self.waking, task, task.token + 1)
        try:
            self.park(task)
        except BaseException:
            timer.cancel()
            raise

    def kill(self, task: Task, exception: BaseException | None = None) -> None:
        """Raise `exception` (default `Killed`) in `task`, from the hub, at this instant."""
        self.call_later(0, self._kill, task, exception or Killed(f"{task.name} was killed"))

    def _kill(self, task: Task, exception: BaseException) -> None:
        if task.done:
            return
        if not task.started:
            task.exception = exception
            task.close()
            return
        self._activate(task.group)
        self._switch(task, exception)

    # -- driving the clock -------------------------------------------------------------------

    def run(self, until_us: int | None = None) -> int:
        """Drive until nothing is scheduled, or until `until_us`, where the clock then stands. Returns now_us."""
        self._drive(None, until_us)
        if until_us is not None and self.now_us < until_us:
            self.now_us = until_us
        return self.now_us

    def call(self, fn: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run `fn` in a task and drive the clock until it has finished; return or raise what it does.

        Inside a task it is an ordinary call. Raises Deadlock when `fn` waits for what can never happen.
        """
        if self.current() is not None:
            return fn(*args, **kwargs)
        task = self.spawn(lambda: fn(*args, **kwargs), name=getattr(fn, "__name__", "call"))
        self._drive(task, None)
        if not task.done:
            self.kill(task)
            self._drive(task, None)
            raise Deadlock(f"{task.name} waits for something that can never happen: nothing else is scheduled.")
        value: T = task.result()
        return value

    def _drive(self, task: Task | None, until_us: int | None) -> None:
        """Drive until nothing is scheduled, until `until_us`, or until `task` has ended."""
        if self.running:
            raise KernelError("The clock is already running: a hub callback must not drive it again.")
        if _real_ident() != self.thread_id:
            raise WrongContext("The local cloud belongs to the thread that started it; call it from there.")
        loop = asyncio.events._get_running_loop()
        asyncio.events._set_running_loop(None)  # a notebook's own loop must not be seen by handlers
        for hook in self.on_enter:
            hook()
        self.running = True
        self._until_us, self._driven = until_us, task
        self._watchdog.start()
        heap, background, pop = self._heap, self._background, heapq.heappop
        try:
            while task is None or not task.done:
                if not heap:
                    if until_us is None or not self._run_background(until_us):
                        break
                    continue
                at_us, _, timer = heap[0]
                if timer.fn is None:
                    pop(heap)
                    continue
                if until_us is not None and at_us > until_us:
                    if self._run_background(until_us):
                        continue
                    break
                if background and background[0][0] <= at_us and self._run_background(at_us):
                    continue
                pop(heap)
                self.now_us = at_us
                timer.fn(*timer.args)
        except KeyboardInterrupt:
            self._abort()
            raise
        finally:
            self.running, self._driven = False, None
            for hook in reversed(self.on_exit):
                hook()
            asyncio.events._set_running_loop(loop)

    def _run_background(self, until_us: int) -> bool:
        """Make the next call in the background that is due by `until_us`; False when there is none."""
        while self._background and self._background[0][0] <= until_us:
            at_us, _, timer = heapq.heappop(self._background)
            if timer.fn is not None:
                self.now_us = at_us
                timer.fn(*timer.args)
                return True
        return False

    def _drop_cancelled(self) -> None:
        while self._heap and self._heap[0][2].fn is None:
            heapq.heappop(self._heap)

    def _abort(self) -> None:
        """After an interrupt nothing may be left over: a queued runaway task would spin in the next run."""
        self._heap.clear()
        self._aborting = True
        try:
            for task in list(self._alive):
                self._kill(task, Killed("the simulation was interrupted"))
        finally:
            self._alive.clear()
            self._heap.clear()
            self._aborting = False

    def close(self) -> None:
        """End every task and stop the watchdog. The kernel cannot be used afterwards."""
        self._abort()
        self._background.clear()
        self.fibers.close()
        self._watchdog.close()
