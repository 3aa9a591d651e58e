"""What CloudFormation sees as a change, and what it protects stacks from."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

QUEUE = {"Type": "AWS::SQS::Queue"}
WAITER = {"Delay": 5}


@pytest.fixture
def cfn(cloud):
    return cloud.client("cloudformation")


@pytest.fixture
def make(cfn):
    """Create a stack, or update one that stands; returns its description."""

    def call(template, name="shop", values=(), **rest):
        exists = any(stack["StackName"] == name for stack in cfn.describe_stacks()["Stacks"])
        kind = "update" if exists else "create"
        parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in dict(values).items()]
        getattr(cfn, f"{kind}_stack")(StackName=name, TemplateBody=json.dumps(template), Parameters=parameters, **rest)
        cfn.get_waiter(f"stack_{kind}_complete").wait(StackName=name, WaiterConfig=WAITER)
        return cfn.describe_stacks(StackName=name)["Stacks"][0]

    return call


@pytest.fixture
def changes(cfn):
    """The changes that a change set would make: (action, logical id, replacement)."""

    def call(template, values=(), name="shop"):
        parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in dict(values).items()]
        cfn.create_change_set(
            StackName=name, ChangeSetName="look", TemplateBody=json.dumps(template), Parameters=parameters
        )
        found = cfn.describe_change_set(StackName=name, ChangeSetName="look")
        cfn.delete_change_set(StackName=name, ChangeSetName="look")
        told = [change["ResourceChange"] for change in found["Changes"]]
        return [(change["Action"], change["LogicalResourceId"], change.get("Replacement")) for change in told]

    return call


STAGED = {
    "Parameters": {"Stage": {"Type": "String"}},
    "Mappings": {"Waits": {"dev": {"Seconds": 10}, "test": {"Seconds": 10}, "prod": {"Seconds": 60}}},
    "Conditions": {"Long": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}},
    "Resources": {
        "Mapped": {
            "Type": "AWS::SQS::Queue",
            "Properties": {"VisibilityTimeout": {"Fn::FindInMap": ["Waits", {"Ref": "Stage"}, "Seconds"]}},
        },
        "Chosen": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": {"Fn::If": ["Long", 5, 0]}}},
        "Untouched": QUEUE,
    },
    "Outputs": {"Where": {"Value": {"Fn::Sub": "${Stage}: ${Untouched.Arn}"}}},
}


def test_a_parameter_changes_what_its_mapping_and_its_condition_come_to(make, changes):
    make(STAGED, values={"Stage": "dev"})
    assert changes(STAGED, {"Stage": "prod"}) == [("Modify", "Mapped", "False"), ("Modify", "Chosen", "False")]


def test_an_output_alone_is_a_change(make, changes):
    make(STAGED, values={"Stage": "dev"})
    assert changes(STAGED, {"Stage": "test"}) == []
    stack = make(STAGED, values={"Stage": "test"})
    assert stack["Outputs"][0]["OutputValue"].startswith("test: arn:aws:sqs:")


def test_what_follows_a_replaced_resource_changes_with_it(make, changes, cloud):
    def template(name):
        dead = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name}}
        policy = {"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}, "maxReceiveCount": 3}
        return {"Resources": {"Dead": dead, "Orders": {**QUEUE, "Properties": {"RedrivePolicy": policy}}}}

    make(template("one"))
    assert changes(template("two")) == [("Modify", "Dead", "True"), ("Modify", "Orders", "False")]


def test_tags_that_are_not_named_in_an_update_stay(make):
    make({"Resources": {"A": QUEUE}}, Tags=[{"Key": "team", "Value": "ovens"}])
    stack = make({"Resources": {"A": QUEUE, "B": QUEUE}})
    assert stack["Tags"] == [{"Key": "team", "Value": "ovens"}]


def test_a_protected_stack_is_not_deleted(cfn, make):
    make({"Resources": {"A": QUEUE}}, EnableTerminationProtection=True)
    with pytest.raises(ClientError, match=r"Stack \[shop\] cannot be deleted while TerminationProtection is enabled"):
        cfn.delete_stack(StackName="shop")
    cfn.update_termination_protection(StackName="shop", EnableTerminationProtection=False)
    cfn.delete_stack(StackName="shop")
    cfn.get_waiter("stack_delete_complete").wait(StackName="shop", WaiterConfig=WAITER)


def test_a_cancelled_update_goes_back(cfn, make, cloud):
    make({"Resources": {"A": QUEUE}})
    more = dict.fromkeys("ABCDEF", QUEUE)
    cfn.update_stack(StackName="shop", TemplateBody=json.dumps({"Resources": more}))
    cfn.cancel_update_stack(StackName="shop")
    cloud.wait(120)
    stack = cfn.describe_stacks(StackName="shop")["Stacks"][0]
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert len(cloud.client("sqs").list_queues()["QueueUrls"]) == 1
    with pytest.raises(ClientError, match="cannot be called from current stack status"):
        cfn.cancel_update_stack(StackName="shop")


def exporting(value, name="queue-name"):
    return {"Resources": {"A": QUEUE}, "Outputs": {"N": {"Value": value, "Export": {"Name": name}}}}


IMPORTING = {"Resources": {"B": {**QUEUE, "Properties": {"QueueName": {"Fn::ImportValue": "queue-name"}}}}}


def test_an_import_is_listed_and_its_export_stays_as_it_is(cfn, make):
    make(exporting("orders"), name="one")
    make(IMPORTING, name="two")
    assert cfn.list_imports(ExportName="queue-name")["Imports"] == ["two"]
    with pytest.raises(ClientError, match="Export 'other' is not imported by any stack"):
        cfn.list_imports(ExportName="other")
    for template, done in ((exporting("cakes"), "updated"), ({"Resources": {"A": QUEUE}}, "deleted")):
        cfn.update_stack(StackName="one", TemplateBody=json.dumps(template))
        cfn.get_waiter("stack_rollback_complete").wait(StackName="one", WaiterConfig=WAITER)
        events = cfn.describe_stack_events(StackName="one")["StackEvents"]
        reasons = [event.get("ResourceStatusReason", "") for event in events]
        assert f"Export queue-name cannot be {done} as it is in use by two" in reasons
    assert cfn.list_exports()["Exports"][0]["Value"] == "orders"


def test_two_stacks_do_not_export_the_same_name(cfn, make, cloud):
    make(exporting("orders"), name="one")
    cfn.create_stack(StackName="two", TemplateBody=json.dumps(exporting("cakes")), OnFailure="DO_NOTHING")
    cloud.wait(60)
    stack = cfn.describe_stacks(StackName="two")["Stacks"][0]
    assert stack["StackStatus"] == "CREATE_FAILED"
    assert "Export with name queue-name is already exported by stack one" in stack["StackStatusReason"]


def test_secrets_are_not_echoed_and_parameters_come_from_systems_manager(cfn, make, cloud):
    cloud.client("ssm").put_parameter(Name="/shop/queue", Value="from-the-store", Type="String")
    template = {
        "Parameters": {
            "Password": {"Type": "String", "NoEcho": True},
            "Name": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/shop/queue"},
        },
        "Resources": {"A": {**QUEUE, "Properties": {"QueueName": {"Ref": "Name"}}}},
    }
    stack = make(template, values={"Password": "croissant"})
    assert stack["Parameters"] == [
        {"ParameterKey": "Password", "ParameterValue": "****"},
        {"ParameterKey": "Name", "ParameterValue": "/shop/queue", "ResolvedValue": "from-the-store"},
    ]
    (resource,) = cfn.describe_stack_resources(StackName="shop")["StackResources"]
    assert resource["PhysicalResourceId"].endswith("/from-the-store")
    with pytest.raises(ClientError, match=r"Unable to fetch parameters \[/nowhere\]"):
        cfn.create_stack(
            StackName="other",
            TemplateBody=json.dumps(template),
            Parameters=[
                {"ParameterKey": "Password", "ParameterValue": "x"},
                {"ParameterKey": "Name", "ParameterValue": "/nowhere"},
            ],
        )


def test_long_answers_come_in_pages(cfn, make):
    make({"Resources": {f"Q{number:03d}": QUEUE for number in range(120)}})
    first = cfn.list_stack_resources(StackName="shop")
    assert len(first["StackResourceSummaries"]) == 100
    pages = cfn.get_paginator("list_stack_resources").paginate(StackName="shop")
    assert len([r for page in pages for r in page["StackResourceSummaries"]]) == 120
    pages = cfn.get_paginator("describe_stack_events").paginate(StackName="shop")
    events = [event for page in pages for event in page["StackEvents"]]
    assert len({event["EventId"] for event in events}) == len(events) > 240


def test_a_summary_says_what_a_template_asks_for(cfn):
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}, "RoleName": "baker"}}
    template = {
        "Parameters": {"Stage": {"Type": "String", "Default": "dev", "AllowedValues": ["dev", "prod"]}},
        "Resources": {"A": QUEUE, "R": role},
    }
    found = cfn.get_template_summary(TemplateBody=json.dumps(template))
    assert found["ResourceTypes"] == ["AWS::IAM::Role", "AWS::SQS::Queue"]
    assert found["Capabilities"] == ["CAPABILITY_NAMED_IAM"]
    (parameter,) = found["Parameters"]
    assert parameter["ParameterConstraints"] == {"AllowedValues": ["dev", "prod"]}


def test_a_template_in_s3_is_read_from_there(cfn, cloud):
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="templates")
    s3.put_object(Bucket="templates", Key="shop.json", Body=json.dumps({"Resources": {"A": QUEUE}}))
    for number, url in enumerate(
        ("https://templates.s3.us-east-1.amazonaws.com/shop.json", "https://s3.amazonaws.com/templates/shop.json")
    ):
        cfn.create_stack(StackName=f"shop-{number}", TemplateURL=url)
    with pytest.raises(ClientError, match="S3 error: The specified key does not exist"):
        cfn.create_stack(StackName="none", TemplateURL="https://templates.s3.amazonaws.com/none.json")


def test_a_condition_that_depends_on_itself_is_refused(cfn):
    conditions = {"A": {"Fn::Not": [{"Condition": "B"}]}, "B": {"Fn::Not": [{"Condition": "A"}]}}
    template = {"Conditions": conditions, "Resources": {"Q": {**QUEUE, "Condition": "A"}}}
    with pytest.raises(ClientError, match="Circular dependencies for condition A"):
        cfn.create_stack(StackName="shop", TemplateBody=json.dumps(template))


POLLED = """
Transform: AWS::Serverless-2016-10-31
Parameters: {AtOnce: {Type: Number, Default: 0}}
Conditions: {Bounded: !Not [!Equals [!Ref AtOnce, 0]]}
Resources:
  Orders: {Type: AWS::SQS::Queue}
  Payment:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: index.handler
      InlineCode: "def handler(event, context): pass"
      Events:
        Queue:
          Type: SQS
          Properties:
            Queue: !GetAtt Orders.Arn
            ScalingConfig: !If [Bounded, {MaximumConcurrency: !Ref AtOnce}, !Ref AWS::NoValue]
            BatchSize: !If [Bounded, 2, !Ref AWS::NoValue]
            FilterCriteria: !If [Bounded, {Filters: [{Pattern: '{"body": ["x"]}'}]}, !Ref AWS::NoValue]
            FunctionResponseTypes: !If [Bounded, [ReportBatchItemFailures], !Ref AWS::NoValue]
"""


def test_a_setting_of_a_mapping_that_the_template_no_longer_names_goes_back_to_its_default(cloud, cfn):
    def deploy(kind, at_once):
        parameters = [{"ParameterKey": "AtOnce", "ParameterValue": at_once}]
        rights = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
        getattr(cfn, f"{kind}_stack")(
            StackName="shop", TemplateBody=POLLED, Parameters=parameters, Capabilities=rights
        )
        cfn.get_waiter(f"stack_{kind}_complete").wait(StackName="shop", WaiterConfig=WAITER)
        return cloud.client("lambda").list_event_source_mappings()["EventSourceMappings"][0]

    bounded = deploy("create", "7")
    assert (bounded["ScalingConfig"], bounded["BatchSize"]) == ({"MaximumConcurrency": 7}, 2)
    free = deploy("update", "0")
    assert (free["UUID"], free["BatchSize"]) == (bounded["UUID"], 10)
    assert not any(free.get(name) for name in ("ScalingConfig", "FilterCriteria", "FunctionResponseTypes"))
    assert deploy("update", "9")["ScalingConfig"] == {"MaximumConcurrency": 9}
