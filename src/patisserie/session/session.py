"""One learner (or one unattended run) in one lab."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from patisserie.checks import NOT_YET, CheckResult, run_check
from patisserie.measure import Measurement
from patisserie.progress import ProgressBook
from patisserie.reports import troubles
from patisserie.session.breaking import Breaking
from patisserie.session.deploying import PARTNERS
from patisserie.session.looking import Looking
from patisserie.session.measuring import Measuring
from patisserie.session.standing import plainly
from patisserie.targets import TargetError
from patisserie.targets.base import Started


class LabSession(Measuring, Breaking, Looking):
    """A lab, a target, and everything a learner does there: deploy, measure, break, look, check, clean up.

    Attributes: `lab`, `target`, `seed`, `story`, `stacks` (deployed stacks by name), `workspace` (the learner's
    working copy, None in a lab without one).
    """

    @plainly
    def explore(self) -> Any:
        """The lab's explorable figure, computed now. Raises TargetError when the lab has none."""
        if self.lab.explore is None:
            raise TargetError(f"Lab {self.lab.number} has nothing to explore.")
        return self.lab.explore(self)

    @plainly
    def weigh(self, name: str, found: Measurement) -> Mapping[str, float]:
        """What an architecture that was just measured is like, by the lab's measures: the lower, the better.

        Raises TargetError when the lab has none.
        """
        if self.lab.weigh is None:
            raise TargetError(f"Lab {self.lab.number} has nothing to weigh.")
        self._standing(name)
        return self.lab.weigh(self, name, found)

    @plainly
    def experiment(self, name: str) -> Any:
        """Try something of this lab by its name. Raises TargetError for an unknown one."""
        if name not in self.lab.experiments:
            known = ", ".join(self.lab.experiments) or "none"
            raise TargetError(f"Lab {self.lab.number} has no experiment {name!r}; it has: {known}.")
        return self.lab.experiments[name](self)

    @plainly
    def readers(self, name: str) -> Any:
        """Who heard of the orders since the last measurement of an architecture began.

        Raises TargetError when the lab does not ask that.
        """
        if self.lab.readers is None:
            raise TargetError(f"Lab {self.lab.number} does not say who reads what.")
        self._standing(name)
        return self.lab.readers(self, name, self.measured_ms(name))

    def _beside(self, name: str, duration_s: float) -> list[Started]:
        return self.lab.beside(self, name, duration_s) if self.lab.beside is not None else []

    def hand_in(self, check_id: str, answer: Any) -> None:
        """Keep what the learner made in the notebook itself (a function, a number) for a check."""
        self.answers[self.lab.exercise(check_id).check.check_id] = answer

    def baseline(self, found: Any) -> CheckResult:
        """Is the lab's starting point really there? `found` is what its check judges: as a rule a measurement."""
        return run_check(self.lab.baseline, lambda: found)

    def check(self, check_id: str, even_if_open: bool = False) -> CheckResult:
        """Judge the learner's system as it is now. Takes as long as measuring it does.

        An exercise that nobody has touched is only said to be open, unless `even_if_open`.
        """
        exercise = self.lab.exercise(check_id)

        def evidence() -> Any:
            if exercise.files and self.workspace is not None:
                if not even_if_open and self.workspace.untouched(exercise.files):
                    are = "is" if len(exercise.files) == 1 else "are"
                    raise NotImplementedError(f"nothing yet: {' and '.join(exercise.files)} {are} as at the start")
                self.deploy("mine")
            elif exercise.check.check_id not in self.answers:
                raise NotImplementedError("nothing yet: no answer has been handed in")
            return exercise.evidence(self)

        since_ms = self.unix_ms()
        result = run_check(exercise.check, evidence)
        if result.state == NOT_YET and exercise.files and "mine" in self.stacks:
            found = troubles(self.target.client("logs"), self.stacks["mine"], since_ms)
            result = replace(result, log=str(found[0]) if found else "")
        ProgressBook(self.workdir).note(result)
        return result

    @plainly
    def cleanup(self) -> str:
        """Delete everything this session made. Raises TargetError when something is left."""
        for name in [name for name in self.stacks if name != PARTNERS] + [n for n in (PARTNERS,) if n in self.stacks]:
            self.target.delete(self.stacks[name].name)
            del self.stacks[name]
        left = self.target.delete_rest()
        if left:
            raise TargetError(f"Left behind on {self.target.name}: {', '.join(left)}. Run cleanup again.")
        return "Everything is cleaned up: nothing is left."

    def reset(self) -> str:
        """Bring the learner's working copy back to the start; the old one is kept."""
        if self.workspace is None:
            return "This lab has no working copy; there is nothing to reset."
        if self.workspace.pristine():
            return "Nothing to do: the working copy is as it was at the start."
        kept = self.workspace.reset()
        return f"Back at the start. Your work is kept in {_short(kept)}." if kept else "Back at the start."

    def close(self) -> None:
        """Leave the target."""
        self.closed = True
        self.target.close()


def _short(path: Path | None) -> str:
    return re.sub(r"^.*/labs/", "labs/", path.as_posix()) if path is not None else ""
