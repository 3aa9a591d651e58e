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
        ("Resources: {PaymentQueue: null}", "'Resources' is a section.*begin with the name of a resource"),
        ("Outputs: {OrdersUrl: null}", "'Outputs' is a section"),
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


SHOP = "import json\n\nLIMIT = 1\n\n\ndef one():\n    return LIMIT\n\n\ndef reply(body):\n    return json.dumps(body)\n"
HELPED = """\
import copy
import json

LIMIT = 2
NAME = "x"


def named(body):
    return {**body, "bakery": NAME}


@staticmethod
def reply(body):
    return json.dumps(named(copy.copy(body)))
"""


def test_what_a_function_needs_comes_with_it_once_however_often_the_cell_runs(workspace):
    workspace.write_handler("order.py", SHOP)
    for _ in range(2):
        workspace.replace_functions("order.py", HELPED)
    text = (workspace.directory / "src" / "order.py").read_text()
    for line in ("import json", "import copy", "LIMIT = 2", 'NAME = "x"', "@staticmethod"):
        assert text.count(f"{line}\n") == 1
    assert "LIMIT = 1" not in text
    module = {}
    exec(text, module)  # noqa: S102 - it is the text above
    assert module["reply"]({"a": 1}) == '{"a": 1, "bakery": "x"}'
    assert module["one"]() == 2


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def nothing(:", "The cell is not valid Python, line 1"),
        ("x = 1", "defines no function"),
        ("def replies(body):\n    return 1", "no function 'replies'; it has one, reply"),
    ],
)
def test_a_wrong_function_is_refused_and_nothing_is_overwritten(workspace, source, message):
    workspace.write_handler("order.py", SHOP)
    with pytest.raises(WorkspaceError, match=message):
        workspace.replace_functions("order.py", source)
    assert (workspace.directory / "src" / "order.py").read_text() == SHOP


def test_a_file_that_is_broken_or_gone_is_not_as_it_was(workspace):
    path = workspace.directory / "src" / "order.py"
    path.write_text("def handler(:\n")
    assert not workspace.untouched(["src/order.py"])
    with pytest.raises(WorkspaceError, match=r"order\.py is not valid Python, line 1"):
        workspace.replace_functions("order.py", "def handler():\n    return 1")
    path.unlink()
    assert not workspace.untouched(["src/order.py"])


def test_only_a_copy_that_is_as_it_was_is_pristine(workspace):
    assert workspace.pristine()
    path = workspace.directory / "src" / "order.py"
    text = path.read_text()
    path.write_text(text + "\n# a note to myself\n")
    assert not workspace.pristine()
    path.write_text(text)
    (workspace.directory / "notes.txt").write_text("mine")
    assert not workspace.pristine()
