"""What learners are given is part of the way to the solution."""

from __future__ import annotations

import pytest

from patisserie.notebooks.source import Source
from patisserie.notebooks.stubs import stub_findings


@pytest.fixture
def found(tmp_path):
    """The findings for a source with these (tags, code) cells, as (line, rule)."""

    def judge(*cells):
        path = tmp_path / "07-test.md"
        text = "".join(f"```{{code-cell}} ipython3\n:tags: [{tags}]\n{code}\n```\n\nText.\n\n" for tags, code in cells)
        path.write_text(text, encoding="utf-8")
        return [(finding.line, finding.rule) for finding in stub_findings(Source(path))]

    return judge


PYTHON = "def price(x):\n    # BEGIN SOLUTION: Exercise 1: add up\n    return sum(x)\n    # END SOLUTION"
TEMPLATE = "%%template\n# BEGIN SOLUTION: Exercise 2: be patient\nQueue: {VisibilityTimeout: 60}\n# END SOLUTION"


def test_stubs_comments_and_lines_of_the_solution_pass(found):
    assert found(("exercise", PYTHON), ("exercise", TEMPLATE)) == []


@pytest.mark.parametrize(
    "line",
    [
        "trap = 1",
        "...and_more()",
        'raise NotImplementedError("soon")',
        'raise ValueError("Exercise 1: no")',
        "MessageRetentionPeriod: 60",
    ],
)
def test_a_line_that_has_to_be_deleted_again_is_found(found, line):
    assert found(("lab-only", line)) == [(3, "stub-line")]


def test_a_flawed_start_may_be_text_that_the_solution_keeps(found):
    start = "%%handler order.py\n# your turn: what has to change?\ndef handler(event, context):\n    return event"
    end = "%%handler order.py\ndef handler(event, context):\n    event = dict(event)\n    return event"
    assert found(("exercise, lab-only", start), ("exercise, solution-only", end)) == []


def test_the_flawed_line_that_the_solution_drops_is_found(found):
    start = "%%handler order.py\n# your turn\nwait_for_everybody()"
    end = "%%handler order.py\npublish()"
    assert found(("exercise, lab-only", start), ("exercise, solution-only", end)) == [(3, "stub-line")]


def test_an_exercise_without_a_cut_would_show_the_solution(found):
    assert found(("exercise", "answer = 42")) == [(3, "closed-exercise")]


def test_a_cut_outside_an_exercise_is_found(found):
    assert found(("check", PYTHON)) == [(3, "untagged-cut")]


def test_a_broken_source_is_a_finding_not_a_traceback(found):
    assert found(("exercise", "# BEGIN SOLUTION: Exercise 1: x")) == [(1, "source")]
