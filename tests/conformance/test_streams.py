"""Lambda polling Kinesis data streams and DynamoDB streams, as AWS documents it."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from botocore.exceptions import ClientError

STREAM = "arn:aws:kinesis:us-east-1:123456789012:stream/orders"
DLQ = "arn:aws:sqs:us-east-1:123456789012:given-up"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"
TO_DLQ = {"OnFailure": {"Destination": DLQ}}

PRINT = """
    import base64, json, time
    def handler(event, context):
        data = [base64.b64decode(r["kinesis"]["data"]).decode() for r in event["Records"]]
        print(json.dumps({"at": time.time(), "data": data}))
        {rest}
"""
POISON = 'if "poison" in data: raise ValueError("poison")'


def printing(rest=""):
    return PRINT.replace("{rest}", rest)


@pytest.fixture
def kinesis(cloud):
    client = cloud.client("kinesis")
    client.create_stream(StreamName="orders", ShardCount=1)
    return client


@pytest.fixture
def connect(cloud, function):
    """A function that reads a stream: connect(SOURCE, BatchSize=5) -> the mapping's id."""

    def create(source, arn=STREAM, settings=None, **mapping):
        function("reader", source, **(settings or {}))
        mapping = {"StartingPosition": "TRIM_HORIZON", **mapping}
        mapping = {name: value for name, value in mapping.items() if value is not None}
        answer = cloud.client("lambda").create_event_source_mapping(
            FunctionName="reader", EventSourceArn=arn, **mapping
        )
        return answer["UUID"]

    return create


@pytest.fixture
def seen(cloud):
    """The lines that the reader printed, parsed."""

    def read():
        names = [g["logGroupName"] for g in cloud.client("logs").describe_log_groups()["logGroups"]]
        if "/aws/lambda/reader" not in names:
            return []
        pages = cloud.client("logs").get_paginator("filter_log_events").paginate(logGroupName="/aws/lambda/reader")
        lines = [event["message"] for page in pages for event in page["events"]]
        return [json.loads(line) for line in lines if line.startswith("{")]

    return read


@pytest.fixture
def given_up(cloud):
    """The records in the on-failure destination."""
    url = cloud.client("sqs").create_queue(QueueName="given-up")["QueueUrl"]

    def read():
        answer = cloud.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]

    return read


def put(kinesis, *values, key="k"):
    for value in values:
        kinesis.put_record(StreamName="orders", PartitionKey=key, Data=value.encode())


def batches(seen):
    return [line["data"] for line in seen()]


@pytest.mark.behaviour("STR-01")
def test_a_shard_is_read_in_order_one_batch_after_the_other(cloud, kinesis, connect, seen):
    connect(printing("time.sleep(2)"), BatchSize=3)
    put(kinesis, *map(str, range(8)))
    cloud.wait(30)
    assert [value for batch in batches(seen) for value in batch] == list(map(str, range(8)))
    times = [line["at"] for line in seen()]
    assert all(later - earlier >= 2 for earlier, later in pairwise(times))


@pytest.mark.behaviour("STR-01")
def test_parallel_batches_keep_the_order_of_each_key(cloud, kinesis, connect, seen):
    connect(printing("time.sleep(2)"), BatchSize=2, ParallelizationFactor=10)
    for number in range(6):
        for key in "abcdefgh":
            put(kinesis, f"{key}{number}", key=key)
    cloud.wait(30)
    flat = [value for batch in batches(seen) for value in batch]
    for key in "abcdefgh":
        assert [value for value in flat if value[0] == key] == [f"{key}{n}" for n in range(6)]
    times = sorted(line["at"] for line in seen())
    assert any(later - earlier < 1 for earlier, later in pairwise(times))


@pytest.mark.behaviour("STR-02")
def test_a_poison_record_blocks_its_shard_until_it_expires(cloud, kinesis, connect, seen):
    connect(printing(POISON), BatchSize=1)
    put(kinesis, "poison", "good")
    cloud.wait(23 * 3600)
    assert {tuple(batch) for batch in batches(seen)} == {("poison",)}
    tries = len(batches(seen))
    assert tries > 1_000
    cloud.wait(2 * 3600)
    flat = [value for batch in batches(seen) for value in batch]
    assert "good" not in flat  # it was as old, and has expired too
    put(kinesis, "late")
    cloud.wait(60)
    assert batches(seen)[-1] == ["late"]


