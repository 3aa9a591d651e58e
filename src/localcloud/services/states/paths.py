"""Paths into JSON data, as the Amazon States Language has them: `$` the data, `$$` the context, `$name` a variable."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jsonpath_ng.exceptions import JSONPathError
from jsonpath_ng.ext.parser import parse

_STEP = re.compile(r"\.([A-Za-z_][\w-]*)|\['([^']*)'\]|\[\"([^\"]*)\"\]|\[(\d+)\]")
_VARIABLE = re.compile(r"\$([A-Za-z_]\w*)")
_INDEFINITE = re.compile(r"\*|\?|\.\.|\[[^\]]*[:,][^\]]*\]")


class NoSuchPath(LookupError):
    """The data have nothing there; the text names the path."""


class InvalidPath(ValueError):
    """The text is no path."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What paths and expressions can see."""

    data: Any
    context: Mapping[str, Any]
    variables: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Path:
    """A compiled path. `steps` for the usual ones, `query` for those with wildcards and filters."""

    text: str
    root: str  # "$", "$$" or a variable's name
    steps: tuple[str | int, ...] | None
    query: Any = None
    definite: bool = True

    def get(self, scope: Scope) -> Any:
        """What the path points at; a list of everything for one with wildcards. Raises NoSuchPath."""
        found = self._root(scope)
        if self.steps is None:
            values = [match.value for match in self.query.find(found)]
            if not self.definite:
                return values
            if not values:
                raise NoSuchPath(self.text)
            return values[0]
        for step in self.steps:
            try:
                found = found[step]
            except (KeyError, IndexError, TypeError):
                raise NoSuchPath(self.text) from None
        return found

    def _root(self, scope: Scope) -> Any:
        if self.root == "$":
            return scope.data
        if self.root == "$$":
            return scope.context
        if self.root not in scope.variables:
            raise NoSuchPath(f"${self.root}")
        return scope.variables[self.root]

    def put(self, data: Any, value: Any) -> Any:
        """`data` with `value` at this place; objects on the way are made. Raises NoSuchPath where there is no way."""
        if not self.steps:
            return value
        top = dict(data) if isinstance(data, dict) else list(data) if isinstance(data, list) else None
        if top is None:
            raise NoSuchPath(self.text)
        here: Any = top
        for step, following in zip(self.steps, (*self.steps[1:], None), strict=True):
            if following is None:
                _set(here, step, value, self.text)
                break
            inner = _step_into(here, step)
            if not isinstance(inner, dict | list | None):
                raise NoSuchPath(self.text)  # a number or a text has no parts
            copied = dict(inner) if isinstance(inner, dict) else list(inner) if isinstance(inner, list) else {}
            _set(here, step, copied, self.text)
            here = copied
        return top


def _step_into(here: Any, step: str | int) -> Any:
    try:
        return here[step]
    except (KeyError, IndexError, TypeError):
        return None


def _set(here: Any, step: str | int, value: Any, text: str) -> None:
    fits = isinstance(here, dict) if isinstance(step, str) else isinstance(here, list) and step < len(here)
    if not fits:
        raise NoSuchPath(text)
    here[step] = value


@lru_cache(maxsize=4_096)
def compile_path(text: str) -> Path:
    """Raises InvalidPath."""
    if not text.startswith("$"):
        raise InvalidPath(f"Value is not a valid JSONPath: {text!r}")
    if text.startswith("$$"):
        root, rest = "$$", text[2:]
    elif match := _VARIABLE.match(text):
        root, rest = match[1], text[match.end() :]
    else:
        root, rest = "$", text[1:]
    steps: list[str | int] = []
    position = 0
    while position < len(rest):
        match = _STEP.match(rest, position)
        if match is None:
            return _query(text, root, rest)
        name = next((group for group in match.groups()[:3] if group is not None), "")
        steps.append(int(match[4]) if match[4] is not None else name)
        position = match.end()
    return Path(text, root, tuple(steps))


def _query(text: str, root: str, rest: str) -> Path:
    try:
        query = parse("$" + rest)
    except (JSONPathError, ValueError) as exc:
        raise InvalidPath(f"Value is not a valid JSONPath: {text!r} ({exc})") from None
    return Path(text, root, None, query, definite=not _INDEFINITE.search(rest))
