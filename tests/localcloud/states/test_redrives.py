"""Redriving: an execution goes on from where it failed."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:"
DAY_S = 86_400


@pytest.fixture
def oven(function, log_lines):
    """A function that fails on its first call for each name; oven() are the names that it was called with."""
    function(
        "oven",
        """
        warm = set()
        def handler(event, context):
            print("bake", event["cake"])
            if event["cake"] not in warm:
                warm.add(event["cake"])
                raise RuntimeError("cold")
            return event
        """,
    )
    return lambda: [line.split()[1] for line in log_lines("oven") if line.startswith("bake")]


def bake(cake, **more):
    return {"Type": "Task", "Resource": FUNCTION + "oven", "Parameters": {"cake": cake}, "End": True, **more}


def branch(name, state):
    return {"StartAt": name, "States": {name: state}}


def test_states_that_succeeded_do_not_run_again(cloud, sfn, machine, finish, types, oven, metric):
    before = {"Type": "Pass", "Result": {"x": 1}, "ResultPath": "$.before", "Assign": {"v": 7}, "Next": "Bake"}
    after = {"Type": "Pass", "Parameters": {"v.$": "$v", "again.$": "$$.Execution.RedriveCount"}, "End": True}
    states = {"Before": before, "Bake": {**bake("a"), "End": False, "Next": "After"}, "After": after}
    arn = machine({**states, "Bake": {key: value for key, value in states["Bake"].items() if key != "End"}})
    failed = finish(arn)
    assert (failed["status"], failed["redriveStatus"]) == ("FAILED", "REDRIVABLE")
    sfn.redrive_execution(executionArn=failed["executionArn"])
    cloud.wait(60)
    found = sfn.describe_execution(executionArn=failed["executionArn"])
    assert found["status"] == "SUCCEEDED", found
    assert (found["status"], json.loads(found["output"])) == ("SUCCEEDED", {"v": 7, "again": 1})
    assert (found["redriveCount"], found["redriveStatus"]) == (1, "NOT_REDRIVABLE")
    assert found["redriveStatusReason"] == "Execution is SUCCEEDED and cannot be redriven"
    assert oven() == ["a", "a"]
    kinds = types(found)
    assert kinds.count("PassStateEntered") == 2
    at = kinds.index("ExecutionRedriven")
    assert kinds[at - 1 : at + 2] == ["ExecutionFailed", "ExecutionRedriven", "LambdaFunctionScheduled"]
    assert metric("ExecutionsRedriven", StateMachineArn=arn) == 1
    assert metric("RedrivenExecutionsSucceeded", StateMachineArn=arn) == 1
    listed = sfn.list_executions(stateMachineArn=arn, redriveFilter="REDRIVEN")["executions"]
    assert [one["redriveCount"] for one in listed] == [1]


def test_only_the_branches_that_did_not_end_well_run_again(cloud, sfn, machine, finish, oven):
    slow = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 100, "Next": "S"}, "S": {"Type": "Succeed"}}}
    branches = [branch("A", {"Type": "Pass", "Result": "a", "End": True}), branch("B", bake("b")), slow]
    failed = finish(machine({"All": {"Type": "Parallel", "Branches": branches, "End": True}}))
    assert failed["status"] == "FAILED"
    sfn.redrive_execution(executionArn=failed["executionArn"])
    cloud.wait(200)
    found = sfn.describe_execution(executionArn=failed["executionArn"])
    assert json.loads(found["output"]) == ["a", {"cake": "b"}, {}]
    events = sfn.get_execution_history(executionArn=found["executionArn"])["events"]
    entered = [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]
    assert sorted(entered) == ["A", "All", "B", "S", "W"]


def test_only_the_iterations_that_did_not_end_well_run_again(cloud, sfn, machine, finish, oven):
    each = {"Type": "Task", "Resource": FUNCTION + "oven", "Parameters": {"cake.$": "$"}, "End": True}
    states = {"M": {"Type": "Map", "ItemProcessor": branch("T", each), "MaxConcurrency": 1, "End": True}}
    failed = finish(machine(states), ["a", "b"])
    for _ in range(2):
        sfn.redrive_execution(executionArn=failed["executionArn"])
        cloud.wait(60)
    found = sfn.describe_execution(executionArn=failed["executionArn"])
    assert (found["status"], oven()) == ("SUCCEEDED", ["a", "a", "b", "b"])


def test_a_stopped_or_timed_out_execution_goes_on_too(cloud, sfn, machine):
    states = {"W": {"Type": "Wait", "Seconds": 100, "End": True}}
    arn = machine(states, TimeoutSeconds=60)
    started = sfn.start_execution(stateMachineArn=arn)["executionArn"]
    cloud.wait(70)
    assert sfn.describe_execution(executionArn=started)["status"] == "TIMED_OUT"
    sfn.redrive_execution(executionArn=started)
    cloud.wait(10)
    assert sfn.describe_execution(executionArn=started)["status"] == "RUNNING"
    with pytest.raises(ClientError, match="Execution is RUNNING and cannot be redriven"):
        sfn.redrive_execution(executionArn=started)
    sfn.stop_execution(executionArn=started)
    assert sfn.describe_execution(executionArn=started)["redriveStatus"] == "REDRIVABLE"


def test_a_client_token_redrives_once(cloud, sfn, machine, finish):
    failed = finish(machine({"F": {"Type": "Fail", "Error": "No"}}))
    first = sfn.redrive_execution(executionArn=failed["executionArn"], clientToken="once")
    cloud.wait(10)
    assert sfn.redrive_execution(executionArn=failed["executionArn"], clientToken="once")["redriveDate"] == first[
        "redriveDate"
    ]
    assert sfn.describe_execution(executionArn=failed["executionArn"])["redriveCount"] == 1


def test_after_fourteen_days_it_is_too_late(cloud, sfn, machine, finish):
    failed = finish(machine({"F": {"Type": "Fail", "Error": "No"}}))
    cloud.wait(15 * DAY_S)
    told = sfn.describe_execution(executionArn=failed["executionArn"])
    assert told["redriveStatusReason"] == "Execution redrivable period exceeded"
    with pytest.raises(ClientError, match="ExecutionNotRedrivable"):
        sfn.redrive_execution(executionArn=failed["executionArn"])
    cloud.wait(91 * DAY_S)
    with pytest.raises(ClientError, match="Execution Does Not Exist"):
        sfn.describe_execution(executionArn=failed["executionArn"])


def test_an_execution_is_open_for_a_year_at_most(cloud, sfn, machine):
    wait = {"Type": "Wait", "Seconds": 99_999_999, "End": True}
    started = sfn.start_execution(stateMachineArn=machine({"W": wait}))["executionArn"]
    cloud.wait(366 * DAY_S)
    found = sfn.describe_execution(executionArn=started)
    assert (found["status"], found["error"]) == ("TIMED_OUT", "States.Timeout")
    assert found["redriveStatusReason"] == "Execution has exceeded the max execution time"
