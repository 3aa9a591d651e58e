"""What a lab is made of."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from patisserie.checks import Check, CheckResult
from patisserie.errors import OneSentence
from patisserie.load import Afterwards, Arrivals
from patisserie.measure import Measurement
from patisserie.story import Story
from patisserie.targets.base import Started

if TYPE_CHECKING:
    from patisserie.session import LabSession


class UnknownLab(OneSentence, ValueError):
    """There is no such lab. The message names those there are."""


@dataclass(frozen=True, slots=True)
class LabRun:
    """What an unattended run of the solved lab found."""

    before: Measurement
    after: Measurement
    checks: tuple[CheckResult, ...]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way to do an exercise: `prepare` puts it into the session's working copy and deploys it."""

    name: str
    prepare: Callable[[Any], None]


@dataclass(frozen=True, slots=True)
class Exercise:
    """A check with the evidence it judges, and the attempts that it must tell apart.

    `files` of the working copy are what the learner edits: while all of them are as they were at the start, the
    exercise is open. An exercise without files is open until the learner has handed in an answer for it.
    """

    check: Check
    evidence: Callable[[Any], Any]
    flawed: Attempt
    wrong: tuple[Attempt, ...]
    right: Attempt
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lab:
    """A lab of the course.

    `start` and `goal` name the stacks that the learner's working copy begins and should end with ("" when the
    lab has none); `year` is the bakery's year; `run` does the solved lab in a session. `beside` starts what an
    architecture has to do besides the orders, for so many seconds; `then` draws what a customer does after an order;
    `readers` says who heard of the orders since a Unix time in milliseconds; `weigh` says what a measured architecture
    is like by several measures, each the better the lower. `partners` are the parameters of the partners in this lab
    where they differ from the usual ones; `experiments` are what a learner can try by name, besides the exercises.
    """

    number: str
    slug: str
    title: str
    year: int
    minutes: int
    level: str
    services: tuple[str, ...]
    start: str
    goal: str
    arrivals: Callable[[Story], Arrivals]
    run: Callable[[LabSession], LabRun]
    baseline: Check
    exercises: tuple[Exercise, ...]
    explore: Callable[[LabSession], Any] | None = None
    beside: Callable[[LabSession, str, float], list[Started]] | None = None
    then: Callable[[Story, random.Random], Afterwards] | None = None
    readers: Callable[[LabSession, str, int], Any] | None = None
    weigh: Callable[[LabSession, str, Measurement], Mapping[str, float]] | None = None
    partners: Mapping[str, str] = field(default_factory=dict)
    experiments: Mapping[str, Callable[[LabSession], Any]] = field(default_factory=dict)

    def exercise(self, check_id: str) -> Exercise:
        """Raises UnknownLab when the lab has no such check."""
        for exercise in self.exercises:
            if check_id in (exercise.check.check_id, exercise.check.check_id.removeprefix(f"{self.number}-")):
                return exercise
        known = ", ".join(exercise.check.check_id for exercise in self.exercises)
        raise UnknownLab(f"Lab {self.number} has no check {check_id!r}; it has {known}.")

    @property
    def folder(self) -> str:
        return f"{self.number}-{self.slug}"


def judged(
    session: LabSession, before: Measurement, after: Measurement, baseline: tuple[CheckResult, ...] = ()
) -> LabRun:
    """A run with the verdicts on its exercises, after those on the baseline.

    Without any outside the simulation: checks judge rushes, outages and days, not the dozen orders that are placed there.
    """
    if session.target.name != "local":
        return LabRun(before, after, ())
    return LabRun(before, after, (*baseline, *(session.check(e.check.check_id) for e in session.lab.exercises)))
