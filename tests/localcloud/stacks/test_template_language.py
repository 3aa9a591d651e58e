"""References to other services' values, and what AWS::LanguageExtensions adds."""

from __future__ import annotations

import contextlib
import json

import pytest
from botocore.exceptions import ClientError, WaiterError

from localcloud.stacks.parsing import parse_template


@pytest.fixture
def deploy(cloud):
    """Create a stack: (status, outputs, reasons of failures)."""
    cfn = cloud.client("cloudformation")

    def call(**template):
        cfn.create_stack(StackName="shop", TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_AUTO_EXPAND"])
        with contextlib.suppress(WaiterError):
            cfn.get_waiter("stack_create_complete").wait(StackName="shop")
        stack = cfn.describe_stacks(StackName="shop")["Stacks"][0]
        events = cfn.describe_stack_events(StackName="shop")["StackEvents"]
        reasons = [one["ResourceStatusReason"] for one in events if one["ResourceStatus"] == "CREATE_FAILED"]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", ())}
        return stack["StackStatus"], outputs, reasons

    return call


def queue(name):
    return {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name}}


@pytest.fixture
def values(cloud):
    """A parameter and a secret."""
    cloud.client("ssm").put_parameter(Name="/shop/stage", Value="prod", Type="String")
    cloud.client("ssm").put_parameter(Name="/shop/key", Value="x", Type="SecureString")
    cloud.client("secretsmanager").create_secret(Name="shop", SecretString='{"queue": "orders"}')


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        ("{{resolve:ssm:/shop/stage}}", "prod"),
        ("{{resolve:ssm:/shop/stage:1}}", "prod"),
        ("a-{{resolve:ssm:/shop/stage}}-{{resolve:secretsmanager:shop:SecretString:queue}}", "a-prod-orders"),
        ("{{resolve:secretsmanager:shop:SecretString:queue:AWSCURRENT}}", "orders"),
    ],
)
def test_dynamic_references_are_looked_up_when_a_resource_is_made(deploy, values, reference, value):
    outputs = {"Name": {"Value": {"Fn::GetAtt": ["Queue", "QueueName"]}}}
    assert deploy(Resources={"Queue": queue(reference)}, Outputs=outputs)[:2] == ("CREATE_COMPLETE", {"Name": value})


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("{{resolve:ssm:/nowhere}}", "cannot be found"),
        ("{{resolve:ssm:/shop/key}}", "Non-secure reference was used for secure parameter"),
        ("{{resolve:ssm-secure:/shop/key}}", "not supported in: [AWS::SQS::Queue/Properties/QueueName]"),
        ("{{resolve:secretsmanager:nobody}}", "Secrets Manager can't find the specified secret"),
        ("{{resolve:secretsmanager:shop:SecretString:flour}}", "Could not find a value associated with JSONKey"),
        ("{{resolve:oven:x}}", "Invalid dynamic reference"),
    ],
)
def test_a_reference_to_nothing_fails_its_resource(deploy, values, reference, reason):
    status, _, reasons = deploy(Resources={"Queue": queue(reference)})
    assert status == "ROLLBACK_COMPLETE"
    assert reason in reasons[0]


EXTENSIONS = "AWS::LanguageExtensions"


def test_a_loop_makes_a_resource_for_each_item(cloud, deploy):
    status, outputs, _ = deploy(
        Transform=EXTENSIONS,
        Parameters={"Teams": {"Type": "CommaDelimitedList", "Default": "oven,front-desk"}},
        Resources={
            "Fn::ForEach::Queues": ["Team", {"Ref": "Teams"}, {"Queue&{Team}": queue({"Fn::Sub": "q-${Team}"})}],
        },
        Outputs={
            "Fn::ForEach::Urls": [
                "Team", ["oven"], {"Url${Team}": {"Value": {"Fn::GetAtt": ["Queue${Team}", "QueueName"]}}},
            ],
            "Count": {"Value": {"Fn::Length": {"Ref": "Teams"}}},
            "Text": {"Value": {"Fn::ToJsonString": {"teams": {"Ref": "Teams"}}}},
            "Size": {"Value": {"Fn::FindInMap": ["Sizes", "prod", "memory", {"DefaultValue": "128"}]}},
        },
        Mappings={"Sizes": {"dev": {"memory": "64"}}},
    )  # fmt: skip
    assert status == "CREATE_COMPLETE"
    assert outputs == {"Urloven": "q-oven", "Count": "2", "Text": '{"teams":["oven","front-desk"]}', "Size": "128"}
    resources = cloud.client("cloudformation").describe_stack_resources(StackName="shop")["StackResources"]
    assert [one["LogicalResourceId"] for one in resources] == ["Queueoven", "Queuefrontdesk"]


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ({"Resources": {"Queue": queue({"Fn::ToJsonString": {}})}}, "needs Transform: AWS::LanguageExtensions"),
        ({"Transform": EXTENSIONS, "Resources": {"Fn::ForEach::Q": ["X", ["a"]]}}, "Fn::ForEach takes a list"),
        ({"Transform": EXTENSIONS, "Resources": {"Fn::ForEach::Q": ["X", 3, {"Q": queue("q")}]}}, "collection"),
        ({"Resources": {"Fn::ForEach::Q": ["X", ["a"], {"Q${X}": queue("q")}]}}, "must contain a Type"),
    ],
)
def test_what_the_extensions_refuse(deploy, template, message):
    try:
        _, _, reasons = deploy(**template)
    except ClientError as exc:
        reasons = [str(exc)]
    assert message in reasons[0]


def test_cidr_blocks_are_worked_out(deploy):
    value = {"Fn::Join": [",", {"Fn::Cidr": ["10.0.0.0/16", 2, 8]}]}
    _, outputs, _ = deploy(Resources={"Queue": queue("q")}, Outputs={"Blocks": {"Value": value}})
    assert outputs == {"Blocks": "10.0.0.0/24,10.0.1.0/24"}


def test_a_template_that_was_changed_after_reading_is_read_unchanged_again():
    text = "Resources: {Queue: {Type: AWS::SQS::Queue, Properties: {Tags: [{Key: team, Value: kitchen}]}}}"
    first = parse_template(text)
    first["Resources"]["Queue"]["Properties"]["Tags"].clear()
    del first["Resources"]["Queue"]["Type"]
    assert parse_template(text)["Resources"]["Queue"] == {
        "Type": "AWS::SQS::Queue",
        "Properties": {"Tags": [{"Key": "team", "Value": "kitchen"}]},
    }


def test_json_and_a_yaml_mapping_that_looks_like_json_are_both_read():
    assert parse_template('{"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}') == parse_template(
        "{Resources: {Q: {Type: AWS::SQS::Queue}}}"
    )
    found = parse_template("{Resources: {Q: {Type: AWS::SQS::Queue, DependsOn: !Ref Other}}}")
    assert found["Resources"]["Q"]["DependsOn"] == {"Ref": "Other"}
