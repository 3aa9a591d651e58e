"""The learner's copy can be changed, merged and reset; the course's own files never change."""

from __future__ import annotations

import pytest

from patisserie.course import course_root
from patisserie.session.workspace import Workspace, WorkspaceError, merge


@pytest.fixture
def workspace(tmp_path):
    stacks = course_root() / "infra" / "stacks" / "02-break-the-sync-chain"
    made = Workspace(tmp_path / "mine", stacks / "events", stacks / "start")
    made.ensure()
    return made


def test_the_copy_starts_with_the_goal_but_for_what_is_to_be_done(workspace):
    assert "Exercise 1" in (workspace.directory / "src" / "order.py").read_text()
    assert (workspace.directory / "src" / "kitchen.py").exists()
    assert workspace.untouched(["src/order.py", "template.yaml"])


def test_a_copy_that_is_there_is_left_alone(workspace):
    workspace.write_handler("order.py", "mine = 1\n")
    workspace.ensure()
    assert (workspace.directory / "src" / "order.py").read_text() == "mine = 1\n"
    assert not workspace.untouched(["src/order.py"])


def test_reset_keeps_the_work_every_time(workspace):
    for number in (1, 2):
        workspace.write_handler("order.py", f"mine = {number}\n")
        kept = workspace.reset()
        assert (kept / "src" / "order.py").read_text() == f"mine = {number}\n"
        assert workspace.untouched(["src/order.py"])


@pytest.mark.parametrize(
    ("name", "source", "message"),
    [("ordre.py", "x = 1", "no file 'ordre.py'.*order.py"), ("order.py", "def x(:", "not valid Python, line 1")],
)
def test_a_wrong_file_is_refused_and_nothing_is_overwritten(workspace, name, source, message):
    before = (workspace.directory / "src" / "order.py").read_text()
    with pytest.raises(WorkspaceError, match=message):
        workspace.write_handler(name, source)
    assert (workspace.directory / "src" / "order.py").read_text() == before


@pytest.mark.parametrize(
    ("fragment", "message"),
    [
        ("a: [", "YAML not well-formed"),
        ("just text", "unsupported structure"),
        ("New: {Properties: {}}", "has no Type"),
    ],
)
def test_a_wrong_fragment_is_refused_and_nothing_is_overwritten(workspace, fragment, message):
    before = workspace.template.read_text()
    with pytest.raises(WorkspaceError, match=message):
        workspace.merge_template(fragment)
    assert workspace.template.read_text() == before


def test_merging_goes_member_by_member_null_takes_away_and_functions_are_values():
    old = {"A": {"x": 1, "y": {"Ref": "B"}}, "C": {"z": 1}}
    assert merge(old, {"A": {"y": {"Fn::GetAtt": ["B", "Arn"]}, "w": 2}, "C": None}) == {
        "A": {"x": 1, "y": {"Fn::GetAtt": ["B", "Arn"]}, "w": 2}
    }
