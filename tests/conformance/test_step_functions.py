"""State machines and their executions, as AWS documents them."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from botocore.exceptions import ClientError

from localcloud.cost import cost_report

ROLE = "arn:aws:iam::123456789012:role/bakery"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:"
DAY_S = 86_400


@pytest.fixture
def sfn(cloud):
    return cloud.client("stepfunctions")


@pytest.fixture
def machine(sfn):
    """Create a state machine: machine({"A": {...}}, kind="EXPRESS") -> its ARN. The first state is the start."""

    def create(states, name="bakery", kind="STANDARD", **more):
        definition = {"StartAt": next(iter(states)), "States": states, **more}
        return sfn.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE, type=kind)[
            "stateMachineArn"
        ]

    return create


@pytest.fixture
def finish(cloud, sfn):
    """Start an execution, let time pass, and describe it."""

    def run(arn, data=None, seconds=3_600, **params):
        answer = sfn.start_execution(stateMachineArn=arn, input=json.dumps(data or {}), **params)
        cloud.wait(seconds)
        return sfn.describe_execution(executionArn=answer["executionArn"])

    return run


@pytest.fixture
def types(sfn):
    """The types of an execution's events."""

    def read(execution):
        pages = sfn.get_paginator("get_execution_history").paginate(executionArn=execution["executionArn"])
        return [event["type"] for page in pages for event in page["events"]]

    return read


@pytest.fixture
def flaky(function):
    """A function that fails so many times: flaky("oven", 2, "OvenCold")."""

    def create(name, times, error="OvenCold"):
        source = f"""
            class {error}(Exception): pass
            count = 0
            def handler(event, context):
                global count
                count += 1
                print("try", count)
                if count <= {times}:
                    raise {error}("no gas")
                return {{"tries": count}}
        """
        function(name, source)
        return FUNCTION + name

    return create


def output(execution):
    return json.loads(execution["output"])


WAIT = {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}
DONE = {"Done": {"Type": "Pass", "End": True}}


@pytest.mark.behaviour("SFN-01")
def test_the_same_name_and_input_while_it_runs_is_the_same_execution(sfn, machine):
    arn = machine(WAIT)
    first = sfn.start_execution(stateMachineArn=arn, name="order-1", input='{"n": 1}')
    again = sfn.start_execution(stateMachineArn=arn, name="order-1", input='{"n": 1}')
    assert (first["executionArn"], first["startDate"]) == (again["executionArn"], again["startDate"])
    assert len(sfn.list_executions(stateMachineArn=arn)["executions"]) == 1


@pytest.mark.behaviour("SFN-02")
def test_a_name_is_taken_by_other_input_and_for_ninety_days(cloud, sfn, machine):
    arn = machine(WAIT)
    sfn.start_execution(stateMachineArn=arn, name="order-1", input='{"n": 1}')
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        sfn.start_execution(stateMachineArn=arn, name="order-1", input='{"n": 2}')
    cloud.wait(120)
    with pytest.raises(ClientError, match="Execution Already Exists"):
        sfn.start_execution(stateMachineArn=arn, name="order-1", input='{"n": 1}')
    cloud.wait(91 * DAY_S)
    sfn.start_execution(stateMachineArn=arn, name="order-1", input='{"n": 1}')


@pytest.mark.behaviour("SFN-03", "SFN-05")
def test_express_starts_again_for_every_request(cloud, sfn, machine, function, log_lines):
    function("work", "def handler(event, context): print('worked')")
    task = {"Work": {"Type": "Task", "Resource": FUNCTION + "work", "End": True}}
    arn = machine(task, kind="EXPRESS")
    arns = {sfn.start_execution(stateMachineArn=arn, name="order-1")["executionArn"] for _ in range(3)}
    cloud.wait(30)
    assert len(arns) == 3
    assert log_lines("work").count("worked") == 3


@pytest.mark.behaviour("SFN-05")
def test_standard_runs_each_state_once_unless_it_is_told_to_retry(cloud, sfn, machine, flaky, log_lines):
    arn = machine({"Bake": {"Type": "Task", "Resource": flaky("oven", 1), "End": True}})
    started = sfn.start_execution(stateMachineArn=arn, name="order-1")
    sfn.start_execution(stateMachineArn=arn, name="order-1")
    cloud.wait(60)
    assert sfn.describe_execution(executionArn=started["executionArn"])["status"] == "FAILED"
    assert [line for line in log_lines("oven") if line.startswith("try")] == ["try 1"]


@pytest.mark.behaviour("SFN-04")
def test_waiting_for_the_end_is_for_express_and_answers_even_when_it_failed(sfn, machine):
    failing = {"No": {"Type": "Fail", "Error": "OvenCold", "Cause": "no gas"}}
    express = machine(failing, name="fast", kind="EXPRESS")
    answer = sfn.start_sync_execution(stateMachineArn=express)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert (answer["status"], answer["error"], answer["cause"]) == ("FAILED", "OvenCold", "no gas")
    assert answer["billingDetails"]["billedMemoryUsedInMB"] == 64
    with pytest.raises(ClientError, match="StateMachineTypeNotSupported"):
        sfn.start_sync_execution(stateMachineArn=machine(DONE, name="slow"))


