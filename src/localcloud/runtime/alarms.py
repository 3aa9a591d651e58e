"""`signal.alarm` and `signal.setitimer` in virtual time, and handlers that belong to one environment.

A real alarm would end this process, and with it the notebook. Simulated code gets its signals where it waits: what its
handler raises appears there, as it does when a system call is interrupted.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from localcloud.kernel import Kernel, Killed, Task, Timer, microseconds
from localcloud.patching import Patches
from localcloud.runtime.process import ended_by

_ITIMERS = {"ITIMER_REAL": "SIGALRM", "ITIMER_VIRTUAL": "SIGVTALRM", "ITIMER_PROF": "SIGPROF"}


@dataclass
class Signals:
    """The signal handlers of one environment, and its timers by the signal that they send."""

    handlers: dict[int, Any] = field(default_factory=dict)
    timers: dict[int, tuple[Timer, int, float]] = field(default_factory=dict)  # (timer, when it is due, interval in s)


def install(kernel: Kernel, patches: Patches, environment: Callable[[], Any]) -> None:
    """Make them concern the running environment; outside of one they do what they always did."""
    if not hasattr(signal, "alarm"):
        return  # a system without alarms
    real_signal, real_get, real_alarm, real_timer = signal.signal, signal.getsignal, signal.alarm, signal.setitimer

    def set_handler(number: int, handler: Any) -> Any:
        owner = environment()
        if owner is None:
            return real_signal(number, handler)
        known: dict[int, Any] = owner.signals.handlers
        before = known.get(int(number), signal.SIG_DFL)
        known[int(number)] = handler
        return before

    def get_handler(number: int) -> Any:
        owner = environment()
        return real_get(number) if owner is None else owner.signals.handlers.get(int(number), signal.SIG_DFL)

    def alarm(seconds: int) -> int:
        if environment() is None:
            return real_alarm(seconds)
        left_s, _ = setitimer(signal.ITIMER_REAL, float(seconds))
        return -int(-left_s // 1)  # a part of a second counts as one

    def setitimer(which: int, seconds: float, interval: float = 0.0) -> tuple[float, float]:
        owner = environment()
        if owner is None:
            return real_timer(which, seconds, interval)
        task = kernel.require_task("set a timer")
        number = _sends(which)
        earlier = owner.signals.timers.pop(number, None)
        left_s = 0.0
        if earlier is not None:
            left_s = max(0, earlier[1] - kernel.now_us) / 1e6
            earlier[0].cancel()
        if seconds > 0:
            start(owner, number, task, seconds, interval)
        return left_s, earlier[2] if earlier is not None else 0.0

    def start(owner: Any, number: int, task: Task, seconds: float, interval: float) -> None:
        delay_us = microseconds(seconds)
        timer = kernel.call_later(delay_us, deliver, owner, number, task, interval)
        owner.signals.timers[number] = timer, kernel.now_us + delay_us, interval

    def deliver(owner: Any, number: int, task: Task, interval: float) -> None:
        owner.signals.timers.pop(number, None)
        if task.done or owner.dead:
            return
        if interval > 0:
            start(owner, number, task, interval, interval)
        handler = owner.signals.handlers.get(number, signal.SIG_DFL)
        if handler is signal.SIG_IGN:
            return
        if not callable(handler):
            kernel.kill(task, ended_by(number))
            return

        def handle() -> None:
            try:
                handler(number, None)
            except Killed:
                raise
            except BaseException as exc:  # noqa: BLE001 - whatever it raises interrupts what the code waits for
                kernel.kill(task, exc)

        kernel.spawn(handle, name="signal handler", group=owner)

    patches.set(signal, "signal", set_handler)
    patches.set(signal, "getsignal", get_handler)
    patches.set(signal, "alarm", alarm)
    patches.set(signal, "setitimer", setitimer)


def _sends(which: int) -> int:
    for timer, name in _ITIMERS.items():
        if which == getattr(signal, timer):
            return int(getattr(signal, name))
    raise ValueError(f"no timer {which}")
