"""Stacks through the CloudFormation API: create, update, roll back, delete, and what is refused."""

from __future__ import annotations

import contextlib
import json

import pytest
from botocore.exceptions import ClientError, WaiterError

QUEUE = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "orders", "VisibilityTimeout": 40}}
IAM = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]


@pytest.fixture
def cfn(cloud):
    return cloud.client("cloudformation")


@pytest.fixture
def deploy(cfn):
    """Create or update a stack and wait; returns its description."""

    def call(resources, name="shop", update=False, **rest):
        parameters = [{"ParameterKey": k, "ParameterValue": v} for k, v in rest.pop("values", {}).items()]
        arguments = {
            "StackName": name,
            "TemplateBody": json.dumps({"Resources": resources, **rest}),
            "Parameters": parameters,
            "Capabilities": IAM,
        }
        (cfn.update_stack if update else cfn.create_stack)(**arguments)
        waiter = cfn.get_waiter(f"stack_{'update' if update else 'create'}_complete")
        with contextlib.suppress(WaiterError):  # tests of failures look at the status
            waiter.wait(StackName=name, WaiterConfig={"Delay": 5})
        return cfn.describe_stacks(StackName=name)["Stacks"][0]

    return call


def reasons(cfn, name="shop"):
    events = cfn.describe_stack_events(StackName=name)["StackEvents"]
    return [event.get("ResourceStatusReason", "") for event in events if event["ResourceStatus"].endswith("FAILED")]


def test_a_stack_makes_its_resources_in_order_and_works_out_its_outputs(cloud, cfn, deploy):
    stack = deploy(
        {
            "Orders": {
                "Type": "AWS::SQS::Queue",
                "Properties": {
                    "RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}, "maxReceiveCount": 3}
                },
            },
            "Dead": {"Type": "AWS::SQS::Queue"},
        },
        Parameters={"Stage": {"Type": "String", "Default": "dev"}},
        Outputs={
            "Url": {"Value": {"Ref": "Orders"}},
            "Text": {"Value": {"Fn::Sub": "${Stage}-${Dead.QueueName}-${!literal}"}},
        },
        values={"Stage": "prod"},
    )
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    policy = cloud.client("sqs").get_queue_attributes(QueueUrl=outputs["Url"], AttributeNames=["RedrivePolicy"])
    dead = json.loads(policy["Attributes"]["RedrivePolicy"])["deadLetterTargetArn"].rsplit(":", 1)[-1]
    assert outputs["Text"] == f"prod-{dead}-${{literal}}"
    made = [
        e["LogicalResourceId"]
        for e in reversed(cfn.describe_stack_events(StackName="shop")["StackEvents"])
        if e["ResourceStatus"] == "CREATE_COMPLETE"
    ]
    assert made == ["Dead", "Orders", "shop"]


def test_conditions_mappings_and_functions_decide_what_is_made(cfn, deploy):
    stack = deploy(
        {
            "Big": {**QUEUE, "Condition": "IsBig"},
            "Small": {
                "Type": "AWS::SQS::Queue",
                "Properties": {
                    "QueueName": {"Fn::Join": ["-", ["small", {"Fn::FindInMap": ["Names", "small", "suffix"]}]]},
                    "DelaySeconds": {"Fn::If": ["IsBig", 5, {"Ref": "AWS::NoValue"}]},
                },
            },
        },
        Parameters={"Size": {"Type": "String", "Default": "small"}},
        Mappings={"Names": {"small": {"suffix": "queue"}}},
        Conditions={"IsBig": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Size"}, "small"]}]}},
        Outputs={"Name": {"Value": {"Fn::Select": [1, {"Fn::Split": ["-", {"Fn::GetAtt": "Small.QueueName"}]}]}}},
    )
    assert [r["LogicalResourceId"] for r in cfn.describe_stack_resources(StackName="shop")["StackResources"]] == [
        "Small"
    ]
    assert stack["Outputs"][0]["OutputValue"] == "queue"


def test_an_update_changes_in_place_what_can_be_changed_and_replaces_the_rest(cloud, cfn, deploy):
    deploy({"Orders": QUEUE, "Old": {"Type": "AWS::SQS::Queue"}})
    changed = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "orders", "VisibilityTimeout": 60}}
    stack = deploy({"Orders": changed}, update=True)
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    urls = cloud.client("sqs").list_queues()["QueueUrls"]
    assert [url.rsplit("/", 1)[-1] for url in urls] == ["orders"]
    attributes = cloud.client("sqs").get_queue_attributes(QueueUrl=urls[0], AttributeNames=["VisibilityTimeout"])
    assert attributes["Attributes"]["VisibilityTimeout"] == "60"
    deploy({"Orders": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "others"}}}, update=True)
    urls = cloud.client("sqs").list_queues()["QueueUrls"]
    assert [url.rsplit("/", 1)[-1] for url in urls] == ["others"]


