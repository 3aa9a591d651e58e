"""Stacks in stacks: made, changed and deleted with the one around them."""

from __future__ import annotations

import contextlib
import json

import pytest
from botocore.exceptions import ClientError, WaiterError


@pytest.fixture
def upload(cloud):
    """Put the inner template into a bucket: upload(VisibilityTimeout=40)."""
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="templates")

    def put(**queue):
        template = {
            "Parameters": {"Name": {"Type": "String"}},
            "Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "Name"}, **queue}}},
            "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Queue", "Arn"]}}},
        }
        s3.put_object(Bucket="templates", Key="inner.json", Body=json.dumps(template))

    return put


@pytest.fixture
def deploy(cloud):
    cfn = cloud.client("cloudformation")

    def call(update=False, name="orders"):
        template = {
            "Resources": {
                "Inner": {
                    "Type": "AWS::CloudFormation::Stack",
                    "Properties": {
                        "TemplateURL": "https://templates.s3.amazonaws.com/inner.json",
                        "Parameters": {"Name": name},
                    },
                }
            },
            "Outputs": {"Queue": {"Value": {"Fn::GetAtt": ["Inner", "Outputs.Arn"]}}},
        }
        (cfn.update_stack if update else cfn.create_stack)(StackName="outer", TemplateBody=json.dumps(template))
        with contextlib.suppress(WaiterError):
            cfn.get_waiter(f"stack_{'update' if update else 'create'}_complete").wait(StackName="outer")
        stack = cfn.describe_stacks(StackName="outer")["Stacks"][0]
        return stack["StackStatus"], {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", ())}

    return call


def names(cloud):
    return [url.rpartition("/")[2] for url in cloud.client("sqs").list_queues().get("QueueUrls", ())]


def test_outputs_of_the_inner_stack_can_be_asked_for(cloud, upload, deploy):
    upload()
    status, outputs = deploy()
    assert (status, outputs) == ("CREATE_COMPLETE", {"Queue": "arn:aws:sqs:us-east-1:123456789012:orders"})
    inner = cloud.client("cloudformation").describe_stack_resources(StackName="outer")["StackResources"][0]
    assert "stack/outer-Inner-" in inner["PhysicalResourceId"]


def test_an_update_looks_into_a_template_that_has_changed_behind_its_url(cloud, upload, deploy):
    upload()
    deploy()
    upload(VisibilityTimeout=77)
    status, _ = deploy(update=True)
    url = cloud.client("sqs").get_queue_url(QueueName="orders")["QueueUrl"]
    attributes = cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    assert (status, attributes["Attributes"]["VisibilityTimeout"]) == ("UPDATE_COMPLETE", "77")


def test_an_inner_stack_that_fails_takes_the_outer_one_back(cloud, upload, deploy):
    upload(VisibilityTimeout=-1)
    status, _ = deploy()
    events = cloud.client("cloudformation").describe_stack_events(StackName="outer")["StackEvents"]
    reasons = [event.get("ResourceStatusReason", "") for event in events if event["ResourceStatus"] == "CREATE_FAILED"]
    assert status == "ROLLBACK_COMPLETE"
    assert "was not successfully created" in reasons[0]
    assert names(cloud) == []


def test_deleting_the_outer_stack_deletes_the_inner_one(cloud, upload, deploy):
    upload()
    deploy()
    cfn = cloud.client("cloudformation")
    cfn.delete_stack(StackName="outer")
    cfn.get_waiter("stack_delete_complete").wait(StackName="outer")
    assert names(cloud) == []
    with pytest.raises(ClientError, match="does not exist"):
        cfn.describe_stacks(StackName="outer")
