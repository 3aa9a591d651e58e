"""A stack takes nothing over that it has not made: a name that is taken stops it, and what stands there stays."""

from __future__ import annotations

import contextlib
import json

import pytest
from botocore.exceptions import WaiterError

GENERAL = (
    "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]. To troubleshoot Early "
    "Validation errors, use the DescribeEvents API for detailed failure information."
)
BOTH = GENERAL.replace("[", "[AWS::EarlyValidation::PropertyValidation, ")
ALARM = {"Namespace": "Shop", "MetricName": "Orders", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1,
         "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold"}  # fmt: skip
TABLE = {
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}
NAMED = {
    "AWS::CloudWatch::Alarm": {"AlarmName": "orders", **ALARM},
    "AWS::CloudWatch::Dashboard": {"DashboardName": "orders", "DashboardBody": '{"widgets": []}'},
    "AWS::DynamoDB::Table": {"TableName": "orders", **TABLE},
    "AWS::Events::EventBus": {"Name": "orders"},
    "AWS::Events::Rule": {"Name": "orders", "EventPattern": {"source": ["shop"]}},
    "AWS::Kinesis::Stream": {"Name": "orders", "ShardCount": 1},
    "AWS::Logs::LogGroup": {"LogGroupName": "orders"},
    "AWS::S3::Bucket": {"BucketName": "orders"},
    "AWS::SNS::Topic": {"TopicName": "orders"},
    "AWS::SQS::Queue": {"QueueName": "orders"},
}


@pytest.fixture
def cfn(cloud):
    return cloud.client("cloudformation")


def template(type_name="AWS::SQS::Queue", **more):
    return json.dumps({"Resources": {"Mine": {"Type": type_name, "Properties": NAMED[type_name]}, **more}})


def settle(cfn, kind, name="shop"):
    """Wait for the end of an operation, good or bad; the status of the stack then."""
    with contextlib.suppress(WaiterError):
        cfn.get_waiter(f"stack_{kind}_complete").wait(StackName=name, WaiterConfig={"Delay": 5})
    return cfn.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]


def made(cfn, name, body):
    cfn.create_stack(StackName=name, TemplateBody=body)
    assert settle(cfn, "create", name) == "CREATE_COMPLETE"


def failed(cfn):
    """The reasons that the failed events of the stack give."""
    events = cfn.describe_events(StackName="shop", Filters={"FailedEvents": True})["OperationEvents"]
    return [event.get("ValidationStatusReason") or event["ResourceStatusReason"] for event in events]


@pytest.mark.parametrize("type_name", NAMED)
def test_what_another_stack_has_made_stays_its_own(cfn, type_name):
    made(cfn, "first", template(type_name))
    cfn.create_stack(StackName="shop", TemplateBody=template(type_name))
    assert settle(cfn, "create") == "ROLLBACK_COMPLETE"
    assert failed(cfn) == [f"Resource of type '{type_name}' with identifier 'orders' already exists."]
    cfn.delete_stack(StackName="shop")
    cfn.get_waiter("stack_delete_complete").wait(StackName="shop")
    cfn.update_stack(StackName="first", TemplateBody=template(type_name, More={"Type": "AWS::SNS::Topic"}))
    assert settle(cfn, "update", "first") == "UPDATE_COMPLETE"


def test_a_queue_that_no_stack_has_made_survives_a_stack_that_would_have_its_name(cloud, cfn):
    queue = cloud.client("sqs").create_queue(QueueName="orders")["QueueUrl"]
    cloud.client("sqs").send_message(QueueUrl=queue, MessageBody="one tart")
    cfn.create_stack(StackName="shop", TemplateBody=template(First={"Type": "AWS::SNS::Topic"}))
    assert settle(cfn, "create") == "ROLLBACK_COMPLETE"
    events = cfn.describe_stack_events(StackName="shop")["StackEvents"]
    assert {event["LogicalResourceId"] for event in events} == {"shop"}
    assert f"{GENERAL} Rollback requested by user." in [event.get("ResourceStatusReason") for event in events]
    cfn.delete_stack(StackName="shop")
    cfn.get_waiter("stack_delete_complete").wait(StackName="shop")
    (message,) = cloud.client("sqs").receive_message(QueueUrl=queue)["Messages"]
    assert message["Body"] == "one tart"


def test_a_change_set_tells_of_names_and_of_properties(cloud, cfn):
    cloud.client("sqs").create_queue(QueueName="orders")
    wrong = {"Type": "AWS::SQS::Queue", "Properties": {"Colour": "red"}}
    for name, more in (("names", {}), ("both", {"Wrong": wrong})):
        kind = {"ChangeSetType": "CREATE"}
        cfn.create_change_set(StackName="shop", ChangeSetName=name, TemplateBody=template(**more), **kind)
    described = [cfn.describe_change_set(StackName="shop", ChangeSetName=name) for name in ("names", "both")]
    assert [(one["Status"], one["StatusReason"]) for one in described] == [("FAILED", GENERAL), ("FAILED", BOTH)]
    (event,) = cfn.describe_events(ChangeSetName="names", StackName="shop", Filters={"FailedEvents": True})[
        "OperationEvents"
    ]
    assert event["ValidationName"] == "NAME_CONFLICT_VALIDATION"
    assert (event["LogicalResourceId"], event["ValidationPath"]) == ("Mine", "/Resources/Mine")
    sentence = "Resource of type 'AWS::SQS::Queue' with identifier 'orders' already exists."
    assert event["ValidationStatusReason"] == sentence


def test_a_stack_may_keep_and_change_what_has_its_own_name(cfn):
    made(cfn, "shop", template())
    changed = {"Mine": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "orders", "DelaySeconds": 5}}}
    cfn.update_stack(StackName="shop", TemplateBody=json.dumps({"Resources": changed}))
    assert settle(cfn, "update") == "UPDATE_COMPLETE"


def test_a_resource_cannot_hand_its_name_on_within_one_update(cfn):
    made(cfn, "shop", template())
    renamed = {"Other": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "orders"}}}
    cfn.update_stack(StackName="shop", TemplateBody=json.dumps({"Resources": renamed}))
    assert settle(cfn, "update") == "UPDATE_ROLLBACK_COMPLETE"
    assert failed(cfn) == ["Resource of type 'AWS::SQS::Queue' with identifier 'orders' already exists."]


def test_a_name_from_a_parameter_is_found_and_another_is_free(cloud, cfn):
    cloud.client("sqs").create_queue(QueueName="orders-prod")
    body = {
        "Parameters": {"Stage": {"Type": "String"}},
        "Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::Sub": "orders-${Stage}"}}}},
    }
    statuses = []
    for stage in ("prod", "test"):
        parameters = [{"ParameterKey": "Stage", "ParameterValue": stage}]
        cfn.create_stack(StackName=f"shop-{stage}", TemplateBody=json.dumps(body), Parameters=parameters)
        statuses.append(settle(cfn, "create", f"shop-{stage}"))
    assert statuses == ["ROLLBACK_COMPLETE", "CREATE_COMPLETE"]


def test_without_validation_it_fails_when_it_is_made_and_what_stands_there_stays(cloud, cfn):
    queue = cloud.client("sqs").create_queue(QueueName="orders")["QueueUrl"]
    cfn.create_stack(StackName="shop", TemplateBody=template(), DisableValidation=True)
    assert settle(cfn, "create") == "ROLLBACK_COMPLETE"
    assert failed(cfn) == ["Resource of type 'AWS::SQS::Queue' with identifier 'orders' already exists."]
    assert cloud.client("sqs").list_queues()["QueueUrls"] == [queue]
