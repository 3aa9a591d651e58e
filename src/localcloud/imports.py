"""Importing large libraries without the parts that nobody here uses."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

URI_GRAMMAR = "rfc3987_syntax"  # jsonschema's, for formats of URIs: takes longer than all the rest of it


@contextmanager
def without(module: str) -> Iterator[None]:
    """Within it, what is imported finds `module` not installed, unless it is loaded already.

    Only for libraries that say that they do without it.
    """
    spare = module not in sys.modules
    if spare:
        sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if spare:
            del sys.modules[module]
