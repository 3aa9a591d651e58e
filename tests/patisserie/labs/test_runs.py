"""The solved labs show what their chapters tell, and show it every time."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from patisserie.labs import find_lab
from patisserie.session import open_lab


def run_in_a_process(number, hash_seed):
    code = f"from patisserie.cli import app; app(['run', '{number}', '--json'])"
    result = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": hash_seed}, capture_output=True, text=True,
        timeout=300, check=True,
    )
    return json.loads(result.stdout)


@pytest.mark.parametrize("number", ["00", "01", "02"])
def test_a_run_is_the_same_in_every_process(number):
    first, second = run_in_a_process(number, "1"), run_in_a_process(number, "2")
    assert first["digest"] == second["digest"]
    assert {check["state"] for check in first["checks"]} == {"pass"}


def test_both_shapes_of_the_wait_train_are_slow_and_lose_customers(tmp_path):
    session = open_lab("02", workdir=tmp_path)
    try:
        for name in ("chain", "waiter"):
            session.deploy(name)
            found = session.measure(name)
            assert 5_000 < found.p50_ms < 7_000
            assert 0.01 < found.failed / found.orders < 0.06
            assert 0.12 < found.abandoned / found.orders < 0.30
        assert session.cleanup() == "Everything is cleaned up: nothing is left."
        left = session.target.client("lambda").list_functions()["Functions"]
        assert left == []
    finally:
        session.close()


def test_a_lab_is_found_by_number_slug_or_folder():
    assert {find_lab(name).number for name in ("02", "2", "break-the-sync-chain", "02-break-the-sync-chain")} == {"02"}
