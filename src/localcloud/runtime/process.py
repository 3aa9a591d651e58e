"""Calls that end or copy a process. A function's process is part of this one, so they end its environment instead."""

from __future__ import annotations

import errno
import importlib
import os
import signal
from collections.abc import Callable
from typing import Any, NoReturn

from localcloud.patching import Patches

EnvironmentOf = Callable[[], Any]


class ProcessEnded(BaseException):
    """The function's process is gone: it left with a status, or a signal ended it ("killed", "aborted").

    A BaseException, so that a handler's `except Exception` does not bring it back.
    """

    def __init__(self, how: str) -> None:
        super().__init__(how)
        self.how = how


_SIGNALS = {
    signal.SIGABRT: "aborted",
    signal.SIGKILL: "killed",
    signal.SIGSEGV: "segmentation fault",
    signal.SIGTERM: "terminated",
}


def install(patches: Patches, environment: EnvironmentOf) -> None:
    """Make them concern the running environment; outside of one they do what they always did."""
    leave, stop, send = os._exit, os.abort, os.kill

    def exit_now(status: int) -> NoReturn:
        if environment() is None:
            leave(status)
        raise ProcessEnded(f"exit status {status}")

    def abort() -> NoReturn:
        if environment() is None:
            stop()
        raise ProcessEnded("signal: aborted")

    def kill(pid: int, number: int) -> None:
        if environment() is None:
            send(pid, number)
            return
        if pid not in (os.getpid(), 0):
            raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH))
        if number:  # 0 only asks whether the process is there
            name = _SIGNALS.get(signal.Signals(number), signal.Signals(number).name)
            raise ProcessEnded(f"signal: {name}")

    patches.set(os, "_exit", exit_now)
    patches.set(os, "abort", abort)
    patches.set(os, "kill", kill)
    fork = getattr(os, "fork", None)
    if fork is None:
        return

    def copy() -> int:
        if environment() is None:
            child: int = fork()
            return child
        raise OSError(errno.ENOSYS, "the local cloud runs functions inside one process, which cannot be forked")

    patches.set(os, "fork", copy)
    _install_semaphores(patches, environment)


def _install_semaphores(patches: Patches, environment: EnvironmentOf) -> None:
    """Lambda has no /dev/shm: pools and queues of multiprocessing fail there, and here."""
    module: Any = importlib.import_module("_multiprocessing")  # mypy knows no such module
    real: Any = module.SemLock

    class SemLock(real):  # type: ignore[misc]
        def __new__(cls, *args: Any, **kwargs: Any) -> Any:
            if environment() is not None:
                raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
            return real(*args, **kwargs)

    patches.set(module, "SemLock", SemLock)
