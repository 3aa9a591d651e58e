"""MaximumMessageSize of a topic. Source: the SNS developer guide on publishing large messages."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

KIB = 1_024
QUEUE = "arn:aws:sqs:us-east-1:123456789012:audit"
TOO_LONG = "Message too long"


@pytest.fixture
def sns(cloud):
    return cloud.client("sns")


@pytest.fixture
def topic(sns):
    def create(size=None, **more):
        attributes = {} if size is None else {"MaximumMessageSize": str(size)}
        return sns.create_topic(Name="orders", Attributes={**attributes, **more})["TopicArn"]

    return create


@pytest.mark.parametrize(("size", "most"), [(None, 256 * KIB), (KIB, KIB), (1024 * KIB, 1024 * KIB)])
def test_a_topic_takes_256_kib_unless_it_says_otherwise(sns, topic, size, most):
    arn = topic(size)
    attribute = {"k": {"DataType": "String", "StringValue": "v"}}
    sns.publish(TopicArn=arn, Message="x" * (most - 8), MessageAttributes=attribute)
    with pytest.raises(sns.exceptions.InvalidParameterException, match=TOO_LONG):
        sns.publish(TopicArn=arn, Message="x" * (most - 7), MessageAttributes=attribute)
    shown = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    assert shown.get("MaximumMessageSize") == (None if size is None else str(size))


def test_a_batch_is_as_large_as_one_message_may_be(sns, topic):
    arn = topic()
    halves = [{"Id": name, "Message": "x" * 128 * KIB} for name in "ab"]
    assert len(sns.publish_batch(TopicArn=arn, PublishBatchRequestEntries=halves)["Successful"]) == 2
    with pytest.raises(ClientError) as refused:
        sns.publish_batch(TopicArn=arn, PublishBatchRequestEntries=[*halves, {"Id": "c", "Message": "x"}])
    assert refused.value.response["Error"]["Code"] == "BatchRequestTooLong"


def test_the_size_can_be_changed(sns, topic):
    arn = topic()
    sns.set_topic_attributes(TopicArn=arn, AttributeName="MaximumMessageSize", AttributeValue=str(1024 * KIB))
    sns.publish(TopicArn=arn, Message="x" * 1024 * KIB)


@pytest.mark.parametrize("size", ["1023", "1048577", "large", ""])
def test_sizes_out_of_range_are_refused(sns, topic, size):
    with pytest.raises(sns.exceptions.InvalidParameterException):
        topic(size)
    with pytest.raises(sns.exceptions.InvalidParameterException):
        sns.set_topic_attributes(TopicArn=topic(), AttributeName="MaximumMessageSize", AttributeValue=size)


def test_large_messages_go_to_queues_functions_and_firehoses_only(cloud, sns, topic):
    cloud.client("sqs").create_queue(QueueName="audit")
    arn = topic(256 * KIB + 1)
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=QUEUE)
    with pytest.raises(sns.exceptions.InvalidParameterException, match="does not support the protocol email"):
        sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="amelie@bakery.example")
    sns.set_topic_attributes(TopicArn=arn, AttributeName="MaximumMessageSize", AttributeValue=str(256 * KIB))
    sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="amelie@bakery.example")
    with pytest.raises(sns.exceptions.InvalidParameterException, match="does not support the protocol email"):
        sns.set_topic_attributes(TopicArn=arn, AttributeName="MaximumMessageSize", AttributeValue=str(1024 * KIB))


def test_a_topic_of_large_messages_has_at_most_100_subscriptions(cloud, sns, topic):
    sqs = cloud.client("sqs")
    arn = topic(1024 * KIB)
    for number in range(101):
        sqs.create_queue(QueueName=f"audit-{number}")
    for number in range(100):
        sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=f"{QUEUE}-{number}")
    with pytest.raises(sns.exceptions.InvalidParameterException, match="at most 100 subscriptions"):
        sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=f"{QUEUE}-100")
