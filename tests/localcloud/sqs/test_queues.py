"""What a queue allows: whose dead letters it takes, how long a message is hidden, when its name is free again."""

from __future__ import annotations

import json
from contextlib import nullcontext

import pytest
from botocore.exceptions import ClientError

ARN = "arn:aws:sqs:us-east-1:123456789012:"
HOUR = 3_600


@pytest.fixture
def sqs(cloud):
    return cloud.client("sqs")


@pytest.mark.parametrize(
    ("policy", "allowed"),
    [
        (None, {"orders", "parcels"}),
        ({"redrivePermission": "allowAll"}, {"orders", "parcels"}),
        ({"redrivePermission": "denyAll"}, set()),
        ({"redrivePermission": "byQueue", "sourceQueueArns": [f"{ARN}orders"]}, {"orders"}),
    ],
)
@pytest.mark.parametrize("how", ["create", "change"])
def test_a_dead_letter_queue_takes_from_the_queues_that_its_redrive_allow_policy_names(sqs, policy, allowed, how):
    attributes = {} if policy is None else {"RedriveAllowPolicy": json.dumps(policy)}
    dead = sqs.create_queue(QueueName="dead", Attributes=attributes)["QueueUrl"]
    redrive = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": f"{ARN}dead", "maxReceiveCount": 3})}
    for name in ("orders", "parcels"):
        refused = pytest.raises(ClientError, match=r"InvalidParameterValue.*does not allow this source queue")
        with nullcontext() if name in allowed else refused:
            if how == "create":
                sqs.create_queue(QueueName=name, Attributes=redrive)
            else:
                sqs.set_queue_attributes(QueueUrl=sqs.create_queue(QueueName=name)["QueueUrl"], Attributes=redrive)
    for asked in (["RedriveAllowPolicy"], ["RedriveAllowPolicy", "DelaySeconds"], ["All"]):
        described = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=asked).get("Attributes", {})
        assert described.get("RedriveAllowPolicy") == attributes.get("RedriveAllowPolicy")
        assert ("DelaySeconds" in described) == (asked != ["RedriveAllowPolicy"])


def test_a_message_is_hidden_for_twelve_hours_in_all_since_it_was_received(cloud, sqs):
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="one")
    (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1, VisibilityTimeout=10 * HOUR)["Messages"]
    cloud.wait(5 * HOUR)
    change = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}
    with pytest.raises(ClientError, match=r"Total VisibilityTimeout for the message is beyond the limit \[43200"):
        sqs.change_message_visibility(**change, VisibilityTimeout=7 * HOUR)
    sqs.change_message_visibility(**change, VisibilityTimeout=7 * HOUR - 60)
    cloud.wait(7 * HOUR - 100)
    assert "Messages" not in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)
    cloud.wait(30)
    (again,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"], VisibilityTimeout=12 * HOUR - 60)


def test_the_name_of_a_deleted_queue_is_free_after_a_minute(cloud, sqs):
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    sqs.delete_queue(QueueUrl=url)
    with pytest.raises(ClientError, match="You must wait 60 seconds after deleting a queue") as refused:
        sqs.create_queue(QueueName="orders")
    assert refused.value.response["Error"]["Code"] == "AWS.SimpleQueueService.QueueDeletedRecently"
    cloud.wait(60)
    assert sqs.create_queue(QueueName="orders")["QueueUrl"] == url
