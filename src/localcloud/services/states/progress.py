"""How far a machine, a branch or an iteration has come: what a redrive goes on from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from localcloud.services.states.map_runs import MapRun


class Progress:
    """`at` is the state that was entered and not left, with its input `data` and the variables that it saw.

    `inner` are the branches or iterations of that state by number, `map_run` what a distributed one has started.
    Once the whole is done, `output` is its output. `held_bytes` are the data it holds, where memory is billed.
    """

    __slots__ = ("at", "data", "done", "held_bytes", "inner", "map_run", "output", "variables")

    def __init__(self) -> None:
        self.at: str | None = None
        self.data: Any = None
        self.variables: dict[str, Any] = {}
        self.done = False
        self.output: Any = None
        self.inner: dict[int, Progress] | None = None
        self.map_run: MapRun | None = None
        self.held_bytes = 0

    def of(self, number: int) -> Progress:
        """The progress of one branch or iteration of the state that is under way."""
        if self.inner is None:
            self.inner = {}
        found = self.inner.get(number)
        if found is None:
            found = self.inner[number] = Progress()
        return found
