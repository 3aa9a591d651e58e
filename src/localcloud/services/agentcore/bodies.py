"""The body of an answer that is still being made."""

from __future__ import annotations

from localcloud.kernel import Kernel


class LiveBody:
    """A file that another task writes. Reading waits in virtual time, in a task and outside one."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._content = bytearray()
        self._complete = False
        self._changed = kernel.event()

    def write(self, content: bytes) -> None:
        self._content += content
        self._changed.set()

    def close(self) -> None:
        """Nothing more comes, or nobody reads any more."""
        self._complete = True
        self._changed.set()

    def read(self, amount: int | None = None) -> bytes:
        """All of it, or what is there of at most `amount` bytes; b"" at the end."""
        while not self._complete and (amount is None or not self._content):
            self._wait()
        size = len(self._content) if amount is None else amount
        taken = bytes(self._content[:size])
        del self._content[:size]
        return taken

    def _wait(self) -> None:
        self._changed.clear()
        if self._kernel.current() is not None:
            self._changed.wait()
        else:
            self._kernel.call(self._changed.wait)
