"""Seconds of Python code as the kernel's whole microseconds."""

from __future__ import annotations


def microseconds(seconds: float) -> int:
    """To the nearest microsecond, but never none for a time that is not none.

    Code that waits until a deadline waits again for what is left of it: the last bit of a float. Were that no time at
    all, the clock would stand still and the code would wait for ever.
    """
    return max(1, round(seconds * 1e6)) if seconds > 0 else 0
