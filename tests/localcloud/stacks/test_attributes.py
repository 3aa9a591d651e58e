"""What Fn::GetAtt can ask of each resource type: what a type says of itself is what its resources have."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from botocore.exceptions import ClientError, WaiterError

from localcloud.stacks.types import TYPES
from tests.localcloud.stacks.one_of_each import RESOURCES, att

ASKED = {"AWS::CloudFormation::CustomResource", "AWS::CloudFormation::Stack"}  # answered by somebody else


@pytest.fixture
def cfn(cloud):
    return cloud.client("cloudformation")


def create(cfn, template, name="shop"):
    cfn.create_stack(StackName=name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"])
    cfn.get_waiter("stack_create_complete").wait(StackName=name)
    return cfn.describe_stacks(StackName=name)["Stacks"][0]


def test_every_type_has_the_attributes_it_says_it_has(cloud, cfn):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("main.py"), "def handler(payload): return payload")
    cloud.client("s3").create_bucket(Bucket="agents")
    cloud.client("s3").put_object(Bucket="agents", Key="baker.zip", Body=buffer.getvalue())
    assert {kind for kind, _ in RESOURCES.values()} == set(TYPES) - ASKED
    asked = [(name, one) for name, (kind, _) in RESOURCES.items() for one in sorted(TYPES[kind].attributes)]
    outputs = {f"O{number}": {"Value": att(name, one)} for number, (name, one) in enumerate(asked)}
    resources = {name: {"Type": kind, "Properties": given} for name, (kind, given) in RESOURCES.items()}
    stack = create(cfn, {"Resources": resources, "Outputs": outputs})
    values = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    empty = {asked[int(key[1:])] for key, value in values.items() if value in ("", "None")}
    assert empty <= {("Pipe", "StateReason"), ("Function", "SnapStartResponse.ApplyOn")}


UNKNOWN = "Template error: resource Queue does not support attribute type Colour in Fn::GetAtt"
QUEUE = {"Type": "AWS::SQS::Queue"}


@pytest.mark.parametrize(
    "value",
    [att("Queue", "Colour"), {"Fn::GetAtt": "Queue.Colour"}, {"Fn::Sub": "${Queue.Colour}"},
     {"Fn::Sub": ["${Queue.Colour} ${Size}", {"Size": "big"}]},
     {"Fn::Join": ["", [{"Fn::If": ["Never", att("Queue", "Colour"), "grey"]}]]}],
)  # fmt: skip
@pytest.mark.parametrize("place", ["property", "output", "metadata"])
def test_an_attribute_that_a_type_does_not_have_is_refused_at_once(cfn, value, place):
    other = {"Type": "AWS::SQS::Queue"}
    if place == "property":
        other["Properties"] = {"QueueName": value}
    elif place == "metadata":
        other["Metadata"] = {"Colour": value}
    template = {"Resources": {"Queue": QUEUE, "Other": other}, "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}}}
    if place == "output":
        template["Outputs"] = {"Colour": {"Value": value}}
    body = json.dumps(template)
    calls = [
        lambda: cfn.create_stack(StackName="shop", TemplateBody=body),
        lambda: cfn.create_change_set(StackName="shop", ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=body),
        lambda: cfn.validate_template(TemplateBody=body),
    ]
    for call in calls:
        with pytest.raises(ClientError) as caught:
            call()
        assert caught.value.response["Error"]["Code"] == "ValidationError"
        assert caught.value.response["Error"]["Message"] == UNKNOWN
    assert cfn.list_stacks()["StackSummaries"] == []


def test_an_update_that_asks_for_such_an_attribute_changes_nothing(cfn):
    create(cfn, {"Resources": {"Queue": QUEUE}})
    wrong = {"Resources": {"Queue": QUEUE}, "Outputs": {"Colour": {"Value": att("Queue", "Colour")}}}
    with pytest.raises(ClientError, match="does not support attribute type Colour"):
        cfn.update_stack(StackName="shop", TemplateBody=json.dumps(wrong))
    assert cfn.describe_stacks(StackName="shop")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"


@pytest.mark.parametrize("value", ["QueueName", "Colour"])
def test_the_name_of_an_attribute_may_come_from_a_parameter(cfn, value):
    template = {
        "Parameters": {"Wanted": {"Type": "String"}},
        "Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "orders"}}},
        "Outputs": {"Found": {"Value": {"Fn::GetAtt": ["Queue", {"Ref": "Wanted"}]}}},
    }
    parameters = [{"ParameterKey": "Wanted", "ParameterValue": value}]
    if value == "Colour":
        with pytest.raises(ClientError, match="resource Queue does not support attribute type Colour"):
            cfn.create_stack(StackName="shop", TemplateBody=json.dumps(template), Parameters=parameters)
        return
    cfn.create_stack(StackName="shop", TemplateBody=json.dumps(template), Parameters=parameters)
    cfn.get_waiter("stack_create_complete").wait(StackName="shop")
    assert cfn.describe_stacks(StackName="shop")["Stacks"][0]["Outputs"][0]["OutputValue"] == "orders"


def test_a_nested_stack_has_outputs_and_a_custom_resource_what_its_provider_answers(cfn):
    inner = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "https://b.s3.amazonaws.com/k"}}
    token = "arn:aws:lambda:us-east-1:123456789012:function:f"
    custom = {"Type": "Custom::Oven", "Properties": {"ServiceToken": token}}
    asks = {"A": {"Value": att("Inner", "Outputs.Arn")}, "B": {"Value": att("Oven", "Any.Thing")}}
    resources = {"Inner": inner, "Oven": custom}
    cfn.validate_template(TemplateBody=json.dumps({"Resources": resources, "Outputs": asks}))
    wrong = {"A": {"Value": att("Inner", "Arn")}}
    with pytest.raises(ClientError, match="resource Inner does not support attribute type Arn"):
        cfn.validate_template(TemplateBody=json.dumps({"Resources": resources, "Outputs": wrong}))


def test_a_table_without_a_stream_lacks_the_arn_of_one_when_it_is_made(cfn):
    given = {**RESOURCES["Table"][1]}
    del given["StreamSpecification"]
    table = {"Type": "AWS::DynamoDB::Table", "Properties": given}
    template = {"Resources": {"Table": table}, "Outputs": {"Stream": {"Value": att("Table", "StreamArn")}}}
    with pytest.raises(WaiterError):
        create(cfn, template)
    events = cfn.describe_stack_events(StackName="shop")["StackEvents"]
    assert "does not support attribute type StreamArn" in "".join(one.get("ResourceStatusReason", "") for one in events)
