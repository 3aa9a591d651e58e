"""The agendas hold the labs that are there, at the labs' own minutes, and leave people time to rest."""

from __future__ import annotations

import re

import pytest

from patisserie.cli import doctor
from patisserie.course import course_root
from patisserie.labs import find_lab
from patisserie.teaching import agendas_page, load_agendas, load_notes
from patisserie.teaching.agendas import LONGEST_WITHOUT_REST
from patisserie.teaching.machine import load_machine

AGENDAS = {agenda.name: agenda for agenda in load_agendas()}
DAYS = [pytest.param(agenda, day, id=f"{agenda.name}, {day}") for agenda in AGENDAS.values() for day in agenda.days]


@pytest.mark.parametrize(
    ("name", "labs", "days"),
    [
        ("Half a day", ["00", "02", "03"], 1),
        ("One day", ["00", "01", "02", "03", "04"], 1),
        ("Two days", ["00", "01", "02", "03", "04"], 2),
    ],
)
def test_an_agenda_holds_its_labs_in_order(name, labs, days):
    assert [part.lab for part in AGENDAS[name].parts if part.kind == "lab"] == labs
    assert len(AGENDAS[name].days) == days


@pytest.mark.parametrize(("agenda", "day"), DAYS)
def test_a_day_is_no_longer_than_it_says(agenda, day):
    assert agenda.minutes(day) <= agenda.longest_min


@pytest.mark.parametrize(("agenda", "day"), DAYS)
def test_nobody_sits_for_longer_than_people_can_listen(agenda, day):
    sitting = 0
    for part in agenda.of_day(day):
        sitting = 0 if part.kind == "rest" else sitting + part.minutes
        assert sitting <= LONGEST_WITHOUT_REST, part.what


@pytest.mark.parametrize("agenda", AGENDAS.values(), ids=AGENDAS)
def test_a_lab_takes_the_minutes_of_its_notes(agenda):
    notes = load_notes()
    for part in agenda.parts:
        if part.kind == "lab":
            assert part.minutes == sum(step.minutes for step in notes[part.lab].steps) == find_lab(part.lab).minutes


@pytest.mark.parametrize("agenda", AGENDAS.values(), ids=AGENDAS)
def test_talk_and_more_of_a_lab_come_after_it(agenda):
    done = set()
    for part in agenda.parts:
        if part.kind == "lab":
            done.add(part.lab)
        elif part.lab:
            assert part.lab in done, part.what


def test_the_page_adds_up_and_keeps_people_and_machine_apart():
    page = agendas_page()
    for section in re.split(r"^##+ ", page, flags=re.MULTILINE):
        rows = re.findall(r"^\| (\d\d):(\d\d) \| (\d+) \|", section, re.MULTILINE)
        if not rows:
            continue
        assert sum(int(minutes) for *_, minutes in rows) == int(
            re.search(r"Total: (\d+) minutes, estimated", section)[1]
        )
        begins = [int(hours) * 60 + int(minutes) for hours, minutes, _ in rows]
        ends = [begin + int(minutes) for begin, (*_, minutes) in zip(begins, rows, strict=True)]
        assert begins[1:] == ends[:-1]
        assert "Measured: in those labs the machine works" in section


def test_the_page_shows_the_seconds_that_were_measured():
    page, machine = agendas_page(), load_machine()
    assert machine.measured in page
    for number, took in machine.labs.items():
        row = next(line for line in page.splitlines() if line.startswith(f"| [{number} "))
        assert f"| {took.all_s} | `{took.longest}` ({took.longest_s} s) |" in row
        assert took.longest_s <= took.all_s <= find_lab(number).minutes * 60


def test_the_room_asks_for_the_python_that_the_course_needs():
    oldest, too_new = doctor._OLDEST, doctor._TOO_NEW
    said = f"Python {oldest[0]}.{oldest[1]} to {too_new[0]}.{too_new[1] - 1}"
    assert said in (course_root() / "book" / "instructor" / "room.md").read_text("utf-8")


def test_the_wheels_of_the_room_are_not_packed_into_themselves():
    """pip download of a folder that is named with -e writes an archive of it, the growing archive included."""
    room = (course_root() / "book" / "instructor" / "room.md").read_text("utf-8")
    commands = "\n".join(re.findall(r"```sh\n(.*?)```", room, re.DOTALL))
    assert "pip wheel -w wheels -r requirements.txt" in commands
    assert "pip download" not in commands