def task(resource, **more):
    return {"Bake": {"Type": "Task", "Resource": resource, "End": True, **more}}


def gaps_s(cloud, name):
    events = cloud.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    times = [event["timestamp"] / 1_000 for event in events if event["message"].startswith("try")]
    return [round(later - earlier) for earlier, later in pairwise(times)]


@pytest.mark.behaviour("SFN-09")
def test_a_retrier_has_defaults_and_a_cap(cloud, machine, finish, flaky):
    arn = machine(task(flaky("oven", 9), Retry=[{"ErrorEquals": ["States.ALL"]}]))
    assert finish(arn)["status"] == "FAILED"
    assert gaps_s(cloud, "oven") == [1, 2, 4]
    retrier = {"ErrorEquals": ["OvenCold"], "IntervalSeconds": 3, "MaxAttempts": 5, "BackoffRate": 3}
    retrier["MaxDelaySeconds"] = 20
    arn = machine(task(flaky("stove", 5), Retry=[retrier]), name="other")
    assert output(finish(arn)) == {"tries": 6}
    assert gaps_s(cloud, "stove") == [3, 9, 20, 20, 20]


@pytest.mark.behaviour("SFN-09")
def test_full_jitter_waits_anything_up_to_the_delay(cloud, machine, finish, flaky):
    retrier = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 100, "MaxAttempts": 6, "BackoffRate": 1}
    retrier["JitterStrategy"] = "FULL"
    finish(machine(task(flaky("oven", 9), Retry=[retrier])))
    gaps = gaps_s(cloud, "oven")
    assert max(gaps) <= 101
    assert len(set(gaps)) > 3


@pytest.mark.behaviour("SFN-10")
def test_retriers_count_apart_and_catchers_come_after_them(machine, finish, function):
    function(
        "oven",
        """
        class Cold(Exception): pass
        class Dirty(Exception): pass
        count = 0
        def handler(event, context):
            global count
            count += 1
            raise (Cold if count % 2 else Dirty)(str(count))
        """,
    )
    retry = [{"ErrorEquals": ["Cold"], "MaxAttempts": 2}, {"ErrorEquals": ["Dirty"], "MaxAttempts": 1}]
    catch = [
        {"ErrorEquals": ["Cold"], "Next": "Sorry", "ResultPath": "$.cold"},
        {"ErrorEquals": ["States.ALL"], "Next": "Sorry", "ResultPath": "$.other"},
    ]
    states = {
        "Bake": {"Type": "Task", "Resource": FUNCTION + "oven", "Retry": retry, "Catch": catch, "Next": "Sorry"},
        "Sorry": {"Type": "Pass", "End": True},
    }
    found = output(finish(machine(states), {"order": 1}))
    assert found["order"] == 1
    # Cold, Dirty, Cold were tried again; the second Dirty was one too many
    assert (found["other"]["Error"], json.loads(found["other"]["Cause"])["errorMessage"]) == ("Dirty", "4")


@pytest.mark.behaviour("SFN-11")
@pytest.mark.parametrize("catch", [["States.ALL", "OvenCold"], "first"])
def test_states_all_stands_alone_and_last(machine, catch):
    if catch == "first":
        catchers = [{"ErrorEquals": ["States.ALL"], "Next": "Done"}, {"ErrorEquals": ["OvenCold"], "Next": "Done"}]
    else:
        catchers = [{"ErrorEquals": catch, "Next": "Done"}]
    with pytest.raises(ClientError, match=r"States\.ALL must appear alone, and in the last"):
        machine({**task(FUNCTION + "x", Catch=catchers), **DONE})


@pytest.mark.behaviour("SFN-11", "SFN-14")
def test_states_all_does_not_catch_too_much_data_or_a_runtime_error(machine, finish, function):
    function("big", "def handler(event, context): return 'x' * 300_000")
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Done"}]
    states = {"Big": {"Type": "Task", "Resource": FUNCTION + "big", "Catch": catch, "Next": "Done"}, **DONE}
    assert finish(machine(states))["error"] == "States.DataLimitExceeded"
    missing = branch({"P": {"Type": "Pass", "InputPath": "$.none", "End": True}})
    states = {"No": {"Type": "Parallel", "Branches": [missing], "Catch": catch, "Next": "Done"}, **DONE}
    assert finish(machine(states, name="other"))["error"] == "States.Runtime"
    named = [{"ErrorEquals": ["States.Runtime"], "Next": "Done"}]
    states["No"]["Catch"] = named
    assert finish(machine(states, name="named"))["status"] == "SUCCEEDED"


def branch(states):
    return {"StartAt": next(iter(states)), "States": states}


