"""Monkey patches that can always be taken back.

Every change the local cloud makes to another library goes through one `Patches`
object, so that leaving the cloud leaves nothing behind, in reverse order.
"""

from __future__ import annotations

from typing import Any

_ABSENT: Any = object()


class Patches:
    """A stack of attribute replacements."""

    def __init__(self) -> None:
        self._undo: list[tuple[Any, str, Any]] = []
        self._originals: dict[tuple[int, str], Any] = {}

    def set(self, owner: Any, name: str, value: Any) -> Any:
        """Replace `owner.name` by `value`; return what stood there before.

        Class attributes are read from the class's own dictionary, so that
        descriptors (properties, class and static methods) survive the way back.
        """
        if name != "__class__" and hasattr(owner, "__dict__"):
            previous = vars(owner).get(name, _ABSENT)
        else:
            previous = getattr(owner, name)
        self._originals.setdefault((id(owner), name), previous)
        self._undo.append((owner, name, previous))
        setattr(owner, name, value)
        return None if previous is _ABSENT else previous

    def original(self, owner: Any, name: str) -> Any:
        """What `owner.name` was before the first patch (or is, when not patched)."""
        found = self._originals.get((id(owner), name), _ABSENT)
        return getattr(owner, name) if found is _ABSENT else found

    def undo(self) -> None:
        """Take every patch back, newest first. Calling it again does nothing."""
        while self._undo:
            owner, name, previous = self._undo.pop()
            if previous is _ABSENT:
                delattr(owner, name)
            else:
                setattr(owner, name, previous)
        self._originals.clear()
