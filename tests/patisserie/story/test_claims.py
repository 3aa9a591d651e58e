"""The talk's claims: each has a verdict with its sources, and what a lab measured is read from the lab."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace

import pytest

from patisserie.course import course_root
from patisserie.reference import talk_page
from patisserie.story.claims import load_claims, problems
from patisserie.story.coverage import load_coverage
from patisserie.story.numbers import load_numbers

CLAIMS = {claim.claim_id: claim for claim in load_claims()}
NUMBERS = load_numbers(course_root())
ROWS = load_coverage()


def test_every_claim_has_a_row_a_verdict_and_numbers_that_are_known():
    assert problems(load_claims(), ROWS, NUMBERS) == []


def test_every_claim_has_a_name_of_its_own():
    assert len(CLAIMS) == len(load_claims())


@pytest.mark.parametrize("number", ["00", "01", "02"])
def test_each_lab_has_measured_some_of_them(number):
    assert sum(claim.lab == number for claim in CLAIMS.values()) >= 2


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)
def test_a_claim_has_sources_or_is_a_figure_that_can_have_none(claim):
    assert claim.sources or claim.verdict in ("story", "contradiction", "unchecked")


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)
def test_no_number_of_a_measurement_or_a_source_is_typed(claim):
    texts = (claim.measured.replace("1,000 orders", ""), claim.sources_say)
    bare = [re.sub(r"\{[^}]*\}|\b20\d\d\b|\b3\.\d\d\b|\b[A-Za-z]+\d+\b", "", text) for text in texts]
    assert [text for text in bare if re.search(r"\d", text)] == []


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"row": "T-99"}, "six-seconds belongs to T-99, which is no row of the coverage."),
        ({"measured": ""}, "six-seconds needs both, a lab and what it measured, or neither."),
        ({"measured": "quick"}, "six-seconds has no number in what was measured."),
        ({"measured": "{m01_p50_before}"}, "six-seconds is measured by lab 02, and m01_p50_before comes from lab 01."),
        ({"measured": "{m02_p50:%}"}, "six-seconds, '{m02_p50:%}': m02_p50 is in ms, which is never in %."),
        ({"says": "{m02_nothing}"}, "six-seconds, '{m02_nothing}': there is no number 'm02_nothing'."),
    ],
)
def test_a_claim_that_is_not_right_is_found(changed, sentence):
    found = problems((replace(CLAIMS["six-seconds"], **changed),), ROWS, NUMBERS)
    assert found == [sentence]


def test_a_verdict_that_is_not_known_is_found():
    (found,) = problems((replace(CLAIMS["six-seconds"], verdict="rubbish"),), ROWS, NUMBERS)
    assert found.startswith("six-seconds has the verdict 'rubbish'; there are holds, changed,")


def test_the_page_shows_what_the_solved_notebook_measured_and_not_what_it_once_was(tmp_path):
    shutil.copytree(course_root() / "solutions", tmp_path / "solutions")
    row = "| An order takes 6 s and more |"
    (before,) = [line for line in talk_page(tmp_path).splitlines() if line.startswith(row)]
    assert f"p95 {NUMBERS['m02_p95']:s.1}" in before
    notebook = tmp_path / "solutions" / "02-break-the-sync-chain.ipynb"
    shown = f"{NUMBERS['m02_p95'].value:,.0f}  "
    notebook.write_text(notebook.read_text("utf-8").replace(shown, "9,900  "), "utf-8")
    (after,) = [line for line in talk_page(tmp_path).splitlines() if line.startswith(row)]
    assert "p95 9.9 s" in after
