"""Asynchronous invocation behaves as AWS documents it."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from localcloud.faults import Fault

FAILS = "def handler(event, context):\n    print('try', context.aws_request_id)\n    raise ValueError('burnt')\n"
WORKS = "def handler(event, context):\n    print('try', context.aws_request_id)\n    return 'baked'\n"


@pytest.fixture
def queue(cloud):
    """A queue that collects destination records: url, arn, and read() for what arrived."""
    client = cloud.client("sqs")

    class Queue:
        url = client.create_queue(QueueName="records")["QueueUrl"]
        arn = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

        def read(self):
            messages = client.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", [])
            return [json.loads(message["Body"]) for message in messages]

    return Queue()


def tries(log_lines, name):
    return [line.split()[1] for line in log_lines(name) if line.startswith("try ")]


def start_times(cloud, name):
    events = cloud.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    return [event["timestamp"] / 1_000 for event in events if event["message"].startswith("START")]


@pytest.mark.behaviour("LAM-25")
def test_a_function_error_is_retried_after_one_and_two_minutes_as_the_same_event(cloud, function, invoke, log_lines):
    function("oven", FAILS)
    invoke("oven", {"order": 1}, InvocationType="Event")
    cloud.wait(1_000)
    first, second, third = start_times(cloud, "oven")
    assert second - first == pytest.approx(60, abs=1)
    assert third - second == pytest.approx(120, abs=1)
    assert len(set(tries(log_lines, "oven"))) == 1


@pytest.mark.behaviour("LAM-26")
def test_throttles_use_up_no_attempts_and_are_retried_for_hours(cloud, function, invoke, log_lines):
    function("oven", WORKS)
    throttled = cloud.faults.add(Fault("throttle", service="lambda", resource="oven"))
    invoke("oven", InvocationType="Event")
    cloud.wait(3 * 3_600)
    throttled.remove()
    cloud.wait(600)
    assert len(tries(log_lines, "oven")) == 1


@pytest.mark.behaviour("LAM-26", "LAM-28")
def test_an_event_that_is_throttled_for_six_hours_goes_to_the_failure_destination(cloud, function, invoke, queue):
    function("oven", WORKS)
    cloud.client("lambda").put_function_event_invoke_config(
        FunctionName="oven", DestinationConfig={"OnFailure": {"Destination": queue.arn}}
    )
    cloud.faults.add(Fault("throttle", service="lambda", resource="oven"))
    invoke("oven", InvocationType="Event")
    cloud.wait(7 * 3_600)
    (record,) = queue.read()
    assert record["requestContext"]["condition"] == "EventAgeExceeded"


@pytest.mark.behaviour("LAM-28")
def test_an_event_out_of_attempts_goes_to_the_failure_destination_with_its_answer(cloud, function, invoke, queue):
    function("oven", FAILS)
    cloud.client("lambda").put_function_event_invoke_config(
        FunctionName="oven", MaximumRetryAttempts=1, DestinationConfig={"OnFailure": {"Destination": queue.arn}}
    )
    invoke("oven", {"order": 7}, InvocationType="Event")
    cloud.wait(1_000)
    (record,) = queue.read()
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 2
    assert record["requestPayload"] == {"order": 7}
    assert record["responsePayload"]["errorMessage"] == "burnt"


@pytest.mark.behaviour("LAM-29")
def test_an_event_may_be_delivered_twice_without_an_error(cloud, function, invoke, log_lines):
    function("oven", WORKS)
    cloud.lambda_.asynchronous.duplicate_share = 1.0
    invoke("oven", InvocationType="Event")
    cloud.wait(10)
    delivered = tries(log_lines, "oven")
    assert len(delivered) == 2
    assert len(set(delivered)) == 1


@pytest.mark.behaviour("LAM-30")
def test_destinations_are_for_asynchronous_invocations_only(cloud, function, invoke, queue):
    function("oven", WORKS)
    cloud.client("lambda").put_function_event_invoke_config(
        FunctionName="oven",
        DestinationConfig={"OnSuccess": {"Destination": queue.arn}, "OnFailure": {"Destination": queue.arn}},
    )
    invoke("oven")
    cloud.wait(10)
    assert queue.read() == []
    invoke("oven", InvocationType="Event")
    cloud.wait(10)
    (record,) = queue.read()
    assert record["requestContext"]["condition"] == "Success"
    assert record["responsePayload"] == "baked"


@pytest.mark.behaviour("LAM-28", "LAM-31")
def test_a_dead_letter_queue_gets_the_event_alone_with_the_error_as_attributes(cloud, function):
    url = cloud.client("sqs").create_queue(QueueName="dead")["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:123456789012:dead"
    function(
        "shop", "def handler(event, context): raise ValueError('oven is off')", DeadLetterConfig={"TargetArn": arn}
    )
    shown = cloud.client("lambda").get_function_configuration(FunctionName="shop")
    assert shown["DeadLetterConfig"] == {"TargetArn": arn}
    cloud.client("lambda").invoke(FunctionName="shop", InvocationType="Event", Payload=b'{"id": 1}')
    cloud.wait(600)
    (message,) = cloud.sqs.receive(url, 10)
    assert message.body == '{"id": 1}'
    assert message.attributes["ErrorMessage"]["StringValue"] == "oven is off"
    assert message.attributes["ErrorCode"]["StringValue"] == "200"
    assert len(message.attributes["RequestID"]["StringValue"]) == 36


def test_a_function_that_may_not_run_hands_its_events_on_at_once(cloud, function, invoke, queue):
    function("oven", "def handler(event, context): return 1", DeadLetterConfig={"TargetArn": queue.arn})
    cloud.client("lambda").put_function_concurrency(FunctionName="oven", ReservedConcurrentExecutions=0)
    invoke("oven", {"order": 1}, InvocationType="Event")
    cloud.wait(5)
    assert queue.read() == [{"order": 1}]


def test_a_version_that_is_published_at_once_has_its_dead_letter_queue(cloud, function, invoke, queue):
    source = "def handler(event, context): raise ValueError(event)"
    function("oven", source, DeadLetterConfig={"TargetArn": queue.arn}, Publish=True)
    found = cloud.client("lambda").get_function_configuration(FunctionName="oven", Qualifier="1")
    assert found["DeadLetterConfig"] == {"TargetArn": queue.arn}
    invoke("oven", {"order": 1}, InvocationType="Event", Qualifier="1")
    cloud.wait(300)
    assert queue.read() == [{"order": 1}]


def test_a_bucket_can_be_where_failures_go_but_not_successes(cloud, function, invoke):
    cloud.client("s3").create_bucket(Bucket="burnt")
    function("oven", "def handler(event, context): raise ValueError(event)")
    configure = cloud.client("lambda").put_function_event_invoke_config
    bucket = {"Destination": "arn:aws:s3:::burnt"}
    with pytest.raises(ClientError, match="DestinationConfig is invalid"):
        configure(FunctionName="oven", DestinationConfig={"OnSuccess": bucket})
    configure(FunctionName="oven", MaximumRetryAttempts=0, DestinationConfig={"OnFailure": bucket})
    invoke("oven", {"order": 1}, InvocationType="Event")
    cloud.wait(10)
    (found,) = cloud.client("s3").list_objects_v2(Bucket="burnt")["Contents"]
    assert found["Key"].startswith("aws/lambda/async/oven/2025/01/06/")
    body = json.loads(cloud.client("s3").get_object(Bucket="burnt", Key=found["Key"])["Body"].read())
    assert (body["requestPayload"], body["requestContext"]["condition"]) == ({"order": 1}, "RetriesExhausted")
