"""Properties that a type does not take or has to get: found before anything is made, told by DescribeEvents."""

from __future__ import annotations

import contextlib
import json

import pytest
from botocore.exceptions import ClientError, WaiterError

GENERAL = (
    "The following hook(s)/validation failed: [AWS::EarlyValidation::PropertyValidation]. To troubleshoot Early "
    "Validation errors, use the DescribeEvents API for detailed failure information."
)
GOOD = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "first"}}
WRONG = {"Type": "AWS::SQS::Queue", "Properties": {"Colour": "red", "Size": 3}, "DependsOn": "Good"}
LACKING = {"Type": "AWS::Lambda::Permission", "Properties": {"Action": "lambda:InvokeFunction", "Principal": "*"}}
BODY = json.dumps({"Resources": {"Good": GOOD, "Wrong": WRONG, "Lacking": LACKING}})
LATE = json.dumps({"Resources": {"Good": GOOD, "Late": {"Type": "AWS::SNS::Topic", "Properties": {"Colour": "red"},
                                                        "DependsOn": "Good"}}})  # fmt: skip
FOUND = [
    ("Wrong", "#: extraneous key [Colour] is not permitted", "/Resources/Wrong/Properties"),
    ("Wrong", "#: extraneous key [Size] is not permitted", "/Resources/Wrong/Properties"),
    ("Lacking", "#: required key [FunctionName] not found", "/Resources/Lacking/Properties"),
]


@pytest.fixture
def cfn(cloud):
    return cloud.client("cloudformation")


def settle(cfn, kind):
    """Wait for the end of an operation, good or bad; the stack then."""
    with contextlib.suppress(WaiterError):
        cfn.get_waiter(f"stack_{kind}_complete").wait(StackName="shop", WaiterConfig={"Delay": 5})
    return cfn.describe_stacks(StackName="shop")["Stacks"][0]


def resources_of(cfn):
    events = cfn.describe_stack_events(StackName="shop")["StackEvents"]
    return {event["LogicalResourceId"] for event in events} - {"shop"}


def errors(cfn, **asked):
    events = cfn.describe_events(**asked, Filters={"FailedEvents": True})["OperationEvents"]
    assert {event["EventType"] for event in events} == {"VALIDATION_ERROR"}
    return [(one["LogicalResourceId"], one["ValidationStatusReason"], one["ValidationPath"]) for one in events]


def test_a_stack_is_not_begun_and_its_status_says_that_validation_failed(cloud, cfn):
    operation = cfn.create_stack(StackName="shop", TemplateBody=BODY)["OperationId"]
    assert settle(cfn, "create")["StackStatus"] == "ROLLBACK_COMPLETE"
    assert resources_of(cfn) == set()
    reasons = [
        event.get("ResourceStatusReason", "") for event in cfn.describe_stack_events(StackName="shop")["StackEvents"]
    ]
    assert f"{GENERAL} Rollback requested by user." in reasons
    assert errors(cfn, OperationId=operation) == FOUND
    assert errors(cfn, StackName="shop") == FOUND


def test_an_update_changes_nothing(cloud, cfn):
    cfn.create_stack(StackName="shop", TemplateBody=json.dumps({"Resources": {"Good": GOOD}}))
    settle(cfn, "create")
    changed = {"Good": {**GOOD, "Properties": {"QueueName": "second"}}, "Wrong": WRONG}
    cfn.update_stack(StackName="shop", TemplateBody=json.dumps({"Resources": changed}))
    assert settle(cfn, "update")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert [url.rpartition("/")[2] for url in cloud.client("sqs").list_queues()["QueueUrls"]] == ["first"]


def test_a_change_set_fails_and_cannot_be_executed(cfn):
    arn = cfn.create_change_set(StackName="shop", ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=BODY)["Id"]
    described = cfn.describe_change_set(StackName="shop", ChangeSetName="c")
    assert (described["Status"], described["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert described["StatusReason"] == GENERAL
    assert errors(cfn, ChangeSetName=arn) == errors(cfn, ChangeSetName="c", StackName="shop") == FOUND
    with pytest.raises(ClientError, match="cannot be executed"):
        cfn.execute_change_set(StackName="shop", ChangeSetName="c")
    assert cfn.describe_stacks(StackName="shop")["Stacks"][0]["StackStatus"] == "REVIEW_IN_PROGRESS"


def test_without_validation_the_resource_fails_when_it_is_made(cfn):
    cfn.create_stack(StackName="shop", TemplateBody=BODY, DisableValidation=True)
    assert settle(cfn, "create")["StackStatus"] == "ROLLBACK_COMPLETE"
    events = cfn.describe_events(StackName="shop", Filters={"FailedEvents": True})["OperationEvents"]
    assert {event["EventType"] for event in events} == {"PROVISIONING_ERROR"}
    message = "Properties validation failed for resource Lacking with message: #: required key [FunctionName] not found"
    assert [event["ResourceStatusReason"] for event in events] == [message]


def test_types_that_are_not_validated_beforehand_fail_when_they_are_made(cfn):
    cfn.create_stack(StackName="shop", TemplateBody=LATE)
    assert settle(cfn, "create")["StackStatus"] == "ROLLBACK_COMPLETE"
    assert resources_of(cfn) == {"Good", "Late"}
    (event,) = cfn.describe_events(StackName="shop", Filters={"FailedEvents": True})["OperationEvents"]
    assert event["ResourceStatusReason"].endswith("#: extraneous key [Colour] is not permitted")


def test_events_are_those_of_operations_and_the_latest_come_first(cfn):
    first = cfn.create_stack(StackName="shop", TemplateBody=json.dumps({"Resources": {"Good": GOOD}}))["OperationId"]
    settle(cfn, "create")
    second = cfn.update_stack(StackName="shop", TemplateBody=LATE)["OperationId"]
    settle(cfn, "update")
    events = cfn.describe_events(StackName="shop")["OperationEvents"]
    operations = [event for event in events if event["EventType"] == "STACK_EVENT"]
    assert [(one["OperationType"], one["OperationStatus"]) for one in operations] == [
        ("ROLLBACK", "SUCCEEDED"),
        ("UPDATE_STACK", "FAILED"),
        ("CREATE_STACK", "SUCCEEDED"),
    ]
    assert [one["OperationId"] for one in operations[1:]] == [second, first]
    made = cfn.describe_events(OperationId=first)["OperationEvents"]
    assert [one.get("ResourceStatus") for one in made] == [None, "CREATE_COMPLETE", "CREATE_IN_PROGRESS"]
    of_stack = {event["OperationId"] for event in cfn.describe_stack_events(StackName="shop")["StackEvents"]}
    assert of_stack == {one["OperationId"] for one in operations}


@pytest.mark.parametrize("asked", [{}, {"ChangeSetName": "c"}])
def test_events_are_asked_for_by_stack_operation_or_arn_of_a_change_set(cfn, asked):
    with pytest.raises(ClientError, match="One of ChangeSetName, OperationId or StackName must be specified"):
        cfn.describe_events(**asked)
