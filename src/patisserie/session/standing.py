"""What every part of a session stands on: a lab, a target, and what is deployed there."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from patisserie.course import course_root, default_workdir
from patisserie.labs.lab import Lab
from patisserie.session.workspace import Workspace
from patisserie.story import Story
from patisserie.targets import DeployedStack, Target, TargetError

P = ParamSpec("P")
T = TypeVar("T")


def plainly(method: Callable[P, T]) -> Callable[P, T]:
    """What the target refuses is said in one sentence."""

    @wraps(method)
    def said(*args: P.args, **kwargs: P.kwargs) -> T:
        session: Any = args[0]
        if session.closed and session.target.name == "local":  # on AWS what it made still stands
            raise TargetError("This lab was closed, because a lab was opened after it; run its open_lab cell again.")
        with session.target.plainly():
            return method(*args, **kwargs)

    return said


class Standing:
    """A lab, a target, and what has been deployed there.

    Attributes: `lab`, `target`, `seed`, `story`, `stacks` (deployed stacks by name), `workspace` (the learner's
    working copy, None in a lab without one).
    """

    def __init__(self, lab: Lab, target: Target, seed: int, workdir: Path | None = None) -> None:
        self.lab, self.target, self.seed = lab, target, seed
        self.story = Story.load()
        self.root = course_root()
        self.workdir = workdir or default_workdir()
        self.closed = False
        self.stacks: dict[str, DeployedStack] = {}
        self.answers: dict[str, Any] = {}
        self._measured_ms: dict[str, int] = {}  # when the last measurement of each stack began
        stacks = self.root / "infra" / "stacks"
        self._stacks = stacks / lab.folder
        self.workspace: Workspace | None = None
        if lab.start:
            self.workspace = Workspace(self.workdir / lab.folder, self._stacks / lab.goal, self._stacks / lab.start)
            self.workspace.ensure()

    def __repr__(self) -> str:
        note = "nothing leaves this computer" if self.target.name == "local" else "outside this simulation, real time"
        return f"Lab {self.lab.number} {self.lab.title} · target {self.target.name} ({note}) · seed {self.seed}"

    def output(self, name: str, output: str) -> str:
        """An output of a deployed architecture. Raises TargetError when its template has lost it."""
        outputs = self._standing(name).outputs
        if output not in outputs:
            raise TargetError(f"The template of {name!r} has no output {output}; lab.reset() brings it back.")
        return outputs[output]

    def _standing(self, name: str) -> DeployedStack:
        if name not in self.stacks:
            raise TargetError(f"{name!r} is not deployed yet; run lab.deploy({name!r}) first.")
        return self.stacks[name]

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.target.wait(seconds)

    def unix_ms(self) -> int:
        """Now, as the logs of the target count it: Unix time in milliseconds."""
        cloud = getattr(self.target, "cloud", None)  # the simulation's clock, or the real one
        return int(cloud.kernel.unix_us // 1_000 if cloud is not None else time.time() * 1_000)

    def measured_ms(self, name: str) -> int:
        """When the last measurement of an architecture began, as `unix_ms` counts; 0 when there was none."""
        return self._measured_ms.get(name, 0)
