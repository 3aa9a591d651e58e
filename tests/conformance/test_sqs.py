"""SQS, standard and FIFO queues, as AWS documents them."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

HOUR, DAY = 3_600, 86_400


@pytest.fixture
def sqs(cloud):
    return cloud.client("sqs")


@pytest.fixture
def queue(sqs):
    """Create a queue: queue("orders", VisibilityTimeout=5) -> URL."""

    def create(name, dead_letters=None, max_receive_count=3, **attributes):
        if dead_letters is not None:
            arn = dead_letters.replace("https://sqs.", "arn:aws:sqs:").replace(".amazonaws.com/", ":").replace("/", ":")
            attributes["RedrivePolicy"] = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": max_receive_count})
        if name.endswith(".fifo"):
            attributes["FifoQueue"] = "true"
        return sqs.create_queue(QueueName=name, Attributes={k: str(v) for k, v in attributes.items()})["QueueUrl"]

    return create


@pytest.fixture
def receive(sqs):
    """Receive by long poll: the list of messages."""

    def call(url, count=10, wait_s=1, **params):
        params = {"MessageSystemAttributeNames": ["All"], **params}
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=count, WaitTimeSeconds=wait_s, **params)
        return answer.get("Messages", [])

    return call


def bodies(messages):
    return [message["Body"] for message in messages]


def test_a_received_message_is_hidden_for_the_visibility_timeout(cloud, sqs, queue, receive):
    url = queue("orders", VisibilityTimeout=30)
    sqs.send_message(QueueUrl=url, MessageBody="one")
    assert bodies(receive(url)) == ["one"]
    cloud.wait(20)
    assert receive(url) == []
    cloud.wait(10)
    (again,) = receive(url)
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"


@pytest.mark.behaviour("SQS-02")
def test_changing_the_visibility_restarts_the_clock_from_the_call(cloud, sqs, queue, receive):
    url = queue("orders", VisibilityTimeout=30)
    sqs.send_message(QueueUrl=url, MessageBody="one")
    (message,) = receive(url)
    cloud.wait(25)
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=30)
    cloud.wait(25)
    assert receive(url) == []
    cloud.wait(5)
    assert bodies(receive(url)) == ["one"]


@pytest.mark.behaviour("SQS-03")
def test_a_message_moves_to_the_dlq_when_its_receive_count_exceeds_the_maximum(cloud, sqs, queue, receive):
    dead = queue("dead")
    url = queue("orders", dead_letters=dead, max_receive_count=3, VisibilityTimeout=10)
    sqs.send_message(QueueUrl=url, MessageBody="poison")
    for _ in range(3):
        assert bodies(receive(url)) == ["poison"]
        assert receive(dead) == []
        cloud.wait(10)
    assert receive(url) == []
    (moved,) = receive(dead)
    assert moved["Attributes"]["DeadLetterQueueSourceArn"].endswith(":orders")
    assert moved["Attributes"]["ApproximateReceiveCount"] == "4"  # counts across all queues


@pytest.mark.behaviour("SQS-05")
@pytest.mark.parametrize(("suffix", "left_s"), [("", 3 * DAY), (".fifo", 4 * DAY)])
def test_retention_goes_on_in_a_standard_dlq_and_starts_anew_in_a_fifo_dlq(cloud, sqs, queue, receive, suffix, left_s):
    dead = queue(f"dead{suffix}", MessageRetentionPeriod=4 * DAY)
    url = queue(f"orders{suffix}", dead_letters=dead, max_receive_count=1, VisibilityTimeout=0)
    fifo = {"MessageGroupId": "g", "MessageDeduplicationId": "1"} if suffix else {}
    sqs.send_message(QueueUrl=url, MessageBody="old", **fifo)
    cloud.wait(DAY)
    receive(url)
    receive(url)  # exceeds: moves now

    def waiting():
        attributes = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["ApproximateNumberOfMessages"])
        return attributes["Attributes"]["ApproximateNumberOfMessages"]

    cloud.wait(left_s - 60)
    assert waiting() == "1"
    cloud.wait(120)
    assert waiting() == "0"


@pytest.mark.behaviour("SQS-06")
def test_a_fifo_queue_refuses_a_standard_dlq(sqs, queue):
    dead = queue("dead")
    with pytest.raises(ClientError, match="Fifo queues cannot use non fifo dead letter queues"):
        queue("orders.fifo", dead_letters=dead)


@pytest.mark.behaviour("SQS-07")
def test_a_move_task_redrives_a_dlq_to_its_source_at_the_given_rate(cloud, sqs, queue, receive):
    dead = queue("dead")
    url = queue("orders", dead_letters=dead, max_receive_count=1, VisibilityTimeout=0)
    for number in range(20):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    for _ in range(6):
        receive(url)
    arn = "arn:aws:sqs:us-east-1:123456789012:dead"
    sqs.start_message_move_task(SourceArn=arn, MaxNumberOfMessagesPerSecond=10)
    with pytest.raises(ClientError, match="Only one active task is allowed"):
        sqs.start_message_move_task(SourceArn=arn)
    cloud.wait(5)
    (task,) = sqs.list_message_move_tasks(SourceArn=arn)["Results"]
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 20)
    received = receive(url) + receive(url)
    assert {message["Attributes"]["ApproximateReceiveCount"] for message in received} <= {"1", "2"}
    assert receive(dead) == []


@pytest.mark.behaviour("SQS-07")
def test_a_move_task_refuses_what_is_not_a_dlq_and_rates_above_the_maximum(cloud, sqs, queue):
    queue("plain")
    queue("orders", dead_letters=queue("dead"))
    with pytest.raises(ClientError, match="must be configured as a Dead Letter Queue"):
        sqs.start_message_move_task(SourceArn="arn:aws:sqs:us-east-1:123456789012:plain")
    arn = "arn:aws:sqs:us-east-1:123456789012:dead"
    with pytest.raises(ClientError, match="between 1 and 500"):
        sqs.start_message_move_task(SourceArn=arn, MaxNumberOfMessagesPerSecond=501)


@pytest.mark.behaviour("SQS-07")
def test_a_move_task_fails_for_messages_that_no_queue_moved_there(cloud, sqs, queue):
    """A Lambda or SNS dead-letter message has no source queue to go back to."""
    dead = queue("dead")
    queue("orders", dead_letters=dead)
    sqs.send_message(QueueUrl=dead, MessageBody="from elsewhere")
    arn = "arn:aws:sqs:us-east-1:123456789012:dead"
    sqs.start_message_move_task(SourceArn=arn)
    cloud.wait(5)
    (task,) = sqs.list_message_move_tasks(SourceArn=arn)["Results"]
    assert (task["Status"], task["FailureReason"]) == ("FAILED", "CouldNotDetermineMessageSource")


@pytest.mark.behaviour("SQS-09")
def test_at_most_ten_messages_come_at_once(sqs, queue, receive):
    url = queue("orders")
    for number in range(15):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    assert len(receive(url, 10)) == 10
    with pytest.raises(ClientError, match="Must be between 1 and 10"):
        receive(url, 11)


@pytest.mark.behaviour("SQS-09")
def test_a_short_poll_may_miss_messages_that_a_long_poll_finds(sqs, queue):
    url = queue("orders", VisibilityTimeout=0)
    sqs.send_message(QueueUrl=url, MessageBody="one")
    short = [len(sqs.receive_message(QueueUrl=url).get("Messages", [])) for _ in range(50)]
    assert 25 < sum(short) < 50
    assert all(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1)["Messages"] for _ in range(20))


@pytest.mark.behaviour("SQS-09")
def test_a_long_poll_waits_up_to_twenty_seconds_and_returns_as_soon_as_a_message_comes(cloud, sqs, queue, receive):
    url = queue("orders")
    with pytest.raises(ClientError, match="<= 20"):
        receive(url, wait_s=21)
    started = cloud.now
    assert receive(url, wait_s=20) == []
    assert 20 <= (cloud.now - started).total_seconds() < 20.1
    cloud.kernel.spawn(lambda: cloud.sqs.send(url, "late"), delay_us=3_000_000)
    started = cloud.now
    assert bodies(receive(url, wait_s=20)) == ["late"]
    assert 3 <= (cloud.now - started).total_seconds() < 3.1


def test_a_delayed_message_cannot_be_received_before_its_time(cloud, sqs, queue, receive):
    url = queue("orders")
    sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=60)
    names = ["ApproximateNumberOfMessagesDelayed", "ApproximateNumberOfMessages"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    assert (attributes[names[0]], attributes[names[1]]) == ("1", "0")
    assert receive(url) == []
    started = cloud.now
    assert bodies(receive(url, wait_s=20)) == []
    cloud.wait(25)
    assert bodies(receive(url, wait_s=20)) == ["later"]
    assert (cloud.now - started).total_seconds() < 60.1


@pytest.mark.behaviour("SQS-11")
def test_a_deduplication_id_is_delivered_once_in_five_minutes_even_after_its_deletion(cloud, sqs, queue, receive):
    url = queue("orders.fifo")
    send = {"QueueUrl": url, "MessageBody": "one", "MessageGroupId": "g", "MessageDeduplicationId": "order-1"}
    first = sqs.send_message(**send)
    (message,) = receive(url)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    cloud.wait(290)
    again = sqs.send_message(**send)
    assert (again["MessageId"], again["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    assert receive(url) == []
    cloud.wait(10)
    assert sqs.send_message(**send)["MessageId"] != first["MessageId"]
    assert bodies(receive(url)) == ["one"]


@pytest.mark.behaviour("SQS-11")
def test_content_based_deduplication_compares_bodies(sqs, queue, receive):
    url = queue("orders.fifo", ContentBasedDeduplication="true")
    for body in ("one", "one", "two"):
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="g")
    assert bodies(receive(url)) == ["one", "two"]


@pytest.mark.behaviour("SQS-12")
def test_a_group_waits_while_one_of_its_messages_is_in_flight(cloud, sqs, queue, receive):
    url = queue("orders.fifo", ContentBasedDeduplication="true", VisibilityTimeout=30)
    for body in ("a1", "a2", "b1"):
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=body[0])
    (first,) = receive(url, 1)
    assert first["Body"] == "a1"
    assert bodies(receive(url)) == ["b1"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
    assert bodies(receive(url)) == ["a2"]


@pytest.mark.behaviour("SQS-12")
def test_a_failing_message_blocks_its_group_until_it_is_deleted_or_moved(cloud, sqs, queue, receive):
    dead = queue("dead.fifo")
    url = queue(
        "orders.fifo", dead_letters=dead, max_receive_count=2, ContentBasedDeduplication="true", VisibilityTimeout=10
    )
    for body in ("poison", "fine"):
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="g")
    for _ in range(2):
        assert bodies(receive(url, 1)) == ["poison"]
        cloud.wait(10)
    assert bodies(receive(url, 1)) == ["fine"]
    assert bodies(receive(dead)) == ["poison"]


@pytest.mark.behaviour("SQS-15")
def test_deleting_with_an_old_receipt_handle_succeeds_without_deleting(cloud, sqs, queue, receive):
    url = queue("orders", VisibilityTimeout=5)
    sqs.send_message(QueueUrl=url, MessageBody="one")
    (old,) = receive(url)
    cloud.wait(5)
    receive(url)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=old["ReceiptHandle"])
    cloud.wait(5)
    assert bodies(receive(url)) == ["one"]


def test_what_sqs_refuses_comes_with_its_own_error_codes(sqs, queue):
    url = queue("orders")
    with pytest.raises(sqs.exceptions.ReceiptHandleIsInvalid):
        sqs.delete_message(QueueUrl=url, ReceiptHandle="nonsense")
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.send_message(QueueUrl=url + "-gone", MessageBody="x")
    with pytest.raises(ClientError, match="must be shorter than 1048576 bytes"):
        sqs.send_message(QueueUrl=url, MessageBody="é" * 524_289)
    with pytest.raises(ClientError, match="BatchEntryIdsNotDistinct"):
        sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "a", "MessageBody": "x"}] * 2)
    sqs.purge_queue(QueueUrl=url)
    with pytest.raises(ClientError, match="PurgeQueueInProgress"):
        sqs.purge_queue(QueueUrl=url)


def test_a_batch_reports_failures_entry_by_entry(sqs, queue, receive):
    url = queue("orders")
    entries = [{"Id": "a", "MessageBody": "fine"}, {"Id": "b", "MessageBody": "late", "DelaySeconds": 901}]
    answer = sqs.send_message_batch(QueueUrl=url, Entries=entries)
    assert [entry["Id"] for entry in answer["Successful"]] == ["a"]
    assert (answer["Failed"][0]["Id"], answer["Failed"][0]["SenderFault"]) == ("b", True)
    assert bodies(receive(url)) == ["fine"]


def test_setting_one_attribute_leaves_the_others_as_they_were(sqs, queue):
    policy = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:*"}]}
    )
    url = queue("orders", dead_letters=queue("dead"), DelaySeconds=3)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "77"})
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (found["VisibilityTimeout"], found["DelaySeconds"]) == ("77", "3")
    assert json.loads(found["Policy"])["Statement"][0]["Principal"] == "*"
    assert json.loads(found["RedrivePolicy"])["maxReceiveCount"] == 3


def test_metrics_count_what_happens_and_sample_the_queue_every_minute(cloud, sqs, queue, receive):
    url = queue("orders", VisibilityTimeout=30)
    for body in ("one", "three"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    receive(url, 1)
    cloud.wait(90)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=receive(url, 1)[0]["ReceiptHandle"])
    cloud.wait(120)

    def read(name, statistic):
        found = cloud.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/SQS", MetricName=name, Dimensions=[{"Name": "QueueName", "Value": "orders"}],
            StartTime=cloud.now - timedelta(minutes=10), EndTime=cloud.now, Period=600, Statistics=[statistic],
        )  # fmt: skip
        return sum(point[statistic] for point in found["Datapoints"])

    assert read("NumberOfMessagesSent", "Sum") == 2
    assert read("NumberOfMessagesReceived", "Sum") == 2
    assert read("NumberOfMessagesDeleted", "Sum") == 1
    assert read("SentMessageSize", "Sum") == 8
    assert read("ApproximateNumberOfMessagesVisible", "Maximum") == 2
    assert 150 <= read("ApproximateAgeOfOldestMessage", "Maximum") <= 240
