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


# as Lambda's own bootstrap, which is written in Go, names them
_NAMES = {
    "SIGABRT": "aborted", "SIGALRM": "alarm clock", "SIGBUS": "bus error", "SIGFPE": "floating point exception",
    "SIGHUP": "hangup", "SIGILL": "illegal instruction", "SIGINT": "interrupt", "SIGKILL": "killed",
    "SIGPIPE": "broken pipe", "SIGPROF": "profiling timer expired", "SIGQUIT": "quit",
    "SIGSEGV": "segmentation fault", "SIGTERM": "terminated", "SIGTRAP": "trace/breakpoint trap",
    "SIGUSR1": "user defined signal 1", "SIGUSR2": "user defined signal 2", "SIGVTALRM": "virtual timer expired",
}  # fmt: skip
_HARMLESS = frozenset({"SIGCHLD", "SIGCONT", "SIGURG", "SIGWINCH", "SIGPIPE"})  # Python itself ignores SIGPIPE


def ended_by(number: int) -> ProcessEnded:
    """The end of a process that a signal ended."""
    name = signal.Signals(number).name
    return ProcessEnded(f"signal: {_NAMES.get(name, name)}")


def _receive(owner: Any, number: int) -> None:
    """What a signal does that a process sends to itself. Raises ProcessEnded, or what its handler raises."""
    handler = owner.signals.handlers.get(number, signal.SIG_DFL)
    if number in (signal.SIGKILL, signal.SIGSTOP):
        raise ended_by(number)
    if callable(handler):
        handler(number, None)
    elif handler == signal.SIG_DFL and number == signal.SIGINT:
        raise KeyboardInterrupt
    elif handler == signal.SIG_DFL and signal.Signals(number).name not in _HARMLESS:
        raise ended_by(number)


def install(patches: Patches, environment: EnvironmentOf) -> None:
    """Make them concern the running environment; outside of one they do what they always did."""
    leave, stop, send, send_self = os._exit, os.abort, os.kill, signal.raise_signal

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
            _receive(environment(), int(number))

    def raise_signal(number: int) -> None:
        owner = environment()
        if owner is None:
            send_self(number)
        else:
            _receive(owner, int(number))

    patches.set(os, "_exit", exit_now)
    patches.set(os, "abort", abort)
    patches.set(os, "kill", kill)
    patches.set(signal, "raise_signal", raise_signal)
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
