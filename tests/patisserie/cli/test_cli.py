"""The command line answers in one sentence when it cannot do what was asked."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from patisserie.cli import app
from patisserie.labs import find_lab
from patisserie.labs.lab import LabRun
from patisserie.measure.measurement import measurement
from patisserie.targets.base import Used


@pytest.fixture
def cli():
    runner = CliRunner()
    return lambda *arguments: runner.invoke(app, list(arguments))


def test_labs_lists_every_lab(cli):
    result = cli("labs")
    assert result.exit_code == 0
    assert "Opening night" in result.output
    assert "Break the sync chain" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "42"), "There is no lab '42'; the labs are 00"),
        (("checks", "nine"), "There is no lab 'nine'"),
        (("reset", "42"), "There is no lab '42'"),
        (("open", "42"), "There is no lab '42'"),
        (("run", "02", "--target", "mars"), "The target 'mars' is not there"),
    ],
)
def test_a_wrong_argument_ends_in_one_sentence_and_exit_code_two(cli, arguments, message):
    result = cli(*arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output


def test_run_prints_one_json_object_with_the_standard_table(cli):
    result = cli("run", "00", "--json", "--seed", "3")
    assert result.exit_code == 0
    found = json.loads(result.output)
    columns = {
        "orders",
        "throughput_per_s",
        "p50_ms",
        "p95_ms",
        "p99_ms",
        "failed",
        "abandoned",
        "invocations",
        "cost_usd_per_1000",
        "source",
    }
    assert set(found["before"]) == set(found["after"]) == columns
    assert {check["state"] for check in found["checks"]} == {"pass"}
    assert (found["seed"], found["target"], len(found["digest"])) == (3, "local", 64)


def test_a_measure_there_is_no_number_for_is_null(cli, monkeypatch):
    lab = find_lab("00")
    nobody = measurement("nobody", [], Used(0, 0.0, ()), "simulated", 7)
    monkeypatch.setattr("patisserie.labs.LABS", (replace(lab, run=lambda session: LabRun(nobody, nobody, ())),))
    found = json.loads(cli("run", "00", "--json").output, parse_constant=pytest.fail)
    assert (found["before"]["orders"], found["before"]["p50_ms"]) == (0, None)


def test_checks_lists_what_a_lab_asks_for(cli):
    found = json.loads(cli("checks", "02", "--json").output)
    assert [entry["id"] for entry in found] == ["02-answer-first", "02-outage", "02-progress"]


def test_doctor_finds_nothing_missing_here(cli):
    result = cli("doctor")
    assert result.exit_code == 0, result.output
