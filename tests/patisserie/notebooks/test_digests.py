"""The digests of the labs' runs are kept where everybody can compare theirs."""

from __future__ import annotations

import json

import pytest

from patisserie.notebooks.digests import pin, pinned, run_in_a_process
from patisserie.notebooks.execute import ExecutionFailed


@pytest.fixture
def course(tmp_path):
    (tmp_path / "solutions").mkdir()
    return tmp_path


def test_only_the_labs_that_were_run_are_pinned_anew(course):
    assert pinned(course) == {}
    assert pin(course, ["02", "00"], lambda number: {"digest": f"first {number}"})
    assert pin(course, ["02"], lambda number: {"digest": "second"})
    assert pinned(course) == {"00": "first 00", "02": "second"}
    assert list(json.loads((course / "solutions" / "digests.json").read_text())) == ["00", "02"]


def test_a_digest_that_is_as_it_was_changes_no_file(course):
    pin(course, ["00"], lambda number: {"digest": "d"})
    path = course / "solutions" / "digests.json"
    before = path.stat().st_mtime_ns
    assert not pin(course, ["00"], lambda number: {"digest": "d"})
    assert path.stat().st_mtime_ns == before


def test_a_run_that_fails_says_why():
    with pytest.raises(ExecutionFailed, match=r"patisserie run 42 failed: .*There is no lab '42'"):
        run_in_a_process("42")
