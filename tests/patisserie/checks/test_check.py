"""A check says pass, not yet or to do, what it measured, and where to look; never a traceback."""

from __future__ import annotations

import math

import pytest

from patisserie.checks import Check, CheckNotPassed, at_least, at_most, run_check

SLOW = Check("x", "Answers are quick", "Look at the waterfall.", lambda p95: [at_most("p95", p95, 400, "ms")])


def test_a_pass_shows_what_was_measured_and_asked_for():
    result = run_check(SLOW, lambda: 120)
    assert (result.state, result.measured, result.target) == ("pass", "p95 120 ms", "p95 at most 400 ms")
    assert "next:" not in repr(result)


def test_not_yet_shows_what_is_missing_and_where_to_look():
    result = run_check(SLOW, lambda: 5_800)
    assert result.state == "not yet"
    assert "measured: p95 5,800 ms" in repr(result)
    assert "next:     Look at the waterfall." in repr(result)
    assert "not yet" in result._repr_html_()


def test_an_open_exercise_is_to_do():
    def open_exercise():
        raise NotImplementedError("Exercise 1 is open")

    result = run_check(SLOW, open_exercise)
    assert (result.state, result.measured) == ("to do", "Exercise 1 is open")


def test_what_breaks_in_the_learners_system_is_a_finding():
    result = run_check(SLOW, lambda: 1 / 0)
    assert result.state == "not yet"
    assert "division by zero" in result.measured


def test_unattended_runs_raise_on_anything_but_a_pass(monkeypatch):
    monkeypatch.setenv("PATISSERIE_STRICT", "1")
    assert run_check(SLOW, lambda: 100).passed
    with pytest.raises(CheckNotPassed, match="p95 900 ms"):
        run_check(SLOW, lambda: 900)


@pytest.mark.parametrize(
    ("finding", "ok"),
    [
        (at_most("x", 1, 1), True),
        (at_least("x", 1, 2), False),
        (at_most("x", math.nan, 5), False),
        (at_least("x", math.nan, 5), False),
    ],
)
def test_bounds_are_inclusive_and_nothing_measured_never_passes(finding, ok):
    assert finding.ok is ok


def test_only_the_missed_findings_are_shown_until_all_hold():
    both = Check("x", "t", "h", lambda v: [at_most("a", v, 5), at_least("b", v, 3)])
    assert run_check(both, lambda: 2).measured == "b 2"
    assert run_check(both, lambda: 4).measured == "a 4; b 4"


def test_what_a_learner_wrote_is_escaped():
    result = run_check(Check("x", "<t>", "h", lambda v: [at_most("<b>", v, 1)]), lambda: 2)
    assert "<b>" not in result._repr_html_()