@pytest.mark.behaviour("STR-03")
def test_bisecting_finds_the_poison_and_costs_no_retries(cloud, kinesis, connect, seen, given_up):
    connect(
        printing(POISON), BatchSize=8, MaximumBatchingWindowInSeconds=2, BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=1, DestinationConfig=TO_DLQ,
    )  # fmt: skip
    put(kinesis, *"abcde", "poison", *"fg")
    cloud.wait(60)
    sizes = [len(batch) for batch in batches(seen) if "poison" in batch]
    assert sizes == [8, 4, 2, 1, 1]  # three splits, then one retry of what is left
    done = [value for batch in batches(seen) if "poison" not in batch for value in batch]
    assert done == [*"abcde", *"fg"]
    (record,) = given_up()
    assert record["KinesisBatchInfo"]["batchSize"] == 1


@pytest.mark.behaviour("STR-04")
def test_exhausted_retries_send_where_the_batch_is_and_not_the_batch(cloud, kinesis, connect, seen, given_up):
    connect(printing(POISON), BatchSize=2, MaximumRetryAttempts=2, DestinationConfig=TO_DLQ)
    put(kinesis, "poison", "a", "b")
    cloud.wait(60)
    assert [batch for batch in batches(seen) if "poison" in batch] == [batches(seen)[0]] * 3
    assert batches(seen)[-1][-1] == "b"
    (record,) = given_up()
    info = record["KinesisBatchInfo"]
    assert record["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
    assert info["streamArn"] == STREAM
    assert info["shardId"] == "shardId-000000000000"
    assert "poison" not in json.dumps(record)
    iterator = kinesis.get_shard_iterator(
        StreamName="orders", ShardId=info["shardId"], ShardIteratorType="AT_SEQUENCE_NUMBER",
        StartingSequenceNumber=info["startSequenceNumber"],
    )["ShardIterator"]  # fmt: skip
    assert kinesis.get_records(ShardIterator=iterator)["Records"][0]["Data"] == b"poison"


@pytest.mark.behaviour("STR-04")
def test_records_older_than_the_mapping_allows_are_given_up(cloud, kinesis, connect, seen, given_up):
    connect(
        printing(POISON), BatchSize=1, MaximumRecordAgeInSeconds=60,
        DestinationConfig=TO_DLQ,
    )  # fmt: skip
    put(kinesis, "poison")
    cloud.wait(30)
    put(kinesis, "good")
    cloud.wait(90)
    assert batches(seen)[-1] == ["good"]
    (record,) = given_up()
    assert record["requestContext"]["condition"] == "RecordAgeExceeded"


@pytest.mark.behaviour("STR-04")
def test_a_bucket_gets_the_records_too(cloud, kinesis, connect):
    cloud.client("s3").create_bucket(Bucket="given-up")
    bucket = {"OnFailure": {"Destination": "arn:aws:s3:::given-up"}}
    connect(printing(POISON), MaximumRetryAttempts=0, DestinationConfig=bucket)
    put(kinesis, "poison")
    cloud.wait(30)
    (found,) = cloud.client("s3").list_objects_v2(Bucket="given-up")["Contents"]
    assert found["Key"].startswith("aws/lambda/")
    body = json.loads(cloud.client("s3").get_object(Bucket="given-up", Key=found["Key"])["Body"].read())
    (record,) = json.loads(body["payload"])["Records"]
    assert base64.b64decode(record["kinesis"]["data"]) == b"poison"


@pytest.mark.behaviour("STR-06")
def test_throttling_is_no_retry_of_the_function(cloud, kinesis, connect, seen, given_up):
    connect(printing(), MaximumRetryAttempts=0, DestinationConfig=TO_DLQ)
    client = cloud.client("lambda")
    client.put_function_concurrency(FunctionName="reader", ReservedConcurrentExecutions=0)
    put(kinesis, "a")
    cloud.wait(120)
    assert (seen(), given_up()) == ([], [])
    client.delete_function_concurrency(FunctionName="reader")
    cloud.wait(120)
    assert batches(seen) == [["a"]]


@pytest.mark.behaviour("STR-08")
@pytest.mark.parametrize(("position", "expected"), [("TRIM_HORIZON", "abc"), ("LATEST", "c"), ("AT_TIMESTAMP", "bc")])
def test_the_starting_position_decides_what_is_read_first(cloud, kinesis, connect, seen, position, expected):
    put(kinesis, "a")
    cloud.wait(100)
    at = cloud.now.timestamp()
    put(kinesis, "b")
    cloud.wait(100)
    arguments = {"StartingPositionTimestamp": datetime.fromtimestamp(at, UTC)} if position == "AT_TIMESTAMP" else {}
    mapping = connect(printing(), BatchSize=1, StartingPosition=position, **arguments)
    put(kinesis, "c")
    cloud.wait(20)
    assert [value for batch in batches(seen) for value in batch] == list(expected)
    cloud.client("lambda").update_event_source_mapping(UUID=mapping, Enabled=False)
    put(kinesis, "d")
    cloud.wait(20)
    cloud.client("lambda").update_event_source_mapping(UUID=mapping, Enabled=True)
    cloud.wait(20)
    assert batches(seen)[-1] == ["d"]  # it goes on where it was


def arrivals_ms(cloud, kinesis, seen, count=60):
    sent = []
    for number in range(count):
        sent.append(cloud.now.timestamp())
        put(kinesis, str(number))
        cloud.wait(7.3)
    found = {line["data"][0]: line["at"] for line in seen()}
    return sorted((found[str(number)] - sent[number]) * 1_000 for number in range(count))


@pytest.mark.behaviour("STR-09")
def test_a_shared_shard_is_polled_about_once_a_second(cloud, kinesis, connect, seen):
    connect(printing(), StartingPosition="LATEST")
    latencies = arrivals_ms(cloud, kinesis, seen)
    published = cloud.facts.value("latency.hop.kinesis_standard_esm")
    assert published["p10"] < latencies[len(latencies) // 2] < published["p90"]


@pytest.mark.behaviour("STR-09")
def test_enhanced_fan_out_pushes(cloud, kinesis, connect, seen):
    consumer = kinesis.register_stream_consumer(StreamARN=STREAM, ConsumerName="fast")["Consumer"]["ConsumerARN"]
    connect(printing(), arn=consumer, StartingPosition="LATEST")
    latencies = arrivals_ms(cloud, kinesis, seen)
    published = cloud.facts.value("latency.hop.kinesis_efo_esm")
    assert published["p10"] / 2 < latencies[len(latencies) // 2] < published["p99"]


COUNT = """
    import json
    def handler(event, context):
        state = event["state"]
        state["count"] = state.get("count", 0) + len(event["Records"])
        final = event["isFinalInvokeForWindow"]
        print(json.dumps({"final": final, "count": state["count"], "window": event["window"]}))
        return None if final else {"state": state}
"""


@pytest.mark.behaviour("STR-10")
def test_a_tumbling_window_hands_its_state_on_and_says_when_it_is_over(cloud, kinesis, connect, seen):
    connect(COUNT, BatchSize=2, TumblingWindowInSeconds=60)
    put(kinesis, *"abcde")
    cloud.wait(90)
    put(kinesis, *"fg")
    cloud.wait(90)
    finals = [line for line in seen() if line["final"]]
    assert [line["count"] for line in finals] == [5, 2]
    assert finals[0]["window"] == {"start": "2025-01-06T08:00:00Z", "end": "2025-01-06T08:01:00Z"}
    assert len(seen()) > 4


# -- DynamoDB ----------------------------------------------------------------------------------------


@pytest.fixture
def table(cloud):
    """The orders' table with a stream; returns the stream's ARN."""
    return cloud.client("dynamodb").create_table(
        TableName="orders", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )["TableDescription"]["LatestStreamArn"]  # fmt: skip


CHANGES = """
    import json
    def handler(event, context):
        for r in event["Records"]:
            print(json.dumps({"name": r["eventName"], **r["dynamodb"], "who": r.get("userIdentity")}))
"""


@pytest.mark.behaviour("STR-12")
def test_a_tables_stream_has_each_change_once_and_in_order(cloud, table, connect, seen):
    connect(CHANGES, arn=table)
    items = cloud.client("dynamodb")
    items.put_item(TableName="orders", Item={"id": {"S": "1"}, "n": {"N": "1"}})
    items.put_item(TableName="orders", Item={"id": {"S": "1"}, "n": {"N": "1"}})  # nothing has changed
    items.update_item(
        TableName="orders", Key={"id": {"S": "1"}}, UpdateExpression="SET n = :n",
        ExpressionAttributeValues={":n": {"N": "2"}},
    )  # fmt: skip
    items.delete_item(TableName="orders", Key={"id": {"S": "1"}})
    cloud.wait(5)
    found = seen()
    assert [change["name"] for change in found] == ["INSERT", "MODIFY", "REMOVE"]
    assert found[1]["OldImage"]["n"] == {"N": "1"}
    assert found[1]["NewImage"]["n"] == {"N": "2"}
    assert "OldImage" not in found[0]
    assert "NewImage" not in found[2]
    assert found[0]["StreamViewType"] == "NEW_AND_OLD_IMAGES"


@pytest.mark.behaviour("STR-12")
def test_a_tables_stream_keeps_a_day(cloud, table):
    cloud.client("dynamodb").put_item(TableName="orders", Item={"id": {"S": "1"}})
    streams = cloud.client("dynamodbstreams")
    shard = streams.describe_stream(StreamArn=table)["StreamDescription"]["Shards"][0]["ShardId"]

    def read():
        iterator = streams.get_shard_iterator(StreamArn=table, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
        return streams.get_records(ShardIterator=iterator["ShardIterator"])["Records"]

    cloud.wait(23 * 3600)
    (record,) = read()
    assert record["dynamodb"]["Keys"] == {"id": {"S": "1"}}
    cloud.wait(2 * 3600)
    assert read() == []


@pytest.mark.behaviour("STR-12")
def test_a_stream_that_was_switched_off_takes_nothing_more_and_can_still_be_read(cloud, table):
    items, streams = cloud.client("dynamodb"), cloud.client("dynamodbstreams")
    items.put_item(TableName="orders", Item={"id": {"S": "1"}})
    items.update_table(TableName="orders", StreamSpecification={"StreamEnabled": False})
    items.put_item(TableName="orders", Item={"id": {"S": "2"}})
    described = streams.describe_stream(StreamArn=table)["StreamDescription"]
    assert (described["StreamStatus"], described["StreamViewType"]) == ("DISABLED", "NEW_AND_OLD_IMAGES")
    shard = described["Shards"][0]["ShardId"]
    iterator = streams.get_shard_iterator(StreamArn=table, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    records = streams.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
    assert [record["dynamodb"]["Keys"]["id"]["S"] for record in records] == ["1"]


@pytest.mark.behaviour("DDB-04")
def test_an_expired_item_leaves_as_a_deletion_by_the_service(cloud, table, connect, seen):
    connect(CHANGES, arn=table)
    items = cloud.client("dynamodb")
    items.update_time_to_live(TableName="orders", TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"})
    expires = str(int(cloud.now.timestamp()) + 60)
    items.put_item(TableName="orders", Item={"id": {"S": "1"}, "expires": {"N": expires}})
    cloud.wait(72 * 3600)
    items.scan(TableName="orders")
    cloud.wait(5)
    assert [change["name"] for change in seen()] == ["INSERT", "REMOVE"]
    assert seen()[1]["who"] == {"type": "Service", "principalId": "dynamodb.amazonaws.com"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"StartingPosition": None}, "StartingPosition is required"),
        ({"ParallelizationFactor": 11}, "ParallelizationFactor"),
        ({"MaximumRecordAgeInSeconds": 30}, "MaximumRecordAgeInSeconds must be -1 or at least 60"),
        ({"StartingPosition": "AT_TIMESTAMP"}, "StartingPositionTimestamp is required"),
        ({"StartingPosition": "BEGINNING"}, r"enum value set: \[LATEST, AT_TIMESTAMP, TRIM_HORIZON\]"),
        ({"ScalingConfig": {"MaximumConcurrency": 5}}, "Unsupported ScalingConfig"),
        ({"DestinationConfig": {"OnFailure": {"Destination": FUNCTION}}}, "queue, a topic or a bucket"),
        ({"FilterCriteria": {"Filters": [{"Pattern": "{"}]}}, "Invalid filter pattern"),
    ],
)  # fmt: skip
def test_what_a_stream_cannot_have_is_refused(kinesis, connect, arguments, message):
    with pytest.raises(ClientError, match=message):
        connect(printing(), **arguments)