def test_a_failing_create_rolls_back_and_says_why(cloud, cfn, deploy):
    broken = {"Type": "AWS::Events::Rule", "Properties": {"EventBusName": "nowhere", "EventPattern": {"source": ["x"]}}}
    stack = deploy({"Orders": QUEUE, "Rule": broken})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "nowhere" in reasons(cfn)[-1]
    assert "QueueUrls" not in cloud.client("sqs").list_queues()
    with pytest.raises(ClientError, match="ROLLBACK_COMPLETE state and can not be updated"):
        cfn.update_stack(StackName="shop", TemplateBody=json.dumps({"Resources": {"Orders": QUEUE}}))


def test_a_failing_update_goes_back_to_what_stood_before(cloud, cfn, deploy):
    deploy({"Orders": QUEUE})
    wrong = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "no spaces please"}}
    longer = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "orders", "VisibilityTimeout": 99}}
    stack = deploy({"Orders": longer, "Wrong": {**wrong, "DependsOn": "Orders"}}, update=True)
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    (url,) = cloud.client("sqs").list_queues()["QueueUrls"]
    attributes = cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    assert attributes["Attributes"]["VisibilityTimeout"] == "40"


def test_deleting_a_stack_leaves_nothing_but_what_is_retained(cloud, cfn, deploy):
    kept = {"Type": "AWS::SQS::Queue", "DeletionPolicy": "Retain", "Properties": {"QueueName": "kept"}}
    deploy({"Orders": QUEUE, "Kept": kept})
    cfn.delete_stack(StackName="shop")
    cfn.get_waiter("stack_delete_complete").wait(StackName="shop", WaiterConfig={"Delay": 5})
    (url,) = cloud.client("sqs").list_queues()["QueueUrls"]
    assert url.endswith("/kept")
    with pytest.raises(ClientError, match="Stack with id shop does not exist"):
        cfn.describe_stacks(StackName="shop")


def test_a_change_set_shows_what_it_would_do_and_refuses_to_do_nothing(cfn, deploy):
    deploy({"Orders": QUEUE})
    changed = {
        "Orders": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "new"}},
        "More": {"Type": "AWS::SQS::Queue"},
    }
    cfn.create_change_set(StackName="shop", ChangeSetName="c", TemplateBody=json.dumps({"Resources": changed}))
    described = cfn.describe_change_set(StackName="shop", ChangeSetName="c")
    changes = [c["ResourceChange"] for c in described["Changes"]]
    assert [(c["Action"], c["LogicalResourceId"], c.get("Replacement")) for c in changes] == [
        ("Modify", "Orders", "True"),
        ("Add", "More", None),
    ]
    cfn.execute_change_set(StackName="shop", ChangeSetName="c")
    cfn.get_waiter("stack_update_complete").wait(StackName="shop", WaiterConfig={"Delay": 5})
    cfn.create_change_set(StackName="shop", ChangeSetName="same", TemplateBody=json.dumps({"Resources": changed}))
    described = cfn.describe_change_set(StackName="shop", ChangeSetName="same")
    assert (described["Status"], described["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert "didn't contain changes" in described["StatusReason"]


def test_exports_are_imported_by_other_stacks_and_cannot_be_taken_away_meanwhile(cfn, deploy):
    deploy(
        {"Orders": QUEUE},
        name="one",
        Outputs={"N": {"Value": {"Fn::GetAtt": ["Orders", "QueueName"]}, "Export": {"Name": "queue-name"}}},
    )
    name = {"Fn::Sub": ["${Base}-2", {"Base": {"Fn::ImportValue": "queue-name"}}]}
    deploy({"Second": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name}}}, name="two")
    (resource,) = cfn.describe_stack_resources(StackName="two")["StackResources"]
    assert resource["PhysicalResourceId"].endswith("/orders-2")
    cfn.delete_stack(StackName="one")
    (one,) = cfn.describe_stacks(StackName="one")["Stacks"]
    assert one["StackStatus"] == "CREATE_COMPLETE"
    assert one["StackStatusReason"] == "Export queue-name cannot be deleted as it is in use by two"
    assert "in use by two" in cfn.describe_stack_events(StackName="one")["StackEvents"][0]["ResourceStatusReason"]


