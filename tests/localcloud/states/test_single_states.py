"""TestState: one state by itself."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

TASK = {
    "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName": "oven", "Payload.$": "$"},
    "ResultSelector": {"cake.$": "$.Payload"}, "ResultPath": "$.baked", "Next": "Sell",
    "Retry": [{"ErrorEquals": ["Cold"], "IntervalSeconds": 3, "MaxAttempts": 2}],
    "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Sorry", "ResultPath": "$.error"}],
}  # fmt: skip


@pytest.fixture
def check(sfn):
    """Test a state: check({...}, {"n": 1}, mock={...}) -> the answer."""

    def run(state, data=None, **more):
        answer = sfn.test_state(definition=json.dumps(state), input=json.dumps(data or {}), **more)
        answer.pop("ResponseMetadata")
        return answer

    return run


def test_a_state_runs_with_its_service(check, function):
    function("oven", "def handler(event, context): return event['n'] * 2")
    found = check(TASK, {"n": 2}, inspectionLevel="DEBUG", roleArn="arn:aws:iam::123456789012:role/r")
    assert (found["status"], found["nextState"]) == ("SUCCEEDED", "Sell")
    assert json.loads(found["output"]) == {"n": 2, "baked": {"cake": 4}}
    parameters = json.loads(found["inspectionData"]["afterParameters"])
    assert parameters == {"FunctionName": "oven", "Payload": {"n": 2}}


def test_a_result_is_mocked(check):
    found = check(TASK, {"n": 2}, mock={"result": '{"Payload": 7}'}, inspectionLevel="DEBUG")
    assert json.loads(found["output"]) == {"n": 2, "baked": {"cake": 7}}
    assert json.loads(found["inspectionData"]["afterResultSelector"]) == {"cake": 7}


@pytest.mark.parametrize(
    ("error", "tried", "status", "following"),
    [
        ("Cold", 0, "RETRIABLE", None), ("Cold", 2, "CAUGHT_ERROR", "Sorry"), ("Dirty", 0, "CAUGHT_ERROR", "Sorry"),
        ("States.DataLimitExceeded", 0, "FAILED", None),
    ],
)  # fmt: skip
def test_a_failure_is_retried_caught_or_the_end(check, error, tried, status, following):
    mock = {"errorOutput": {"error": error, "cause": "gas"}}
    found = check(TASK, mock=mock, stateConfiguration={"retrierRetryCount": tried}, inspectionLevel="DEBUG")
    assert (found["status"], found.get("nextState"), found["error"]) == (status, following, error)
    if status == "RETRIABLE":
        told = found["inspectionData"]["errorDetails"]
        assert told == {"retryIndex": 0, "retryBackoffIntervalSeconds": 3}


def test_variables_and_the_context_are_given(check):
    state = {"Type": "Pass", "QueryLanguage": "JSONata", "End": True,
             "Output": {"v": "{% $rate * 2 %}", "who": "{% $states.context.Execution.Name %}"}}  # fmt: skip
    found = check(state, variables='{"rate": 4}', context='{"Execution": {"Name": "me"}}')
    assert json.loads(found["output"]) == {"v": 8, "who": "me"}


def test_one_state_of_a_whole_machine_is_tested(check):
    rule = {"Variable": "$.n", "NumericGreaterThan": 1, "Next": "B"}
    states = {"A": {"Type": "Choice", "Choices": [rule], "Default": "C"}, "B": {"Type": "Succeed"},
              "C": {"Type": "Fail", "Error": "Few"}}  # fmt: skip
    definition = {"StartAt": "A", "States": states}
    assert check(definition, {"n": 2}, stateName="A")["nextState"] == "B"
    found = check(definition, stateName="C")
    assert (found["status"], found["error"]) == ("FAILED", "Few")
    with pytest.raises(ClientError, match="State D does not exist"):
        check(definition, stateName="D")


def test_what_needs_a_mock_is_refused_without(check):
    waiting = {**TASK, "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken"}
    branches = {"Type": "Parallel", "Branches": [{"StartAt": "S", "States": {"S": {"Type": "Succeed"}}}], "End": True}
    for state in (waiting, branches):
        with pytest.raises(ClientError, match="A mock is required"):
            check(state)
    assert json.loads(check(branches, mock={"result": "[1]"})["output"]) == [1]
    with pytest.raises(ClientError, match="A mock cannot be specified"):
        check({"Type": "Pass", "End": True}, mock={"result": "1"})
