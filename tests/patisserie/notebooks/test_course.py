"""The course's notebooks are what their sources say, and every lab has the common anatomy."""

from __future__ import annotations

import pytest

from patisserie.course import course_root
from patisserie.labs import LABS, find_lab
from patisserie.notebooks.anatomy import anatomy
from patisserie.notebooks.source import sources
from patisserie.notebooks.stubs import stub_findings
from patisserie.notebooks.sync import out_of_sync
from patisserie.session.opening import cost_bound
from patisserie.session.workspace import Workspace

SOURCES = list(sources(course_root()))


def test_every_lab_has_a_source():
    assert [source.stem for source in SOURCES] == [lab.folder for lab in LABS]


def test_the_notebooks_are_what_their_sources_generate():
    assert out_of_sync(course_root()) == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_every_lab_has_the_common_anatomy(source):
    assert anatomy(source) == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_the_fact_line_says_what_the_lab_is_and_what_it_costs_at_most(source):
    lab = find_lab(source.stem)
    _, bound_usd = cost_bound(lab)
    costs = f"no cost on your computer, at most {bound_usd:.2f} USD on AWS"
    facts = f"*{lab.minutes} minutes · {lab.level} · {costs} · {', '.join(lab.services)}*"
    assert facts in source.cells()[0].text


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_what_learners_are_given_is_part_of_the_way(source):
    assert stub_findings(source) == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_running_an_open_exercise_leaves_it_open(source, tmp_path):
    """A learner who runs every cell without solving anything is told so, not judged."""
    lab = find_lab(source.stem)
    stacks = course_root() / "infra" / "stacks" / lab.folder
    workspace = Workspace(tmp_path / "mine", stacks / lab.goal, stacks / lab.start)
    workspace.ensure()
    for cell in source.lab().cells:
        first, _, body = cell.source.partition("\n")
        if all(line.startswith("#") or not line.strip() for line in body.splitlines()):
            continue
        if first.startswith("%%handler "):
            workspace.write_handler(first.split()[1], body)
        elif first.startswith("%%function "):
            workspace.replace_functions(first.split()[1], body)
    for exercise in lab.exercises:
        assert workspace.untouched(exercise.files)
