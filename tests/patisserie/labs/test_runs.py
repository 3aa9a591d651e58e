"""The solved labs show what their chapters tell, and show it every time."""

from __future__ import annotations

import pytest

from patisserie.course import course_root
from patisserie.labs import LABS, find_lab
from patisserie.notebooks.digests import pinned, run_in_a_process


@pytest.mark.parametrize("number", [lab.number for lab in LABS])
def test_a_run_gives_the_pinned_digest_in_every_process(number):
    found = run_in_a_process(number)
    assert found["digest"] == pinned(course_root())[number]
    assert {check["state"] for check in found["checks"]} == {"pass"}


def test_a_lab_is_found_by_number_slug_or_folder():
    assert {find_lab(name).number for name in ("02", "2", "break-the-sync-chain", "02-break-the-sync-chain")} == {"02"}
