"""Every check is red on the flawed start and on plausible wrong answers, green on the solution."""

from __future__ import annotations

import pytest

from patisserie.labs import LABS
from patisserie.labs.lab02 import EXERCISES as EXERCISES_02
from patisserie.quality import quality


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.folder)
def test_checks_tell_right_from_wrong(lab, tmp_path):
    rows = list(quality(lab, 7, tmp_path))
    assert [row for row in rows if not row.ok] == []
    for exercise in lab.exercises:
        states = [row.expected for row in rows if row.check_id == exercise.check.check_id]
        assert states.count("green") == 1
        assert states.count("red") >= 3


def test_every_exercise_has_at_least_two_wrong_answers():
    assert all(len(exercise.wrong) >= 2 for exercise in EXERCISES_02)
