"""Plans for a class: half a day, one day, two days. Their labs and minutes are those that are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

import yaml

from patisserie.labs import LABS, Lab

LONGEST_WITHOUT_REST = 125
"""Minutes after which people have stopped listening. An estimate, like all minutes of people."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a day. `kind`: people, rest, lab, extension or questions; `lab` is a number, or "" for people.

    `say` is what the instructor says or does.
    """

    day: int
    kind: str
    what: str
    minutes: int
    say: str
    lab: str = ""


@dataclass(frozen=True, slots=True)
class Agenda:
    """`start_min` is the time of day at which each day begins, `longest_min` how long one may take."""

    name: str
    intro: str
    start_min: int
    longest_min: int
    parts: tuple[Part, ...]

    @property
    def days(self) -> range:
        return range(1, self.parts[-1].day + 1)

    def of_day(self, day: int) -> tuple[Part, ...]:
        return tuple(part for part in self.parts if part.day == day)

    def minutes(self, day: int, *kinds: str) -> int:
        """Minutes of a day; of these kinds of parts, or of all when none is named."""
        return sum(part.minutes for part in self.of_day(day) if not kinds or part.kind in kinds)

    def clocked(self, day: int) -> Iterator[tuple[str, Part]]:
        """The parts of a day with the time at which each begins."""
        now = self.start_min
        for part in self.of_day(day):
            yield f"{now // 60:02}:{now % 60:02}", part
            now += part.minutes


def load_agendas(labs: tuple[Lab, ...] = LABS) -> tuple[Agenda, ...]:
    """The agendas that ship with the package, for the labs that are there."""
    text = resources.files(__package__).joinpath("agendas.yaml").read_text(encoding="utf-8")
    data = yaml.safe_load(text)
    return tuple(_agenda(entry, labs) for entry in data["agendas"])


def _agenda(entry: Mapping[str, Any], labs: tuple[Lab, ...]) -> Agenda:
    hours, minutes = entry["start"].split(":")
    parts, day = [], 1
    for part in entry["parts"]:
        if "day" in part:
            day = part["day"]
        else:
            parts.append(_part(day, part, {lab.number: lab for lab in labs}))
    return Agenda(entry["name"], entry["intro"], int(hours) * 60 + int(minutes), entry["longest"], tuple(parts))


def _part(day: int, part: Mapping[str, Any], labs: Mapping[str, Lab]) -> Part:
    if "rest" in part:
        return Part(day, "rest", "Lunch" if part["rest"] >= 45 else "Break", part["rest"], "")
    if "what" in part:
        return Part(day, "people", part["what"], part["minutes"], part["say"])
    kind = next(name for name in ("lab", "extension", "questions") if name in part)
    number = part[kind]
    if kind != "lab":
        what = f"More of lab {number}" if kind == "extension" else f"Talk about lab {number}"
        section = "Somebody is fast" if kind == "extension" else "Ask the room"
        say = f"*{section}* in the [notes]({labs[number].folder}.md)" + (
            ", for everybody" if kind == "extension" else ""
        )
        return Part(day, kind, what, part["minutes"], say, number)
    lab = labs[number]
    return Part(day, kind, f"Lab {number}, {lab.title}", lab.minutes, f"[notes]({lab.folder}.md)", number)
