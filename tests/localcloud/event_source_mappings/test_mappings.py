"""Event source mappings through their API: how they are described, what they refuse, and what ends beneath them."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

QUEUE = "arn:aws:sqs:us-east-1:123456789012:orders"
STREAM = "arn:aws:kinesis:us-east-1:123456789012:stream/orders"
QUIET = "def handler(event, context): pass\n"


@pytest.fixture
def lambda_(cloud):
    return cloud.client("lambda")


@pytest.fixture
def url(cloud):
    return cloud.client("sqs").create_queue(QueueName="orders")["QueueUrl"]


@pytest.fixture
def stream(cloud):
    cloud.client("kinesis").create_stream(StreamName="orders", ShardCount=1)


def test_a_mapping_begins_as_creating_and_is_enabled_then(lambda_, function, url):
    function("worker", QUIET)
    made = lambda_.create_event_source_mapping(FunctionName="worker", EventSourceArn=QUEUE)
    assert (made["State"], made["StateTransitionReason"]) == ("Creating", "USER_INITIATED")
    found = lambda_.get_event_source_mapping(UUID=made["UUID"])
    assert found["State"] == "Enabled"
    assert (found["BatchSize"], found["MaximumBatchingWindowInSeconds"], found["FunctionResponseTypes"]) == (10, 0, [])
    assert lambda_.update_event_source_mapping(UUID=made["UUID"], Enabled=False)["State"] == "Updating"
    assert lambda_.list_event_source_mappings()["EventSourceMappings"][0]["State"] == "Disabled"
    assert lambda_.delete_event_source_mapping(UUID=made["UUID"])["State"] == "Deleting"


def test_a_mapping_on_a_stream_tells_its_defaults_and_its_last_result(cloud, lambda_, function, stream):
    function("worker", "def handler(event, context):\n    1 / 0\n")
    made = lambda_.create_event_source_mapping(
        FunctionName="worker", EventSourceArn=STREAM, StartingPosition="TRIM_HORIZON"
    )
    for name, value in {
        "BatchSize": 100, "BisectBatchOnFunctionError": False, "DestinationConfig": {"OnFailure": {}},
        "LastProcessingResult": "No records processed", "MaximumRecordAgeInSeconds": -1, "MaximumRetryAttempts": -1,
        "ParallelizationFactor": 1, "TumblingWindowInSeconds": 0,
    }.items():  # fmt: skip
        assert made[name] == value, name
    cloud.client("kinesis").put_record(StreamName="orders", Data=b"1", PartitionKey="a")
    cloud.wait(5)
    found = lambda_.get_event_source_mapping(UUID=made["UUID"])
    assert found["LastProcessingResult"] == "PROBLEM: Function call failed"


def test_a_source_and_a_function_have_one_mapping(lambda_, function, url, stream):
    function("worker", QUIET, Publish=True)
    for arn, position, told in (
        (QUEUE, {}, 'An event source mapping with SQS arn (" {} ") and function (" worker ") already exists.'),
        (STREAM, {"StartingPosition": "LATEST"}, 'The event source arn (" {} ") and function (" worker ") provided'),
    ):
        made = lambda_.create_event_source_mapping(FunctionName="worker", EventSourceArn=arn, **position)
        with pytest.raises(lambda_.exceptions.ResourceConflictException) as caught:
            lambda_.create_event_source_mapping(FunctionName="worker", EventSourceArn=arn, **position)
        message = caught.value.response["Error"]["Message"]
        assert message.startswith(told.format(arn))
        assert message.endswith(f"Please update or delete the existing mapping with UUID {made['UUID']}")
        lambda_.create_event_source_mapping(FunctionName="worker:1", EventSourceArn=arn, **position)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"StartingPosition": "LATEST"}, "StartingPosition is not valid for SQS event sources."),
        ({"BisectBatchOnFunctionError": True}, "Unsupported BisectBatchOnFunctionError parameter"),
        ({"MaximumRetryAttempts": 3}, "Unsupported MaximumRetryAttempts parameter"),
        ({"ParallelizationFactor": 2}, "Unsupported ParallelizationFactor parameter"),
        ({"TumblingWindowInSeconds": 5}, "Unsupported TumblingWindowInSeconds parameter"),
    ],
)
def test_a_mapping_on_a_queue_has_no_settings_of_streams(lambda_, function, url, setting, message):
    function("worker", QUIET)
    with pytest.raises(ClientError, match=message):
        lambda_.create_event_source_mapping(FunctionName="worker", EventSourceArn=QUEUE, **setting)


def test_a_queue_that_is_deleted_in_the_middle_of_a_batch_ends_nothing_else(cloud, lambda_, function, url, log_lines):
    function("worker", "import time\ndef handler(event, context): time.sleep(2); print(event['Records'][0]['body'])\n")
    lambda_.create_event_source_mapping(FunctionName="worker", EventSourceArn=QUEUE)
    sqs = cloud.client("sqs")
    sqs.send_message(QueueUrl=url, MessageBody="first")
    cloud.wait(1)
    sqs.delete_queue(QueueUrl=url)
    cloud.wait(120)
    assert log_lines("worker").count("first") == 1
    sqs.create_queue(QueueName="orders")  # the mapping polls the queue of that name, whenever there is one
    sqs.send_message(QueueUrl=url, MessageBody="second")
    cloud.wait(10)
    assert log_lines("worker").count("second") == 1


def test_a_function_that_is_deleted_leaves_its_messages_in_the_queue(cloud, lambda_, function, url, log_lines):
    function("worker", QUIET)
    lambda_.create_event_source_mapping(FunctionName="worker", EventSourceArn=QUEUE)
    lambda_.delete_function(FunctionName="worker")
    cloud.client("sqs").send_message(QueueUrl=url, MessageBody="waits")
    cloud.wait(200)
    counts = cloud.sqs.counts(url)
    assert counts.visible + counts.in_flight == 1
    function("worker", "import json\ndef handler(event, context): print(event['Records'][0]['body'])\n")
    cloud.wait(60)
    assert "waits" in log_lines("worker")
    assert cloud.sqs.counts(url).visible == 0


def test_a_stream_that_is_deleted_in_the_middle_of_a_batch_ends_nothing_else(cloud, lambda_, function, stream):
    function("worker", "import time\ndef handler(event, context): time.sleep(2); 1 / 0\n")
    made = lambda_.create_event_source_mapping(
        FunctionName="worker", EventSourceArn=STREAM, StartingPosition="TRIM_HORIZON"
    )
    kinesis = cloud.client("kinesis")
    kinesis.put_record(StreamName="orders", Data=b"1", PartitionKey="a")
    cloud.wait(2)
    kinesis.delete_stream(StreamName="orders")
    cloud.wait(120)
    found = lambda_.get_event_source_mapping(UUID=made["UUID"])
    assert found["LastProcessingResult"] == "PROBLEM: Stream not found"
