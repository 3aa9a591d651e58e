"""Every check is red on the flawed start and on plausible wrong answers, green on the solution."""

from __future__ import annotations

from dataclasses import replace

import pytest

from patisserie.labs import LABS
from patisserie.quality import quality

EXERCISES = [(lab, exercise) for lab in LABS for exercise in lab.exercises]


@pytest.mark.parametrize(("lab", "exercise"), EXERCISES, ids=lambda of: getattr(of, "number", "") or of.check.check_id)
def test_a_check_tells_right_from_wrong(lab, exercise, tmp_path):
    rows = list(quality(replace(lab, exercises=(exercise,)), 7, tmp_path))
    assert [row for row in rows if not row.ok] == []
    states = [row.expected for row in rows]
    assert states.count("green") == 1
    assert states.count("red") >= 3


def test_every_exercise_has_at_least_two_wrong_answers():
    assert all(len(exercise.wrong) >= 2 for _, exercise in EXERCISES)
