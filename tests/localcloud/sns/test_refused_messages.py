"""Messages and subscriptions that SNS refuses, with its own codes."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def sns(cloud):
    return cloud.client("sns")


@pytest.fixture
def topic(sns):
    return sns.create_topic(Name="orders")["TopicArn"]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"Subject": "x" * 101}, "Invalid parameter: Subject"),
        ({"Subject": "two\nlines"}, "Invalid parameter: Subject"),
        ({"MessageDeduplicationId": "1"}, "MessageDeduplicationId parameter that is not valid for this topic type"),
        ({"TopicArn": "orders"}, "TopicArn Reason: An ARN must have at least 6 elements, not 1"),
    ],
)
def test_a_message_that_sns_would_refuse_is_refused(sns, topic, message, reason):
    with pytest.raises(sns.exceptions.InvalidParameterException, match=reason):
        sns.publish(**{"TopicArn": topic, "Message": "one", **message})


def test_a_subject_may_have_a_hundred_characters_of_any_alphabet(sns, topic):
    sns.publish(TopicArn=topic, Message="one", Subject="é" * 100)


def test_an_entry_id_has_letters_digits_hyphens_and_underscores(sns, topic):
    with pytest.raises(sns.exceptions.InvalidBatchEntryIdException):
        sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[{"Id": "a b", "Message": "one"}])


@pytest.mark.parametrize(
    ("protocol", "endpoint", "reason"),
    [
        ("pigeon", "x", "Does not support this protocol string: pigeon"),
        ("https", "http://partner.example", "Endpoint must match the specified protocol"),
    ],
)
def test_a_subscription_that_sns_would_refuse_is_refused(sns, topic, protocol, endpoint, reason):
    with pytest.raises(ClientError, match=reason):
        sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint)


def test_a_topic_is_created_again_only_as_it_is(sns):
    settings = {"DisplayName": "Orders", "FifoTopic": "true", "ContentBasedDeduplication": "true"}
    arn = sns.create_topic(Name="orders.fifo", Attributes=settings)["TopicArn"]
    assert sns.create_topic(Name="orders.fifo", Attributes=settings)["TopicArn"] == arn
    assert sns.create_topic(Name="orders.fifo", Attributes={"FifoTopic": "true"})["TopicArn"] == arn
    for other in ({"DisplayName": "Cakes"}, {"ContentBasedDeduplication": "false"}):
        with pytest.raises(sns.exceptions.InvalidParameterException, match="exists with different attributes"):
            sns.create_topic(Name="orders.fifo", Attributes={**settings, **other})


@pytest.mark.parametrize(
    ("protocol", "endpoint"),
    [("sqs", "audit"), ("sqs", "https://sqs.us-east-1.amazonaws.com/123456789012/audit"), ("lambda", "shop"),
     ("lambda", "arn:aws:sqs:us-east-1:123456789012:audit")],
)  # fmt: skip
def test_queues_and_functions_are_subscribed_by_their_arns(sns, topic, protocol, endpoint):
    with pytest.raises(sns.exceptions.InvalidParameterException, match="endpoint ARN"):
        sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint)
