"""Put simulated code into its world, all parts at once."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
from collections.abc import Callable
from typing import Any

from localcloud.imports import URI_GRAMMAR, without
from localcloud.kernel import Kernel
from localcloud.kernel import interrupts as keyboard
from localcloud.patching import Patches
from localcloud.runtime import aio, alarms, clock, entropy, files, instrumentation, process, surroundings, threads
from localcloud.runtime.environment import current_environment


def install(kernel: Kernel, patches: Patches) -> Callable[[], None]:
    """Patch what simulated code sees. Undo with the returned function and then `patches.undo()`."""
    keyboard.install(kernel)
    threads.install(kernel, patches)
    aio.install(kernel, patches)
    entropy.install(kernel, patches)
    files.install(patches, lambda: current_environment(kernel))
    surroundings.install(kernel, patches, lambda: current_environment(kernel))
    instrumentation.install(kernel, patches)
    process.install(patches, lambda: current_environment(kernel))
    alarms.install(kernel, patches, lambda: current_environment(kernel))
    _install_import_module(kernel, patches)
    return clock.install(kernel, patches)  # last: it replaces clock names in all modules loaded by now


def _install_import_module(kernel: Kernel, patches: Patches) -> None:
    real = importlib.import_module

    def import_module(name: str, package: str | None = None) -> Any:
        environment = current_environment(kernel)
        if environment is not None:
            full = importlib.util.resolve_name(name, package) if name.startswith(".") else name
            if environment.modules.owns(full):
                return environment.modules.load(full)
        if name.startswith("moto."):  # it imports its backends when they are first called
            with without(URI_GRAMMAR):
                return real(name, package)
        return real(name, package)

    patches.set(importlib, "import_module", import_module)
    patches.set(importlib.metadata, "import_module", import_module)  # loads entry points
