"""FIFO queues: delays, receives that are repeated, and how many requests they take.

Sources: the SQS developer guide on delay queues and on FIFO throttling, the API reference on ReceiveMessage.
"""

from __future__ import annotations

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError


@pytest.fixture
def sqs(cloud):
    return cloud.client("sqs", config=Config(retries={"total_max_attempts": 1}))


@pytest.fixture
def url(sqs):
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true", "VisibilityTimeout": "30"}
    return sqs.create_queue(QueueName="orders.fifo", Attributes=attributes)["QueueUrl"]


@pytest.fixture
def send(sqs, url):
    def call(*bodies, group="g"):
        for body in bodies:
            sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=group)

    return call


@pytest.fixture
def receive(sqs, url):
    def call(**params):
        answer = sqs.receive_message(QueueUrl=url, **{"MaxNumberOfMessages": 10, **params})
        return [(message["Body"], message["ReceiptHandle"]) for message in answer.get("Messages", [])]

    return call


@pytest.mark.parametrize(("delay_s", "after_s"), [(10, 10), (300, 300), (0, 0)])
def test_a_new_delay_of_a_fifo_queue_is_that_of_the_messages_that_wait_too(
    cloud, sqs, url, send, receive, delay_s, after_s
):
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "100"})
    send("one")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": str(delay_s)})
    cloud.wait(after_s - 1)
    assert after_s == 0 or receive() == []
    cloud.wait(1)
    assert [body for body, _ in receive()] == ["one"]


def test_a_new_delay_of_a_standard_queue_is_that_of_later_messages_only(cloud, sqs):
    url = sqs.create_queue(QueueName="orders", Attributes={"DelaySeconds": "100"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="one")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "0"})
    assert "Messages" not in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)
    cloud.wait(100)
    assert "Messages" in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)


def test_a_receive_that_is_repeated_gives_the_same_messages_and_hides_them_anew(cloud, send, receive):
    send("one", "two", "three")
    first = receive(ReceiveRequestAttemptId="try", MaxNumberOfMessages=2)
    cloud.wait(20)
    assert receive() == []
    assert receive(ReceiveRequestAttemptId="try", MaxNumberOfMessages=2) == first
    cloud.wait(20)
    assert receive() == []
    cloud.wait(10)
    assert [body for body, _ in receive()] == ["one", "two", "three"]


@pytest.mark.parametrize("event", ["deleted", "changed", "over", "late"])
def test_a_receive_is_a_new_one_when_its_messages_have_changed_or_it_is_too_long_ago(
    cloud, sqs, url, send, receive, event
):
    send("one", "two")
    if event == "late":
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1000"})
    ((_, handle),) = receive(ReceiveRequestAttemptId="try", MaxNumberOfMessages=1)
    if event == "deleted":
        sqs.delete_message(QueueUrl=url, ReceiptHandle=handle)
    elif event == "changed":
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=60)
    else:
        cloud.wait({"over": 31, "late": 301}[event])
    expected = {"deleted": ["two"], "changed": [], "over": ["one"], "late": []}
    found = receive(ReceiveRequestAttemptId="try", MaxNumberOfMessages=1)
    assert [body for body, _ in found] == expected[event]
    assert all(later != handle for _, later in found)


RUSH = """
    from concurrent.futures import ThreadPoolExecutor
    import boto3
    from botocore.config import Config

    def handler(event, context):
        sqs = boto3.client("sqs", config=Config(retries={"total_max_attempts": 1}))

        def send(number):
            entry = {"MessageBody": str(number), "MessageGroupId": str(number)}
            try:
                if event["batch"]:
                    sqs.send_message_batch(QueueUrl=event["url"], Entries=[{"Id": "a", **entry}])
                else:
                    sqs.send_message(QueueUrl=event["url"], **entry)
            except sqs.exceptions.ClientError as error:
                return error.response["Error"]["Code"]
            return "sent"

        with ThreadPoolExecutor(400) as pool:
            outcomes = list(pool.map(send, range(400)))
        return {outcome: outcomes.count(outcome) for outcome in sorted(set(outcomes))}
"""


@pytest.mark.parametrize("batch", [False, True])
def test_a_fifo_queue_takes_300_requests_a_second_of_each_action(cloud, url, function, invoke, batch):
    function("rush", RUSH, Timeout=60)
    outcomes, _ = invoke("rush", {"url": url, "batch": batch})
    assert outcomes == {"ThrottlingException": 100, "sent": 300}
    cloud.wait(1)
    assert "Messages" in cloud.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=1)


def test_high_throughput_lifts_the_limit(sqs, url, function, invoke):
    high = {"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}
    sqs.set_queue_attributes(QueueUrl=url, Attributes=high)
    function("rush", RUSH, Timeout=60)
    assert invoke("rush", {"url": url, "batch": False})[0] == {"sent": 400}


def test_what_is_throttled_is_retried_by_the_client_as_far_as_its_retry_quota_goes(url, function, invoke):
    function("rush", RUSH.replace('"total_max_attempts": 1', '"total_max_attempts": 5'), Timeout=60)
    assert invoke("rush", {"url": url, "batch": False})[0]["sent"] > 350


def test_a_fifo_queue_is_no_dead_letter_queue_of_a_standard_one(sqs, url):
    policy = '{"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:orders.fifo", "maxReceiveCount": 3}'
    with pytest.raises(ClientError, match="same type of queue"):
        sqs.create_queue(QueueName="orders", Attributes={"RedrivePolicy": policy})
