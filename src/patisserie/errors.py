"""Errors that are one sentence for a person."""

from __future__ import annotations


class OneSentence(Exception):
    """The message says what was expected, what was found and what to do; where in our code it arose helps nobody."""

    def _render_traceback_(self) -> list[str]:
        """IPython asks for this instead of a traceback."""
        return [f"{type(self).__name__}: {self}"]
