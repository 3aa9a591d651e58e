"""Named numbers: where they come from, how a page writes them, and what is found when a page is not so."""

from __future__ import annotations

import json
import shutil

import pytest

from patisserie.course import course_root
from patisserie.story.numbers import Number, UnknownNumber, load_numbers
from patisserie.story.prose import findings, restated, typed

SECONDS = Number("m_p95", 7_088, "ms", "lab 02")
SHARE = Number("c_lost", 1 / 3, "", "calculated")
DOLLARS = Number("c_even", 4_095_465.9, "orders", "calculated")
ZERO = Number("m_lost", 0, "orders", "lab 02")
NUMBERS = {number.name: number for number in (SECONDS, SHARE, DOLLARS, ZERO)}


def span(text, number):
    return f"[{text}]{{.{number.name}}}"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7,088 ms", SECONDS),
        ("7.1 s", SECONDS),
        ("7 seconds", SECONDS),
        ("33 %", SHARE),
        ("A third", SHARE),
        ("4 million", DOLLARS),
        ("4,095,000 orders", DOLLARS),
        ("none", ZERO),
    ],
)
def test_a_number_may_be_written_in_any_unit_of_its_kind_as_exact_as_one_likes(text, number):
    page = f"It was {span(text, number)}."
    assert findings(page, NUMBERS) == []
    assert restated(page, NUMBERS) == page


@pytest.mark.parametrize(
    ("text", "number", "now"),
    [
        ("6.9 s", SECONDS, "7.1 s"),
        ("7,000 s", SECONDS, "7 s"),
        ("30 %", SHARE, "33 %"),
        ("7,100 ms", SECONDS, "7,088 ms"),
    ],
)
def test_a_number_that_is_not_so_is_found_and_restated(text, number, now):
    page = f"It was {span(text, number)}."
    assert len(findings(page, NUMBERS)) == 1
    assert restated(page, NUMBERS) == f"It was {span(now, number)}."


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        ("[half]{.c_lost}", "c_lost is 0.333333 , not 'half'."),
        ("[two]{.m_lost}", "m_lost is 0 orders, not 'two'."),
        ("[some]{.m_lost}", "There is no number in 'some' (m_lost)."),
        ("[12]{.m_nowhere}", "There is no number 'm_nowhere' (12)."),
    ],
)
def test_words_that_are_not_so_are_found(page, sentence):
    assert findings(page, NUMBERS) == [sentence]


def test_a_time_is_never_a_share():
    with pytest.raises(UnknownNumber, match="m_p95 is in ms, which is never in %"):
        SECONDS.in_unit("%")


def test_digits_of_a_pages_own_are_found_outside_of_code_links_years_and_statuses():
    page = "\n".join(
        [
            "In 2022 lab 02 answers 202, see `sleep(3)` and [it](x-400.html).",
            "```text",
            "REPORT 12 ms",
            "```",
            "(t-20)=",
            ":width: 85%",
            "It took 12 ms.",
        ]
    )
    assert typed(page) == ["It took 12 ms."]


@pytest.fixture
def course(tmp_path):
    shutil.copytree(course_root() / "solutions", tmp_path / "solutions")
    return tmp_path


def test_a_number_is_what_the_executed_solution_shows(course):
    before = load_numbers(course)["m02_p95"].value
    path = course / "solutions" / "02-break-the-sync-chain.ipynb"
    path.write_text(path.read_text("utf-8").replace(f"{before:,.0f}  ", "9,999  "), "utf-8")
    assert load_numbers(course)["m02_p95"].value == 9_999


def test_a_number_that_no_cell_shows_any_more_is_an_error_that_names_it(course):
    path = course / "solutions" / "00-opening-night.ipynb"
    notebook = json.loads(path.read_text("utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = []
    path.write_text(json.dumps(notebook), "utf-8")
    with pytest.raises(UnknownNumber, match="The solution of lab 00 does not show m00_orders"):
        load_numbers(course)


def test_what_a_measure_is_written_like():
    assert f"{SECONDS}" == "7,088 ms"
    assert f"{SECONDS:s.1}" == "7.1 s"
    assert f"{SHARE:%}" == "33 %"
    assert f"{SHARE:.2}" == "0.33"
