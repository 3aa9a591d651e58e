"""Timing one lab leaves the times of the others as they are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from patisserie.notebooks.source import SourceError
from patisserie.teaching.machine import LabTime
from patisserie.teaching.timing import measure

FIXTURE = Path(__file__).parents[1] / "notebooks" / "fixture"
KNOWN = {"03": LabTime(23, 4, "lab.explore()"), "07": LabTime(99, 98, "long ago")}


def test_one_lab_is_timed_and_the_others_keep_their_times(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(FIXTURE), os.environ.get("PYTHONPATH", "")]))
    found = measure(FIXTURE, "07", KNOWN)
    assert found.labs["03"] == KNOWN["03"]
    assert found.labs["07"].all_s < 99


def test_a_lab_that_is_not_there_is_refused():
    with pytest.raises(SourceError):
        measure(FIXTURE, "42", KNOWN)
