"""What SQS refuses when a queue is made or changed."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

BOTH = pytest.mark.parametrize("how", ["create", "change"])


@pytest.fixture
def set_attribute(cloud):
    """set_attribute("create", "DelaySeconds", "5"): the error code, "" when it is accepted."""
    sqs = cloud.client("sqs")

    def call(how, name, value):
        try:
            if how == "create":
                sqs.create_queue(QueueName="fresh", Attributes={name: value})
            else:
                url = sqs.create_queue(QueueName="old")["QueueUrl"]
                sqs.set_queue_attributes(QueueUrl=url, Attributes={name: value})
        except ClientError as exc:
            return exc.response["Error"]["Code"]
        return ""

    return call


@BOTH
@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("DelaySeconds", 0, 900),
        ("KmsDataKeyReusePeriodSeconds", 60, 86_400),
        ("MaximumMessageSize", 1_024, 1_048_576),
        ("MessageRetentionPeriod", 60, 1_209_600),
        ("ReceiveMessageWaitTimeSeconds", 0, 20),
        ("VisibilityTimeout", 0, 43_200),
    ],
)
def test_a_number_must_be_within_its_range(set_attribute, how, name, least, most):
    assert set_attribute(how, name, str(least)) == ""
    assert [set_attribute(how, name, str(value)) for value in (least - 1, most + 1, "soon")] == [
        "InvalidAttributeValue"
    ] * 3


@BOTH
def test_an_unknown_attribute_is_refused_by_name(set_attribute, how):
    assert set_attribute(how, "Nonsense", "1") == "InvalidAttributeName"


@BOTH
@pytest.mark.parametrize("name", ["Policy", "RedrivePolicy", "RedriveAllowPolicy"])
def test_a_policy_must_be_a_json_object(set_attribute, how, name):
    assert [set_attribute(how, name, text) for text in ("{", "[]")] == ["InvalidAttributeValue"] * 2


@BOTH
@pytest.mark.parametrize("count", [0, 1_001, "many"])
def test_a_redrive_policy_needs_a_sensible_number_of_receives(set_attribute, how, count):
    policy = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:dead", "maxReceiveCount": count}
    assert set_attribute(how, "RedrivePolicy", json.dumps(policy)) == "InvalidParameterValue"


@pytest.mark.parametrize(
    ("name", "attributes", "code"),
    [
        ("plain", {"ContentBasedDeduplication": "true"}, "InvalidAttributeName"),
        ("plain", {"FifoThroughputLimit": "perQueue"}, "InvalidAttributeName"),
        ("q.fifo", {"FifoQueue": "true", "FifoThroughputLimit": "perMessageGroupId"}, "InvalidAttributeValue"),
        ("q.fifo", {"FifoQueue": "true", "DeduplicationScope": "shop"}, "InvalidAttributeValue"),
    ],
)
def test_attributes_of_fifo_queues_are_for_fifo_queues_and_fit_together(cloud, name, attributes, code):
    with pytest.raises(ClientError) as caught:
        cloud.client("sqs").create_queue(QueueName=name, Attributes=attributes)
    assert caught.value.response["Error"]["Code"] == code


def test_the_kind_of_a_queue_stays(cloud):
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="plain")["QueueUrl"]
    with pytest.raises(ClientError, match="Unknown Attribute FifoQueue"):
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"FifoQueue": "true"})
    fifo = sqs.create_queue(QueueName="q.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=fifo, Attributes={"DeduplicationScope": "messageGroup"})
    sqs.set_queue_attributes(QueueUrl=fifo, Attributes={"FifoThroughputLimit": "perMessageGroupId"})
