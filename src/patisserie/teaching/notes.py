"""The notes as they are written, and whether they fit their lab."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import yaml

from patisserie.labs.lab import Lab


@dataclass(frozen=True, slots=True)
class Step:
    """One part of the lab in class: its heading in the lab, its minutes, and what to say before it."""

    part: str
    minutes: int
    say: str


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask the room, and the answer to hope for."""

    ask: str
    hope: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A wrong answer that learners give: `attempt` is its name among the lab's quality cases."""

    check: str
    attempt: str
    ask: str


@dataclass(frozen=True, slots=True)
class LabNotes:
    """The notes of one lab. Texts may name measured values as {run[column]}."""

    number: str
    steps: tuple[Step, ...]
    questions: tuple[Question, ...]
    answers: tuple[Answer, ...]
    fast: tuple[str, ...]
    stuck: tuple[str, ...]
    short: str


def load_notes() -> Mapping[str, LabNotes]:
    """The notes that ship with the package, by the lab's number."""
    text = resources.files(__package__).joinpath("notes.yaml").read_text(encoding="utf-8")
    return {
        number: LabNotes(
            number,
            tuple(Step(**step) for step in entry["steps"]),
            tuple(Question(**question) for question in entry["questions"]),
            tuple(Answer(**answer) for answer in entry["answers"]),
            tuple(entry["fast"]),
            tuple(entry["stuck"]),
            entry["short"],
        )
        for number, entry in yaml.safe_load(text).items()
    }


def problems(notes: LabNotes, lab: Lab, root: Path) -> list[str]:
    """Where the notes do not fit the lab, one sentence each; empty when they do. `root` is the course's directory."""
    found = []
    source = (root / "solutions" / f"{lab.folder}.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", source, flags=re.MULTILINE)
    said = dict(re.findall(r"^## (Exercise .+)\n\n\*(\d+) minutes\.\*", source, flags=re.MULTILINE))
    parts = [step.part for step in notes.steps]
    found += [f"Lab {lab.number} has no part {part!r}." for part in parts if part not in headings]
    if parts != sorted(parts, key=lambda part: headings.index(part) if part in headings else -1):
        found.append(f"The steps of lab {lab.number} are not in the order of its parts.")
    found += [
        f"{step.part!r} of lab {lab.number} takes {step.minutes} minutes; the lab says {said[step.part]}."
        for step in notes.steps
        if step.part in said and int(said[step.part]) != step.minutes
    ]
    minutes = sum(step.minutes for step in notes.steps)
    if minutes != lab.minutes:
        found.append(f"The steps of lab {lab.number} take {minutes} minutes; the lab says {lab.minutes}.")
    wanted = {
        (exercise.check.check_id, attempt.name)
        for exercise in lab.exercises
        for attempt in (exercise.flawed, *exercise.wrong)
    }
    written = {(answer.check, answer.attempt) for answer in notes.answers}
    found += [f"Nothing is said about {name!r} ({check})." for check, name in sorted(wanted - written)]
    found += [f"{name!r} ({check}) is no case of the lab." for check, name in sorted(written - wanted)]
    return found
