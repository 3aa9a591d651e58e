"""Pâtisserie Amélie: the workshop on top of the local cloud.

A notebook needs no more than these names.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_NAMES = {
    "compare": "patisserie.measure",
    "figures": "patisserie.figures",
    "open_lab": "patisserie.session",
}

__all__ = ["compare", "figures", "open_lab"]


def __getattr__(name: str) -> Any:
    """Imported when first used: the simulator takes a moment to load, a look at the version should not."""
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(_NAMES[name])
    return module if name == "figures" else getattr(module, name)
