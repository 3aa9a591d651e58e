"""Streams that get other shards, and how they are read then.

Sources: the Kinesis API reference on UpdateShardCount, GetRecords and GetShardIterator; the developer guide on
resharding: what is in a parent is read before what is in its children.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/orders"
FIRST, SECOND, THIRD = (f"shardId-00000000000{number}" for number in range(3))
HALF = str(2**127)
READER = """
    import base64

    def handler(event, context):
        for record in event["Records"]:
            print("saw", base64.b64decode(record["kinesis"]["data"]).decode())
"""


@pytest.fixture
def kinesis(cloud):
    return cloud.client("kinesis", config=Config(retries={"total_max_attempts": 1}))


@pytest.fixture
def stream(kinesis):
    def create(shards):
        kinesis.create_stream(StreamName="orders", ShardCount=shards)

    return create


@pytest.fixture
def put(kinesis):
    def call(letter, count=8):
        for number in range(count):  # spread over the shards
            kinesis.put_record(StreamName="orders", PartitionKey=str(number), Data=letter.encode())

    return call


@pytest.fixture
def saw(log_lines):
    def read():
        return "".join(line.split()[1] for line in log_lines("reader") if line.startswith("saw"))

    return read


@pytest.fixture
def open_shards(kinesis):
    def count():
        return kinesis.describe_stream_summary(StreamName="orders")["StreamDescriptionSummary"]["OpenShardCount"]

    return count


@pytest.fixture
def read(kinesis):
    def call(shard):
        asked = {"StreamName": "orders", "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
        return kinesis.get_records(ShardIterator=kinesis.get_shard_iterator(**asked)["ShardIterator"])

    return call


@pytest.fixture
def connect(cloud, function):
    def call(position="TRIM_HORIZON", **settings):
        function("reader", READER)
        cloud.client("lambda").create_event_source_mapping(
            FunctionName="reader", EventSourceArn=ARN, StartingPosition=position, BatchSize=2, **settings
        )

    return call


def test_the_end_of_a_shard_names_its_children(kinesis, stream, put, read):
    stream(1)
    put("a", 1)
    assert "ChildShards" not in read(FIRST)
    kinesis.split_shard(StreamName="orders", ShardToSplit=FIRST, NewStartingHashKey=HALF)
    end = read(FIRST)
    assert [record["Data"] for record in end["Records"]] == [b"a"]
    assert "NextShardIterator" not in end
    assert [(child["ShardId"], child["ParentShards"]) for child in end["ChildShards"]] == [
        (SECOND, [FIRST]),
        (THIRD, [FIRST]),
    ]
    assert end["ChildShards"][1]["HashKeyRange"] == {"StartingHashKey": HALF, "EndingHashKey": str(2**128 - 1)}


@pytest.mark.parametrize("order", [(FIRST, SECOND), (SECOND, FIRST)])
def test_neighbours_are_merged_in_either_order(kinesis, stream, put, read, open_shards, order):
    stream(2)
    put("a")
    kinesis.merge_shards(StreamName="orders", ShardToMerge=order[0], AdjacentShardToMerge=order[1])
    assert open_shards() == 1
    child = kinesis.list_shards(StreamName="orders")["Shards"][-1]
    assert (child["ParentShardId"], child["AdjacentParentShardId"]) == order
    assert child["HashKeyRange"] == {"StartingHashKey": "0", "EndingHashKey": str(2**128 - 1)}
    assert [found["ShardId"] for found in read(FIRST)["ChildShards"]] == [THIRD]
    put("b")
    assert len(read(THIRD)["Records"]) == 8


@pytest.mark.parametrize(("target", "reason"), [(9, "scale up over double"), (1, "scale down below half")])
def test_a_stream_at_most_doubles_and_at_most_halves_at_once(kinesis, stream, open_shards, target, reason):
    stream(4)
    scale = {"StreamName": "orders", "ScalingType": "UNIFORM_SCALING"}
    with pytest.raises(ClientError, match=f"LimitExceededException.*{reason} your current open shard count"):
        kinesis.update_shard_count(TargetShardCount=target, **scale)
    kinesis.update_shard_count(TargetShardCount=8, **scale)
    kinesis.update_shard_count(TargetShardCount=4, **scale)
    assert open_shards() == 4


def test_a_stream_is_scaled_ten_times_in_any_24_hours(cloud, kinesis, stream, open_shards):
    stream(1)
    scale = {"StreamName": "orders", "ScalingType": "UNIFORM_SCALING"}
    for number in range(10):
        kinesis.update_shard_count(TargetShardCount=1 + (number + 1) % 2, **scale)
        cloud.wait(3_600)
    with pytest.raises(ClientError, match="LimitExceededException"):
        kinesis.update_shard_count(TargetShardCount=2, **scale)
    cloud.wait(14 * 3_600)
    kinesis.update_shard_count(TargetShardCount=2, **scale)
    assert open_shards() == 2


def test_no_iterator_begins_in_the_future(cloud, kinesis, stream):
    stream(1)
    asked = {"StreamName": "orders", "ShardId": FIRST, "ShardIteratorType": "AT_TIMESTAMP"}
    kinesis.get_shard_iterator(**asked, Timestamp=cloud.now)
    with pytest.raises(ClientError, match="timestampInMillis parameter cannot be greater than"):
        kinesis.get_shard_iterator(**asked, Timestamp=cloud.now + timedelta(seconds=10))


def test_a_mapping_reads_every_generation_of_shards_after_the_one_before(cloud, kinesis, stream, put, connect, saw):
    stream(1)
    put("a")
    kinesis.split_shard(StreamName="orders", ShardToSplit=FIRST, NewStartingHashKey=HALF)
    put("b")
    kinesis.merge_shards(StreamName="orders", ShardToMerge=SECOND, AdjacentShardToMerge=THIRD)
    put("c")
    connect()
    cloud.wait(120)
    assert saw() == "a" * 8 + "b" * 8 + "c" * 8


def test_a_mapping_that_begins_at_the_end_leaves_out_what_was_in_parents_and_children(
    cloud, kinesis, stream, put, connect, saw
):
    stream(1)
    put("a")
    kinesis.split_shard(StreamName="orders", ShardToSplit=FIRST, NewStartingHashKey=HALF)
    put("b")
    connect("LATEST")
    cloud.wait(5)
    put("c")
    cloud.wait(60)
    assert saw() == "c" * 8


def test_lanes_that_had_nothing_to_do_keep_nobody_from_the_children(cloud, kinesis, stream, put, connect, saw):
    stream(1)
    connect(ParallelizationFactor=4)
    put("a", 1)  # one key: three lanes see nothing
    cloud.wait(20)
    kinesis.split_shard(StreamName="orders", ShardToSplit=FIRST, NewStartingHashKey=HALF)
    put("b")
    cloud.wait(60)
    assert saw() == "a" + "b" * 8
