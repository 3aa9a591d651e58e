"""Importing large libraries without the parts that nobody here uses."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_GRAMMAR = "rfc3987_syntax"


@contextmanager
def without_uri_grammar() -> Iterator[None]:
    """Within it, jsonschema is imported without its grammar of URIs, which takes longer than all the rest.

    jsonschema does without it when it is not installed; it serves the "uri" formats only.
    """
    spare = _GRAMMAR not in sys.modules
    if spare:
        sys.modules[_GRAMMAR] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if spare:
            del sys.modules[_GRAMMAR]
