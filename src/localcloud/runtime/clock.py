"""Virtual time behind `time` and `datetime`, for simulated code only.

`datetime.now` and `time.time` are C functions: time-machine's C patch asks our traveller,
which answers with the kernel's clock while the simulation runs on this OS thread, and with
real time otherwise. The other clocks are replaced by functions that dispatch the same way.

A module that is imported while a cloud is active, and takes a clock by name, keeps it for the clouds to come: the
clocks go by the kernel of the task that asks.
"""

from __future__ import annotations

import _thread
import sys
import time
import weakref
from collections.abc import Callable
from types import ModuleType
from typing import Any

import _time_machine  # type: ignore[import-not-found]

from localcloud.imports import without
from localcloud.kernel import Kernel, microseconds
from localcloud.patching import Patches

with without("pytest"):  # it brings a plugin for it
    import time_machine

CPU_QUANTUM_US = 1_000  # one look at a CPU clock passes this much CPU time

_ident = _thread.get_ident
# Modules that own real sockets and threads keep real clocks: a notebook's kernel, a test runner.
_REAL_TIME_PACKAGES = ("localcloud", "ipykernel", "zmq", "tornado", "jupyter_client", "_pytest", "xdist", "execnet")


class _Traveller:
    """Stands on time-machine's stack of travellers; it is asked for the time at every look."""

    _destination_tzname = None

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def time_ns(self) -> int:
        kernel = self._kernel
        if kernel.running and _ident() == kernel.thread_id:
            task = kernel.current()
            tape = getattr(task.group, "tape", None) if task is not None else None
            return (kernel.unix_us + (tape.shift_us if tape is not None else 0)) * 1_000
        real: int = _time_machine.original_time_ns()
        return real

    def _start(self) -> None:
        """time-machine calls this; nothing to do, the clock is read at every look."""

    def _stop(self) -> None:
        """time-machine calls this; nothing to undo."""


def install(kernel: Kernel, patches: Patches) -> Callable[[], None]:
    """Make the clocks dispatch. Returns the function that takes time-machine's C patch back."""
    _time_machine.patch()
    traveller: Any = _Traveller(kernel)
    time_machine.traveller_stack.append(traveller)

    def uninstall() -> None:
        time_machine.traveller_stack.remove(traveller)
        if not time_machine.traveller_stack:
            _time_machine.unpatch()

    replacements: dict[int, Any] = {}
    keep: list[Any] = []  # identities are only safe while the originals live

    def replace(name: str, make: Callable[[Any], Any]) -> None:
        real = getattr(time, name)
        fake = make(real)
        fake.__name__ = name
        replacements[id(real)] = fake
        keep.append(real)
        patches.set(time, name, fake)

    def sleep(real: Any) -> Any:
        def virtual_sleep(seconds: float) -> None:
            task = kernel.current()
            if task is None:
                real(seconds)
                return
            if seconds < 0:
                raise ValueError("sleep length must be non-negative")
            tape = getattr(task.group, "tape", None)
            if tape is not None and tape.playing:
                tape.slept(microseconds(seconds))
            else:
                task.kernel.sleep(microseconds(seconds))

        return virtual_sleep

    def clock(nanoseconds: bool) -> Callable[[Any], Any]:
        def make(real: Any) -> Any:
            def virtual_clock() -> Any:
                task = kernel.current()
                if task is None:
                    return real()
                now_us = task.kernel.now_us
                return now_us * 1_000 if nanoseconds else now_us / 1e6

            return virtual_clock

        return make

    def cpu_clock(nanoseconds: bool) -> Callable[[Any], Any]:
        def make(real: Any) -> Any:
            def virtual_cpu_clock() -> Any:
                task = kernel.current()
                if task is None:
                    return real()
                used_us = _burn(task.kernel, task, CPU_QUANTUM_US)
                return used_us * 1_000 if nanoseconds else used_us / 1e6

            return virtual_cpu_clock

        return make

    replace("sleep", sleep)
    for name in ("monotonic", "perf_counter"):
        replace(name, clock(nanoseconds=False))
        replace(f"{name}_ns", clock(nanoseconds=True))
    for name in ("thread_time", "process_time"):
        replace(name, cpu_clock(nanoseconds=False))
        replace(f"{name}_ns", cpu_clock(nanoseconds=True))
    _replace_imported_names(replacements, patches)
    return uninstall


def _burn(kernel: Kernel, task: Any, cpu_us: int) -> int:
    """Pass CPU time: a loop that spins until its CPU clock says so takes memory-dependent virtual time."""
    group = task.group
    use_cpu = getattr(group, "use_cpu", kernel.sleep)  # without an environment: one whole vCPU
    use_cpu(cpu_us)
    if group is None:
        return kernel.now_us
    group.cpu_us = getattr(group, "cpu_us", 0) + cpu_us
    used: int = group.cpu_us
    return used


# Modules without a clock among their names, by name: (the module, how many names it had). Nearly all of them, so that
# the next cloud of this process need not look through them again.
_clockless: dict[str, tuple[weakref.ref[ModuleType], int]] = {}


def _replace_imported_names(replacements: dict[int, Any], patches: Patches) -> None:
    """Modules that did `from time import monotonic` before us (queue, threading, ...): swap by identity.

    Without it a `queue.get(timeout=...)` of a handler would loop on the real clock.
    """
    for known_as, module in list(sys.modules.items()):
        names = getattr(module, "__dict__", None)
        if module is time or not names:
            continue
        seen = _clockless.get(known_as)
        if seen is not None and seen[0]() is module and seen[1] == len(names):
            continue
        if replacements.keys().isdisjoint(map(id, names.values())):
            if type(module) is ModuleType:  # others may only look like one, and take no weak reference
                _clockless[known_as] = weakref.ref(module), len(names)
            continue
        if str(names.get("__name__")).startswith(_REAL_TIME_PACKAGES):
            continue
        for name, value in list(names.items()):
            fake = replacements.get(id(value))
            if fake is not None:
                patches.set(module, name, fake)
