"""The labs over HTTP on an independent emulator that stands in for AWS: MiniStack, a process on loopback.

It has an environment of its own, since it needs another botocore: `make stand-in` makes it and runs these tests.
"""

from __future__ import annotations

import json

import boto3
import pytest
from typer.testing import CliRunner

from patisserie.cli import app
from patisserie.measure.measurement import COLUMNS
from patisserie.session import open_lab
from patisserie.targets.stand_in import NOT_ON_STAND_IN
from tests.emulators import mini_stack

RETRIES_S = 240  # some visibility timeouts of lab 02's payment queue
pytestmark = pytest.mark.stand_in


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory):
    """The address of a MiniStack of our own."""
    with mini_stack(tmp_path_factory.mktemp("ministack")) as emulator:
        yield emulator.endpoint


@pytest.fixture
def signed_in(endpoint, monkeypatch):
    """A person who has opted in and whose AWS is the stand-in."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
        "PATISSERIE_AWS": "1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)


def standing(target) -> dict[str, list[str]]:
    """Names of everything that a lab could leave behind, of whatever run."""
    stacks = target.client("cloudformation").describe_stacks()["Stacks"]
    buses = target.client("events").list_event_buses()["EventBuses"]
    return {
        "stacks": [s["StackName"] for s in stacks if s["StackStatus"] != "DELETE_COMPLETE"],
        "functions": [f["FunctionName"] for f in target.client("lambda").list_functions()["Functions"]],
        "tables": target.client("dynamodb").list_tables()["TableNames"],
        "queues": target.client("sqs").list_queues().get("QueueUrls", []),
        "buckets": [b["Name"] for b in target.client("s3").list_buckets()["Buckets"]],
        "log groups": [g["logGroupName"] for g in target.client("logs").describe_log_groups()["logGroups"]],
        "apis": [a["ApiId"] for a in target.client("apigatewayv2").get_apis()["Items"]],
        "mappings": [m["UUID"] for m in target.client("lambda").list_event_source_mappings()["EventSourceMappings"]],
        "buses": [b["Name"] for b in buses if b["Name"] != "default"],
        "roles": [r["RoleName"] for r in target.client("iam").list_roles()["Roles"]],
    }


@pytest.fixture
def leftovers(signed_in):
    """What stands at the stand-in now."""
    return lambda: {kind: names for kind, names in standing(boto3.Session()).items() if names}


def run_on_stand_in(number):
    """`patisserie run NUMBER --target aws`: its exit code and the object it printed."""
    result = CliRunner().invoke(app, ["run", number, "--target", "aws", "--yes", "--json"])
    assert result.exit_code in (0, 1), result.output
    return result.exit_code, json.loads(result.stdout.strip().splitlines()[-1])


def test_lab_01_runs_before_and_after_and_leaves_nothing_behind(leftovers):
    code, found = run_on_stand_in("01")
    before, after = found["before"], found["after"]
    assert (code, before["source"], after["source"]) == (0, "aws", "aws")
    assert before["orders"] == after["orders"] == 12
    assert after["invocations"] > before["invocations"]  # a function for each domain
    assert leftovers() == {}


def test_lab_02_runs_before_and_after_and_leaves_nothing_behind(leftovers):
    code, found = run_on_stand_in("02")
    before, after = found["before"], found["after"]
    assert (code, found["target"], before["source"], after["source"]) == (0, "aws", "aws", "aws")
    assert set(found) >= {"before", "after", "checks", "seed", "target", "wall_s", "digest"}
    assert before["orders"] == after["orders"] == 12
    assert before["invocations"] > before["orders"]
    # stored first: everybody has an answer, for less, and the chain's customers waited or left
    assert (after["failed"], after["abandoned"]) == (0, 0)
    assert after["p50_ms"] < 1_000
    assert before["abandoned"] > 0 or before["p50_ms"] > 5 * after["p50_ms"]
    assert 0 < after["cost_usd_per_1000"] < before["cost_usd_per_1000"]
    assert leftovers() == {}


def test_lab_03_runs_before_and_after_and_leaves_nothing_behind(leftovers):
    code, found = run_on_stand_in("03")
    before, after = found["before"], found["after"]
    assert (code, found["target"], before["source"], after["source"]) == (0, "aws", "aws", "aws")
    assert before["orders"] == after["orders"] == 12
    assert (before["failed"], after["failed"]) == (0, 0)  # how many customers wait long enough is this computer's doing
    assert after["invocations"] < before["invocations"]  # the filter: most orders are not big
    assert leftovers() == {}


def test_lab_00_runs_with_its_checks_and_leaves_nothing_behind(leftovers):
    _, found = run_on_stand_in("00")
    states = {check["id"]: check["state"] for check in found["checks"]}
    assert states["00-read-a-report"] == states["00-change-the-shop"] == "pass"
    assert found["before"]["source"] == "aws"
    assert leftovers() == {}


def test_every_order_is_confirmed_by_way_of_bus_and_queue(signed_in, tmp_path):
    session = open_lab("02", target="aws", workdir=tmp_path)
    try:
        session.deploy("events")
        found = session.measure("events")
        for _ in range(RETRIES_S):  # the provider refuses some; the queue hands those out again
            if session.unfinished("events", found.outcomes) == 0:
                break
            session.wait(1)
        assert session.unfinished("events", found.outcomes) == 0
        assert session.cleanup() == "Everything is cleaned up: nothing is left."
        assert not any(standing(session.target).values()), standing(session.target)
    finally:
        session.close()


def test_queues_that_bend_pay_every_order_and_weigh_what_became_of_it(signed_in, tmp_path):
    session = open_lab("03", target="aws", workdir=tmp_path)
    try:
        session.partners({"PaymentErrorPercent": "0"})
        session.deploy("bending")
        found = session.measure("bending")
        for _ in range(60):
            if session.unfinished("bending", found.outcomes) == 0:
                break
            session.wait(1)
        weighed = session.weigh("bending", found)
        assert weighed["payments asked for per order"] == 1
        assert session.unfinished("bending", found.outcomes) == 0
        assert session.cleanup() == "Everything is cleaned up: nothing is left."
        assert not any(standing(session.target).values()), standing(session.target)
    finally:
        session.close()


def test_the_chain_is_deployed_measured_and_cleaned_up(signed_in, tmp_path, capsys):
    session = open_lab("02", target="aws", workdir=tmp_path)
    shown = capsys.readouterr().out
    assert all(line in shown for line in NOT_ON_STAND_IN)
    try:
        stack = session.deploy("chain")
        change_sets = session.target.client("cloudformation").list_change_sets(StackName=stack.name)["Summaries"]
        assert [c["ChangeSetName"] for c in change_sets] == ["deploy-2"]  # the partners came first
        found = session.measure("chain")
        assert tuple(found.row()) == tuple(COLUMNS)
        assert (found.orders, found.source) == (12, "aws")
        assert found.invocations > found.orders  # functions that call functions
        assert found.cost_usd_per_1000 > 0
        assert found.abandoned or found.p50_ms > 1_000  # several partners in series, each about a second
        status = session.order_status("chain")
        assert len(status) == found.orders
        assert "CONFIRMED" in status.values()
        assert all(standing(session.target)[kind] for kind in ("stacks", "functions", "tables", "buckets", "apis"))
        assert session.cleanup() == "Everything is cleaned up: nothing is left."
        assert not any(standing(session.target).values()), standing(session.target)
    finally:
        session.close()


def test_cleanup_by_run_tag_takes_what_a_broken_off_run_left(signed_in, tmp_path):
    session = open_lab("02", target="aws", workdir=tmp_path)
    session.deploy("chain")  # and then the computer is shut
    target = session.target
    runner = CliRunner()
    other = runner.invoke(app, ["cleanup", "--target", "aws", "--run", "02-ffffffff", "--yes"])
    assert other.exit_code == 0, other.output
    assert len(standing(target)["stacks"]) == 2
    result = runner.invoke(app, ["cleanup", "--target", "aws", "--run", target.run, "--yes"])
    assert result.exit_code == 0, result.output
    assert "Deleted 2 stacks" in result.output
    assert not any(standing(target).values()), standing(target)
    session.close()
