"""The virtual clock: an event heap of integer microseconds and tasks that park on it."""

from __future__ import annotations

from localcloud.kernel.fibers import Killed
from localcloud.kernel.handover import Timer
from localcloud.kernel.loop import Kernel
from localcloud.kernel.streams import Streams
from localcloud.kernel.sync import Event
from localcloud.kernel.task import Task, TaskGroup
from localcloud.kernel.units import microseconds
from localcloud.kernel.watchdog import HandlerSpun, MemoryExhausted

__all__ = [
    "Event", "HandlerSpun", "Kernel", "Killed", "MemoryExhausted", "Streams", "Task", "TaskGroup", "Timer",
    "microseconds",
]  # fmt: skip
