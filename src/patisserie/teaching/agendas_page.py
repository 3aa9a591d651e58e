"""The page of the agendas; its minutes are those of the labs and their notes, its seconds were measured."""

from __future__ import annotations

from collections.abc import Iterable

from patisserie.labs import LABS
from patisserie.teaching.agendas import Agenda, load_agendas
from patisserie.teaching.machine import MachineTimes, load_machine
from patisserie.teaching.notes import load_notes

_PEOPLE = ("people", "extension", "questions")
_HEAD = """\
# Agendas

Three plans for a class, with the labs that are there today. Take one as it is, or take its parts. Hang it on the wall:
people like to know when the break is.

## Minutes of people, seconds of machines

**Minutes are for people, and estimated.** Those of a lab are the sum of its parts in the notes, for somebody who knows
some Python. **Seconds are the machine's, and measured**: the CPU time of the solved notebook from the top to the bottom
({machine}, {measured}). On a computer that does nothing else they are what people wait. They are inside
the minutes. The longest cell is where the room is silent: have something to ask.

| lab | minutes (people) | exercises, of these | seconds (machine) | longest cell |
|---|---:|---:|---:|---|
{labs}

"""
_END = """\
## When time runs away

It will. Cut from the extensions first, then from the talk after a lab, then what its own notes name. Never cut the
guess, *Break it* and *What got worse*: with them people go home with a judgement, without them with a pattern.
"""


def agendas_page() -> str:
    """The agendas as MyST."""
    machine = load_machine()
    head = _HEAD.format(machine=machine.machine, measured=machine.measured, labs="\n".join(_lab_rows(machine)))
    plans = [line for agenda in load_agendas() for line in _agenda_lines(agenda, machine)]
    return head + "\n".join([*plans, _END])


def _lab_rows(machine: MachineTimes) -> Iterable[str]:
    for number, notes in load_notes().items():
        lab = next(lab for lab in LABS if lab.number == number)
        exercises = sum(step.minutes for step in notes.steps if step.part.startswith("Exercise"))
        took = machine.labs.get(number)
        seconds, longest = (
            (f"{took.all_s}", f"`{took.longest}` ({took.longest_s} s)") if took else ("", "not measured yet")
        )
        yield f"| [{number} {lab.title}]({lab.folder}.md) | {lab.minutes} | {exercises} | {seconds} | {longest} |"


def _agenda_lines(agenda: Agenda, machine: MachineTimes) -> list[str]:
    lines = [f"## {agenda.name}", "", agenda.intro, ""]
    for day in agenda.days:
        if len(agenda.days) > 1:
            lines += [f"### Day {day}", ""]
        lines += ["| time | minutes | what | you |", "|---|---:|---|---|"]
        lines += [f"| {clock} | {part.minutes} | {part.what} | {part.say} |" for clock, part in agenda.clocked(day)]
        lines += ["", _sum(agenda, day, machine), ""]
    return lines


def _sum(agenda: Agenda, day: int, machine: MachineTimes) -> str:
    labs = [part for part in agenda.of_day(day) if part.kind == "lab"]
    seconds = sum(machine.labs[part.lab].all_s for part in labs if part.lab in machine.labs)
    people = [
        f"{sum(part.minutes for part in labs)} in labs",
        f"{agenda.minutes(day, *_PEOPLE)} of talk and work on paper",
        f"{agenda.minutes(day, 'rest')} of rest",
    ]
    return (
        f"Total: {agenda.minutes(day)} minutes, estimated for people: {', '.join(people)}. Measured: in those labs the"
        f" machine works {seconds} seconds."
    )