def test_yaml_with_short_tags_is_a_template_too(cfn, cloud):
    text = """
    Resources:
      Orders:
        Type: AWS::SQS::Queue
        Properties: {QueueName: !Join ['-', [orders, !Ref 'AWS::Region']]}
    """
    cfn.create_stack(StackName="shop", TemplateBody=text)
    cfn.get_waiter("stack_create_complete").wait(StackName="shop", WaiterConfig={"Delay": 5})
    assert cloud.client("sqs").get_queue_url(QueueName="orders-us-east-1")["QueueUrl"]


def test_a_serverless_function_needs_capabilities_and_becomes_function_role_and_mapping(cfn, deploy, invoke, cloud):
    function = {
        "Type": "AWS::Serverless::Function",
        "Properties": {
            "Runtime": "python3.13",
            "Handler": "index.handler",
            "InlineCode": "import os\ndef handler(event, context): return os.environ['QUEUE']",
            "Environment": {"Variables": {"QUEUE": {"Ref": "Orders"}}},
            "Events": {"Orders": {"Type": "SQS", "Properties": {"Queue": {"Fn::GetAtt": ["Orders", "Arn"]}}}},
        },
    }
    resources = {"Shop": function, "Orders": {**QUEUE}}
    body = json.dumps({"Transform": "AWS::Serverless-2016-10-31", "Resources": resources})
    with pytest.raises(ClientError, match="CAPABILITY_AUTO_EXPAND"):
        cfn.create_stack(StackName="shop", TemplateBody=body, Capabilities=["CAPABILITY_IAM"])
    with pytest.raises(ClientError, match=r"Requires capabilities : \[CAPABILITY_IAM\]"):
        cfn.create_stack(StackName="shop", TemplateBody=body, Capabilities=["CAPABILITY_AUTO_EXPAND"])
    stack = deploy(resources, Transform="AWS::Serverless-2016-10-31")
    assert stack["StackStatus"] == "CREATE_COMPLETE", reasons(cfn)
    types = {
        r["ResourceType"]: r["PhysicalResourceId"]
        for r in cfn.describe_stack_resources(StackName="shop")["StackResources"]
    }
    assert sorted(types) == [
        "AWS::IAM::Role",
        "AWS::Lambda::EventSourceMapping",
        "AWS::Lambda::Function",
        "AWS::SQS::Queue",
    ]
    answer, _ = invoke(types["AWS::Lambda::Function"])
    assert answer.endswith("/orders")


def test_what_sam_finds_wrong_is_the_change_sets_reason(cfn):
    body = {"Transform": "AWS::Serverless-2016-10-31", "Resources": {"F": {"Type": "AWS::Serverless::Function"}}}
    cfn.create_change_set(
        StackName="shop", ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=json.dumps(body), Capabilities=IAM
    )
    described = cfn.describe_change_set(StackName="shop", ChangeSetName="c")
    assert described["Status"] == "FAILED"
    assert "Invalid Serverless Application Specification document" in described["StatusReason"]
    assert "[F]" in described["StatusReason"]


def test_function_code_and_settings_are_updated_in_place(cfn, deploy, invoke):
    def function(answer, memory):
        return {
            "Shop": {
                "Type": "AWS::Serverless::Function",
                "Properties": {
                    "FunctionName": "shop-front",
                    "Runtime": "python3.13",
                    "Handler": "index.handler",
                    "MemorySize": memory,
                    "InlineCode": f"def handler(event, context): return [{answer!r}, context.memory_limit_in_mb]",
                },
            }
        }

    deploy(function("old", 128), Transform="AWS::Serverless-2016-10-31")
    assert invoke("shop-front")[0] == ["old", "128"]
    stack = deploy(function("new", 256), update=True, Transform="AWS::Serverless-2016-10-31")
    assert stack["StackStatus"] == "UPDATE_COMPLETE", reasons(cfn)
    assert invoke("shop-front")[0] == ["new", "256"]
