"""The instructors' notes fit their labs, and their numbers are those of the solved notebooks."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from patisserie.cli import app
from patisserie.course import course_root
from patisserie.labs import LABS, find_lab
from patisserie.session import DEFAULT_SEED
from patisserie.teaching import load_notes, notes_page, problems
from patisserie.teaching.page import measured

NOTES = load_notes()
PAGE = (course_root() / "book" / "instructor" / "class.md").read_text(encoding="utf-8")
ROOM = (course_root() / "book" / "instructor" / "room.md").read_text(encoding="utf-8")


def test_every_lab_has_notes_and_no_other():
    assert list(NOTES) == [lab.number for lab in LABS]


@pytest.mark.parametrize("number", NOTES)
def test_the_notes_fit_their_lab(number):
    assert problems(NOTES[number], find_lab(number), course_root()) == []


def test_notes_that_do_not_fit_are_found():
    notes, lab = NOTES["02"], find_lab("02")
    longer = replace(notes.steps[0], minutes=notes.steps[0].minutes + 1)
    hasty = tuple(replace(step, minutes=9) if step.part.startswith("Exercise 1") else step for step in notes.steps)
    cases = {
        "'Exercise 1: answer first' of lab 02 takes 9 minutes; the lab says 10.": replace(notes, steps=hasty),
        "The steps of lab 02 take 76 minutes; the lab says 75.": replace(notes, steps=(longer, *notes.steps[1:])),
        "Lab 02 has no part 'Lunch'.": replace(notes, steps=(*notes.steps, replace(longer, part="Lunch", minutes=0))),
        "The steps of lab 02 are not in the order of its parts.": replace(notes, steps=notes.steps[::-1]),
        "Nothing is said about 'as it starts' (02-answer-first).": replace(notes, answers=notes.answers[1:]),
        "'magic' (02-outage) is no case of the lab.": replace(
            notes, answers=(*notes.answers, replace(notes.answers[-1], check="02-outage", attempt="magic"))
        ),
    }
    for sentence, broken in cases.items():
        assert sentence in problems(broken, lab, course_root())


def test_a_page_shows_the_values_of_the_solved_notebook():
    lab = find_lab("02")
    runs = measured(course_root(), lab)
    assert list(runs) == ["before", "after", "with an outage"]
    page = notes_page(NOTES["02"], lab, course_root())
    assert f"p95 is {runs['before']['p95 (ms)']} ms" in page
    assert "{" not in page


def test_no_measured_value_is_typed_into_the_notes():
    texts = [text for notes in NOTES.values() for q in notes.questions for text in (q.ask, q.hope)]
    typed = re.compile(r"\d+(\.\d+)? (ms|USD|%)|\d,\d{3}(?! orders\])")
    assert [text for text in texts if typed.search(text)] == []


def test_the_seed_given_to_a_row_of_the_class_is_another_one():
    assert int(re.search(r"seed=(\d+)", PAGE)[1]) != DEFAULT_SEED


def test_every_command_of_the_pages_is_there():
    commands = re.findall(r"patisserie ((?:doctor|run|reset)[^`#\n]*)", PAGE + ROOM)
    assert len(commands) >= 5
    for command in commands:
        name, *rest = shlex.split(command)
        help_text = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "200"})
        assert help_text.exit_code == 0
        assert all(part in help_text.output for part in rest if part.startswith("--"))
