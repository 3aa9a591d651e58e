"""Resources that a function makes: requests, answers, failures, and the deletion of what was replaced."""

from __future__ import annotations

import contextlib
import json

import pytest
from botocore.exceptions import WaiterError

PROVIDER = """
import json, cfnresponse

def handler(event, context):
    print("asked", json.dumps(event))
    wanted = event["ResourceProperties"]
    if wanted.get("Fail") != event["RequestType"]:
        greeting = {"Greeting": "bonjour " + wanted["Who"]}
        cfnresponse.send(event, context, cfnresponse.SUCCESS, greeting, wanted.get("Id"))
    elif not wanted.get("Silent"):
        cfnresponse.send(event, context, cfnresponse.FAILED, {}, wanted.get("Id"), reason="the oven is cold")
"""


@pytest.fixture
def deploy(cloud):
    """Create or update a stack with one custom resource; returns its status, outputs and reasons of failures."""
    cfn = cloud.client("cloudformation")

    def call(update=False, **properties):
        template = {
            "Transform": "AWS::Serverless-2016-10-31",
            "Resources": {
                "Provider": {
                    "Type": "AWS::Serverless::Function",
                    "Properties": {
                        "FunctionName": "provider", "Runtime": "python3.13", "Handler": "index.handler",
                        "InlineCode": PROVIDER,
                    },
                },
                "Thing": {
                    "Type": "Custom::Oven",
                    "Properties": {"ServiceToken": {"Fn::GetAtt": ["Provider", "Arn"]}, **properties},
                },
            },
            "Outputs": {
                "Id": {"Value": {"Ref": "Thing"}}, "Greeting": {"Value": {"Fn::GetAtt": ["Thing", "Greeting"]}}
            },
        }  # fmt: skip
        arguments = {
            "StackName": "shop", "TemplateBody": json.dumps(template),
            "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        }  # fmt: skip
        (cfn.update_stack if update else cfn.create_stack)(**arguments)
        with contextlib.suppress(WaiterError):
            cfn.get_waiter(f"stack_{'update' if update else 'create'}_complete").wait(StackName="shop")
        stack = cfn.describe_stacks(StackName="shop")["Stacks"][0]
        events = cfn.describe_stack_events(StackName="shop")["StackEvents"]
        reasons = [one["ResourceStatusReason"] for one in events if one["ResourceStatus"].endswith("_FAILED")]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", ())}
        return stack["StackStatus"], outputs, reasons

    return call


@pytest.fixture
def asked(cloud):
    """The requests that the provider has had, oldest first."""

    def read():
        events = cloud.client("logs").filter_log_events(logGroupName="/aws/lambda/provider")["events"]
        lines = [event["message"] for event in events if event["message"].startswith("asked ")]
        return [json.loads(line.removeprefix("asked ")) for line in lines]

    return read


def test_a_provider_is_asked_and_its_answer_gives_the_id_and_the_attributes(deploy, asked):
    status, outputs, _ = deploy(Who="Amélie", Id="oven-1", Trays=3, Hot=True)
    assert (status, outputs) == ("CREATE_COMPLETE", {"Id": "oven-1", "Greeting": "bonjour Amélie"})
    (request,) = asked()
    assert (request["RequestType"], request["ResourceType"]) == ("Create", "Custom::Oven")
    assert request["LogicalResourceId"] == "Thing"
    assert request["ResourceProperties"]["Trays"] == "3"  # as text
    assert request["ResourceProperties"]["Hot"] == "true"


def test_a_changed_property_is_an_update_that_knows_the_old_ones(deploy, asked):
    deploy(Who="Amélie", Id="oven-1")
    status, outputs, _ = deploy(update=True, Who="Jean", Id="oven-1")
    assert (status, outputs["Greeting"]) == ("UPDATE_COMPLETE", "bonjour Jean")
    assert [request["RequestType"] for request in asked()] == ["Create", "Update"]
    update = asked()[1]
    assert update["PhysicalResourceId"] == "oven-1"
    assert update["OldResourceProperties"]["Who"] == "Amélie"


def test_another_id_in_the_answer_to_an_update_has_the_old_resource_deleted(cloud, deploy, asked):
    deploy(Who="Amélie", Id="oven-1")
    deploy(update=True, Who="Amélie", Id="oven-2")
    cloud.wait(60)
    assert [(one["RequestType"], one.get("PhysicalResourceId")) for one in asked()] == [
        ("Create", None), ("Update", "oven-1"), ("Delete", "oven-1"),
    ]  # fmt: skip


def test_a_failure_rolls_back_with_the_providers_reason_and_deletes_what_it_named(deploy, asked):
    status, _, reasons = deploy(Who="Amélie", Id="oven-1", Fail="Create")
    assert status == "ROLLBACK_COMPLETE"
    assert "Message returned: the oven is cold (RequestId: " in reasons[-1]
    assert [(one["RequestType"], one.get("PhysicalResourceId")) for one in asked()] == [
        ("Create", None), ("Delete", "oven-1"),
    ]  # fmt: skip


def test_a_provider_that_does_not_answer_is_waited_for_until_the_timeout(cloud, deploy):
    began = cloud.now
    status, _, reasons = deploy(Who="Amélie", Id="oven-1", Fail="Create", Silent="yes", ServiceTimeout=300)
    assert status == "ROLLBACK_COMPLETE"
    assert "did not receive a response from your Custom Resource" in reasons[-1]
    assert 300 < (cloud.now - began).total_seconds() < 500
