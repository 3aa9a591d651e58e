"""The JSONPath of mapping templates and parameter mappings: members, indexes, slices, wildcards, descent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

MISSING = object()

_STEP = re.compile(
    r"(?P<deep>\.\.)?\.?(?:(?P<name>[^.\[\]'\"*]+)|(?P<all>\*)"
    r"|\[(?:'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\"|(?P<every>\*)|(?P<slice>-?\d*:-?\d*)|(?P<index>-?\d+))\])"
)


class InvalidPath(Exception):
    """The text is not a JSONPath that is known here."""


@lru_cache(maxsize=1024)
def _steps(path: str) -> tuple[tuple[str, Any, bool], ...]:
    """(kind, key, whether at any depth) of each step."""
    text = path.strip()
    if not text.startswith("$"):
        raise InvalidPath(f"A JSONPath begins with $; found {path!r}.")
    at, steps = 1, []
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None or found.end() == at:
            raise InvalidPath(f"Could not parse JSONPath {path!r} at {text[at:]!r}.")
        groups = found.groupdict()
        deep = groups["deep"] is not None
        key = next((groups[name] for name in ("name", "single", "double") if groups[name] is not None), None)
        if key is not None:
            steps.append(("member", key, deep))
        elif groups["index"] is not None:
            steps.append(("index", int(groups["index"]), deep))
        elif groups["slice"] is not None:
            start, _, end = groups["slice"].partition(":")
            steps.append(("slice", slice(int(start) if start else None, int(end) if end else None), deep))
        else:
            steps.append(("all", None, deep))
        at = found.end()
    return tuple(steps)


def find(value: Any, path: str) -> Any:
    """What `path` ("$.order.lines[0]") selects in `value`; MISSING when a definite path leads nowhere.

    A path with a wildcard, a slice or ".." gives a list. Raises InvalidPath.
    """
    steps = _steps(path)
    if not any(deep or kind in ("all", "slice") for kind, _, deep in steps):
        for kind, key, _ in steps:
            value = next(_apply(value, kind, key), MISSING)
            if value is MISSING:
                return MISSING
        return value
    current = [value]
    for kind, key, deep in steps:
        nodes = [node for item in current for node in _descend(item)] if deep else current
        current = [result for node in nodes for result in _apply(node, kind, key)]
    return current


def _apply(node: Any, kind: str, key: Any) -> Iterator[Any]:
    if kind == "member":
        if isinstance(node, dict) and key in node:
            yield node[key]
    elif kind == "index":
        if isinstance(node, list) and -len(node) <= key < len(node):
            yield node[key]
    elif kind == "slice":
        if isinstance(node, list):
            yield from node[key]
    elif isinstance(node, list):
        yield from node
    elif isinstance(node, dict):
        yield from node.values()


def _descend(node: Any) -> Iterator[Any]:
    yield node
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for child in children:
        yield from _descend(child)