@pytest.mark.behaviour("SFN-13")
def test_retries_are_transitions_to_pay_for(cloud, machine, finish, flaky):
    def transitions(arn):
        before = cloud.meter.snapshot()
        finish(arn)
        report = cost_report(cloud.meter.since(before), cloud.facts)
        return {line.item: line.quantity for line in report.lines}["states.transitions"]

    retry = [{"ErrorEquals": ["OvenCold"], "MaxAttempts": 3}]
    assert transitions(machine(task(flaky("oven", 0)))) == 1
    assert transitions(machine(task(flaky("stove", 2), Retry=retry), name="other")) == 3


@pytest.mark.behaviour("SFN-15")
def test_a_history_has_at_most_25000_events(machine, finish, types):
    states = {
        "Again": {"Type": "Pass", "Next": "Look"},
        "Look": {"Type": "Choice", "Default": "Again", "Choices": [
            {"Variable": "$.stop", "IsPresent": True, "Next": "Done"},
        ]},
        **DONE,
    }  # fmt: skip
    found = finish(machine(states))
    assert (found["status"], len(types(found))) == ("FAILED", 25_000)
    assert "maximum number of history events" in found["cause"]


@pytest.mark.behaviour("SFN-16")
def test_a_nested_execution_that_times_out_is_a_failed_task(machine, finish):
    child = machine(WAIT, name="child", TimeoutSeconds=5)
    nested = {
        "Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": {"StateMachineArn": child, "Input": {"n": 1}},
        "Catch": [{"ErrorEquals": ["States.TaskFailed"], "Next": "Done"}], "Next": "Done",
    }  # fmt: skip
    found = output(finish(machine({"Nested": nested, **DONE})))
    assert found["Error"] == "States.TaskFailed"
    assert json.loads(found["Cause"])["Status"] == "TIMED_OUT"


CALLBACK = {
    "Ask": {
        "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {
            "QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/oven",
            "MessageBody": {"token.$": "$$.Task.Token", "order.$": "$.order"},
        },
        "End": True,
    }
}  # fmt: skip


@pytest.fixture
def tokens(cloud):
    """The tokens that were sent to the oven's queue."""
    url = cloud.client("sqs").create_queue(QueueName="oven")["QueueUrl"]

    def read():
        answer = cloud.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=5)
        return [json.loads(message["Body"])["token"] for message in answer.get("Messages", [])]

    return read


@pytest.mark.behaviour("SFN-18")
@pytest.mark.parametrize("fails", [False, True])
def test_a_callback_waits_until_somebody_tells_the_token(cloud, sfn, machine, tokens, fails):
    started = sfn.start_execution(stateMachineArn=machine(CALLBACK), input='{"order": 1}')
    cloud.wait(DAY_S)
    assert sfn.describe_execution(executionArn=started["executionArn"])["status"] == "RUNNING"
    (token,) = tokens()
    if fails:
        sfn.send_task_failure(taskToken=token, error="Burnt", cause="too long")
    else:
        sfn.send_task_success(taskToken=token, output='{"baked": true}')
    cloud.wait(5)
    found = sfn.describe_execution(executionArn=started["executionArn"])
    assert (found.get("error"), found.get("output")) == (("Burnt", None) if fails else (None, '{"baked":true}'))
    with pytest.raises(ClientError, match="TaskTimedOut"):
        sfn.send_task_success(taskToken=token, output="{}")


@pytest.mark.behaviour("SFN-18")
def test_a_callback_without_heartbeats_ends(cloud, sfn, machine, tokens):
    states = {"Ask": {**CALLBACK["Ask"], "HeartbeatSeconds": 60}}
    started = sfn.start_execution(stateMachineArn=machine(states), input='{"order": 1}')
    cloud.wait(50)
    (token,) = tokens()
    sfn.send_task_heartbeat(taskToken=token)
    cloud.wait(40)
    assert sfn.describe_execution(executionArn=started["executionArn"])["status"] == "RUNNING"
    cloud.wait(30)
    found = sfn.describe_execution(executionArn=started["executionArn"])
    assert (found["status"], found["error"]) == ("FAILED", "States.HeartbeatTimeout")


@pytest.mark.behaviour("SFN-19")
def test_a_branch_that_fails_stops_the_others(cloud, machine, finish, function, log_lines):
    function("late", "def handler(event, context): print('late')")
    slow = {"Wait": {"Type": "Wait", "Seconds": 30, "Next": "Late"},
            "Late": {"Type": "Task", "Resource": FUNCTION + "late", "End": True}}  # fmt: skip
    quick = {"No": {"Type": "Fail", "Error": "OvenCold"}}
    found = finish(machine({"Both": {"Type": "Parallel", "Branches": [branch(slow), branch(quick)], "End": True}}))
    assert (found["status"], found["error"]) == ("FAILED", "OvenCold")
    assert cloud.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/late")["logGroups"] == []
