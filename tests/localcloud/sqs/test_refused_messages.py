"""Messages and queues that SQS refuses, with its own codes."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def sqs(cloud):
    return cloud.client("sqs")


@pytest.fixture
def url(sqs):
    return sqs.create_queue(QueueName="orders")["QueueUrl"]


@pytest.fixture
def fifo(sqs):
    return sqs.create_queue(QueueName="orders.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]


def text(value="bread", kind="String"):
    return {"DataType": kind, "StringValue": value}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            {"MessageAttributes": {f"a{number}": text() for number in range(11)}},
            r"Number of message attributes \[11\] exceeds the allowed maximum \[10\]",
        ),
        ({"MessageAttributes": {"a": text("")}}, "must contain a non-empty value of type 'String'"),
        ({"MessageAttributes": {"a": text("one", "Number")}}, "Can't cast the value of message .* to a number"),
        ({"MessageAttributes": {"AWS.kind": text()}}, "attribute name 'AWS.kind' is invalid"),
        ({"MessageAttributes": {"a..b": text()}}, "attribute name 'a..b' is invalid"),
        ({"MessageAttributes": {"a b": text()}}, "attribute name 'a b' is invalid"),
        ({"MessageSystemAttributes": {"Other": text()}}, "system attribute name 'Other' is invalid"),
        ({"MessageDeduplicationId": "1"}, "not valid for this queue type"),
        ({"MessageGroupId": "a b"}, "MessageGroupId can only include alphanumeric and punctuation characters"),
        ({"MessageGroupId": "x" * 129}, "1 to 128 in length"),
    ],
)
def test_a_message_that_sqs_would_refuse_is_refused(sqs, url, entry, message):
    with pytest.raises(ClientError, match=message) as caught:
        sqs.send_message(QueueUrl=url, MessageBody="one", **entry)
    assert caught.value.response["Error"]["Code"] == "InvalidParameterValue"


def test_in_a_batch_the_others_are_taken(sqs, url):
    bad = {"Id": "b", "MessageBody": "two", "MessageAttributes": {"a": text("")}}
    answer = sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "a", "MessageBody": "one"}, bad])
    assert [entry["Id"] for entry in answer["Successful"]] == ["a"]
    assert [(entry["Id"], entry["Code"], entry["SenderFault"]) for entry in answer["Failed"]] == [
        ("b", "InvalidParameterValue", True)
    ]


def test_numbers_may_be_written_in_any_way(sqs, url):
    numbers = {"a": text("1.5e3", "Number"), "b": text("-7", "Number.int")}
    sqs.send_message(QueueUrl=url, MessageBody="one", MessageAttributes=numbers)


def test_a_queue_is_made_again_with_the_same_attributes_only(sqs, url):
    assert sqs.create_queue(QueueName="orders")["QueueUrl"] == url
    with pytest.raises(sqs.exceptions.QueueNameExists, match="a different value for attribute VisibilityTimeout"):
        sqs.create_queue(QueueName="orders", Attributes={"VisibilityTimeout": "5"})


def test_a_name_with_fifo_needs_the_attribute(sqs):
    with pytest.raises(ClientError, match="Can only include alphanumeric characters, hyphens, or underscores"):
        sqs.create_queue(QueueName="orders.fifo")


def test_times_of_a_queue_are_whole_seconds(sqs, url):
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["CreatedTimestamp"] == attributes["LastModifiedTimestamp"] == "1736150400"


def test_a_fifo_queue_deletes_within_the_visibility_timeout_only(cloud, sqs, fifo):
    sqs.send_message(QueueUrl=fifo, MessageBody="one", MessageGroupId="a", MessageDeduplicationId="1")
    (message,) = sqs.receive_message(QueueUrl=fifo, VisibilityTimeout=2)["Messages"]
    cloud.wait(5)
    with pytest.raises(ClientError, match="The receipt handle has expired"):
        sqs.delete_message(QueueUrl=fifo, ReceiptHandle=message["ReceiptHandle"])
    (again,) = sqs.receive_message(QueueUrl=fifo, VisibilityTimeout=20)["Messages"]
    for _ in range(2):  # a message that is gone may be deleted again
        sqs.delete_message(QueueUrl=fifo, ReceiptHandle=again["ReceiptHandle"])
    cloud.wait(30)
    assert "Messages" not in sqs.receive_message(QueueUrl=fifo)


def test_a_standard_queue_deletes_after_the_visibility_timeout_too(cloud, sqs, url):
    sqs.send_message(QueueUrl=url, MessageBody="one")
    (message,) = sqs.receive_message(QueueUrl=url, VisibilityTimeout=2, WaitTimeSeconds=1)["Messages"]
    cloud.wait(5)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert "Messages" not in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1)
