"""What a process has around it, one per execution environment: os.environ, output, loggers.

The shared objects stay where they are (other modules have imported them by name); they are
made to dispatch on the running task's environment.
"""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

from localcloud.kernel import Kernel
from localcloud.patching import Patches

EnvironmentOf = Callable[[], Any]


def install(kernel: Kernel, patches: Patches, environment: EnvironmentOf) -> None:
    """Make os.environ, sys.stdout, sys.stderr and logging belong to the running environment."""
    _install_environ(patches, environment)
    _install_loggers(patches, environment)
    _install_output(kernel, environment)


def _install_environ(patches: Patches, environment: EnvironmentOf) -> None:
    base = os._Environ

    class DispatchingEnviron(base):  # type: ignore[misc, valid-type]
        """The class of the existing os.environ object is swapped, so `from os import environ` is caught too."""

        def __getitem__(self, key: str) -> str:
            owner = environment()
            value: str = base.__getitem__(self, key) if owner is None else owner.environ[key]
            return value

        def __setitem__(self, key: str, value: str) -> None:
            owner = environment()
            if owner is None:
                base.__setitem__(self, key, value)
            elif not isinstance(value, str):
                raise TypeError(f"str expected, not {type(value).__name__}")
            else:
                owner.environ[key] = value

        def __delitem__(self, key: str) -> None:
            owner = environment()
            if owner is None:
                base.__delitem__(self, key)
            else:
                del owner.environ[key]

        def __iter__(self) -> Iterator[str]:
            owner = environment()
            return base.__iter__(self) if owner is None else iter(list(owner.environ))

        def __len__(self) -> int:
            owner = environment()
            return base.__len__(self) if owner is None else len(owner.environ)

        def copy(self) -> dict[str, str]:
            return dict(self)

    patches.set(os.environ, "__class__", DispatchingEnviron)


class _Output(io.TextIOBase):
    """Lines written by simulated code go to its environment's log."""

    encoding = "utf-8"

    def __init__(self, real: Any, environment: EnvironmentOf) -> None:
        self._real = real
        self._environment = environment

    def write(self, text: str) -> int:
        owner = self._environment()
        if owner is None:
            self._real.write(text)
        else:
            owner.write(text)
        return len(text)

    def flush(self) -> None:
        if self._environment() is None:
            self._real.flush()

    def close(self) -> None:
        """Closing a stand-in does nothing: io's finaliser would otherwise flush the real stream at any moment."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def _install_output(kernel: Kernel, environment: EnvironmentOf) -> None:
    """Only while the clock runs: between runs a notebook's output is untouched."""
    real: list[Any] = []

    def enter() -> None:
        real.extend((sys.stdout, sys.stderr))
        sys.stdout, sys.stderr = _Output(sys.stdout, environment), _Output(sys.stderr, environment)

    def leave() -> None:
        sys.stdout, sys.stderr = real
        real.clear()

    kernel.on_enter.append(enter)
    kernel.on_exit.append(leave)


class LoggerTree:
    """One root logger and one manager: what `logging` keeps once per process."""

    def __init__(self) -> None:
        self.root = logging.RootLogger(logging.WARNING)
        self.manager = logging.Manager(self.root)


class _LoggingProxy:
    """Stands for logging.root or logging.Logger.manager and forwards to the environment's own."""

    def __init__(self, real: Any, part: str, environment: EnvironmentOf) -> None:
        object.__setattr__(self, "_real", real)
        object.__setattr__(self, "_part", part)
        object.__setattr__(self, "_environment", environment)

    def _target(self) -> Any:
        owner = object.__getattribute__(self, "_environment")()
        if owner is None:
            return object.__getattribute__(self, "_real")
        return getattr(owner.loggers, object.__getattribute__(self, "_part"))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._target(), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._target(), name, value)


def _install_loggers(patches: Patches, environment: EnvironmentOf) -> None:
    root = _LoggingProxy(logging.root, "root", environment)
    manager = _LoggingProxy(logging.Logger.manager, "manager", environment)
    patches.set(logging, "root", root)
    patches.set(logging.Logger, "root", root)
    patches.set(logging.Logger, "manager", manager)
