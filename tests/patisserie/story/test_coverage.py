"""The talk's coverage: every row is known, and every place that a row claims is there."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from patisserie.course import course_root
from patisserie.story.coverage import findings, load_coverage

LAST_OF_PART = {"1": 4, "2": 3, "3": 8, "4": 6, "5": 9, "6": 4, "7": 4, "8": 4, "9": 5, "A": 0}
ROWS = {row.row_id: row for row in load_coverage()}


@pytest.fixture
def course(tmp_path):
    """A copy of what the coverage points at, to be damaged."""
    for name in ("book", "solutions"):
        shutil.copytree(course_root() / name, tmp_path / name, ignore=shutil.ignore_patterns("*.ipynb", "assets"))
    return tmp_path


def test_every_row_of_the_talk_stands_once_and_in_order():
    known = [f"T-{part}{number}" for part, last in LAST_OF_PART.items() for number in range(last + 1)]
    assert [row.row_id for row in load_coverage()] == known


def test_every_place_that_a_row_claims_is_there():
    assert findings(load_coverage(), course_root()) == []


@pytest.mark.parametrize(
    "broken",
    [
        replace(ROWS["T-20"], where=("book/2022/index#t-29",)),
        replace(ROWS["T-20"], where=("book/2022/index",)),
        replace(ROWS["T-20"], where=("book/1999/index#t-20",)),
        replace(ROWS["T-20"], lab=("02", "Exercise 9: fly")),
        replace(ROWS["T-20"], lab=("77", "Measure")),
        replace(ROWS["T-30"], planned=("02",)),
        replace(ROWS["T-30"], planned=("14",)),
        replace(ROWS["T-A0"], planned=()),
    ],
)
def test_a_row_that_claims_what_is_not_so_is_found(broken):
    rows = tuple(broken if row.row_id == broken.row_id else row for row in load_coverage())
    assert any(finding.startswith(broken.row_id) for finding in findings(rows, course_root()))


def test_an_anchor_that_was_renamed_is_found_from_both_sides(course):
    chapter = course / "book" / "2022" / "index.md"
    chapter.write_text(chapter.read_text(encoding="utf-8").replace("(t-22)=", "(t-99)="), encoding="utf-8")
    assert findings(load_coverage(), course) == [
        "T-22 should be taught at book/2022/index#t-22, and there is no such anchor.",
        "book/2022/index#t-99 is an anchor that no row of the coverage names.",
    ]


def test_a_renamed_part_of_a_lab_is_found(course):
    lab = course / "solutions" / "02-break-the-sync-chain.md"
    lab.write_text(lab.read_text(encoding="utf-8").replace("## Break it", "## Break"), encoding="utf-8")
    assert findings(load_coverage(), course) == ["T-23 should be run in lab 02, 'Break it', and there is no such part."]
