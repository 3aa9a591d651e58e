"""Do the checks tell right from wrong? Each is run on the flawed start, on wrong answers, on the solution."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from patisserie.checks.check import PASS, STRICT_VARIABLE
from patisserie.labs.lab import Attempt, Exercise, Lab


@dataclass(frozen=True, slots=True)
class QualityRow:
    """One attempt at one check. `expected` is "red" or "green"; `state` what the check said."""

    check_id: str
    attempt: str
    expected: str
    state: str
    measured: str

    @property
    def ok(self) -> bool:
        return (self.state == PASS) == (self.expected == "green")


def quality(lab: Lab, seed: int, workdir: Path) -> Iterator[QualityRow]:
    """Every attempt at every check of a lab, each in a session of its own."""
    for exercise in lab.exercises:
        cases = [(exercise.flawed, "red"), *((wrong, "red") for wrong in exercise.wrong), (exercise.right, "green")]
        for attempt, expected in cases:
            yield _row(lab, exercise, attempt, expected, seed, workdir)


def _row(lab: Lab, exercise: Exercise, attempt: Attempt, expected: str, seed: int, workdir: Path) -> QualityRow:
    from patisserie.session import open_lab

    session = open_lab(lab.number, seed=seed, workdir=workdir)
    try:
        with _lenient():
            attempt.prepare(session)
            result = session.check(exercise.check.check_id, even_if_open=True)
    finally:
        session.close()
    return QualityRow(exercise.check.check_id, attempt.name, expected, result.state, result.measured)


@contextmanager
def _lenient() -> Iterator[None]:
    """Red results are wanted here, not exceptions."""
    before: Mapping[str, str] = dict(os.environ)
    os.environ.pop(STRICT_VARIABLE, None)
    try:
        yield
    finally:
        if STRICT_VARIABLE in before:
            os.environ[STRICT_VARIABLE] = before[STRICT_VARIABLE]
