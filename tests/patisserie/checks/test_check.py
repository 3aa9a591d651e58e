"""What checks say."""

from __future__ import annotations

import pytest

from patisserie.checks import (
    NOT_YET,
    PASS,
    TODO,
    Check,
    CheckNotPassed,
    at_least,
    at_most,
    equal,
    run_check,
)

QUICK = Check("t-1", "Answer <quickly>", "look at the chain", lambda ms: [at_most("p95", ms, 500, "ms")])


@pytest.fixture(autouse=True)
def _lenient(monkeypatch):
    monkeypatch.delenv("PATISSERIE_STRICT", raising=False)


def raising(exc):
    def evidence():
        raise exc

    return evidence


@pytest.mark.parametrize(("ms", "state"), [(499.0, PASS), (500.0, PASS), (501.0, NOT_YET), (float("nan"), NOT_YET)])
def test_a_check_passes_up_to_its_limit(ms, state):
    assert run_check(QUICK, lambda: ms).state == state


def test_measured_and_target_are_written_alike():
    result = run_check(QUICK, lambda: 6_012.4)
    assert (result.measured, result.target) == ("p95 6,012 ms", "p95 at most 500 ms")


def test_an_open_exercise_is_to_do():
    assert run_check(QUICK, raising(NotImplementedError("exercise 1 is open"))).state == TODO


@pytest.mark.parametrize("exc", [KeyError("TableName"), RuntimeError()])
def test_what_the_learners_system_raises_becomes_a_sentence(exc):
    result = run_check(QUICK, raising(exc))
    assert result.state == NOT_YET
    assert type(exc).__name__ in result.measured


def test_a_check_without_findings_does_not_pass():
    assert run_check(Check("t-2", "Nothing", "", lambda _: []), lambda: 1).state == NOT_YET


def test_strict_mode_raises_on_anything_but_a_pass_and_says_what_was_measured(monkeypatch):
    monkeypatch.setenv("PATISSERIE_STRICT", "1")
    assert run_check(QUICK, lambda: 1.0).passed
    with pytest.raises(CheckNotPassed, match=r"(?s)p95 900 ms.*p95 at most 500 ms"):
        run_check(QUICK, lambda: 900.0)
    with pytest.raises(CheckNotPassed):
        run_check(QUICK, raising(NotImplementedError()))


def test_results_show_words_and_escape_them():
    result = run_check(QUICK, lambda: 900.0)
    assert "not yet" in repr(result)
    assert "look at the chain" in repr(result)
    assert "Answer &lt;quickly&gt;: not yet" in result._repr_html_()


def test_comparators():
    assert at_least("orders", 3, 3).ok
    assert not at_least("orders", 2, 3).ok
    assert equal("charges", 20, 20).ok
    assert not equal("charges", 21, 20).ok
    assert equal("charges", 21, 20).target == "charges exactly 20"
