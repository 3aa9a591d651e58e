"""Python's garbage collector while a cloud runs: less often, over less."""

from __future__ import annotations

import gc
from collections.abc import Callable

_YOUNG = 20_000  # new objects before a look at the youngest; a call makes hundreds that reference counts free


_settled: list[bool] = []


def settle() -> None:
    """Never look through what there is by now again; once per process, when all has been imported.

    Modules, classes and functions by the hundred thousand: a full collection would go through all of them each time.
    """
    if not _settled:
        _settled.append(True)
        gc.freeze()


def relax() -> Callable[[], None]:
    """Collect less often. Returns the function that restores the collector."""
    before = gc.get_threshold()
    gc.set_threshold(_YOUNG, *before[1:])
    return lambda: gc.set_threshold(*before)
