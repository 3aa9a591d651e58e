"""ListShards. Source: the Kinesis API reference on ListShards and ShardFilter."""

from __future__ import annotations

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

HALF, QUARTER = str(2**127), str(2**126)


@pytest.fixture
def kinesis(cloud):
    """A stream that split its shard 0 an hour ago, and shard 1 of that just now: 3 and 4 come from there."""
    client = cloud.client("kinesis")
    client.create_stream(StreamName="orders", ShardCount=1)
    cloud.wait(3_600)
    client.split_shard(StreamName="orders", ShardToSplit=shard(0), NewStartingHashKey=HALF)
    cloud.wait(3_600)
    client.split_shard(StreamName="orders", ShardToSplit=shard(1), NewStartingHashKey=QUARTER)
    return client


def shard(number):
    return f"shardId-{number:012d}"


@pytest.fixture
def listed(cloud, kinesis):
    def call(kind=None, hours_ago=None, **more):
        given = {} if kind is None else {"ShardFilter": {"Type": kind}}
        if hours_ago is not None:
            given["ShardFilter"]["Timestamp"] = cloud.now - timedelta(hours=hours_ago)
        if "ShardId" in more:
            given["ShardFilter"]["ShardId"] = more.pop("ShardId")
        found = kinesis.list_shards(StreamName="orders", **given, **more)["Shards"]
        return [int(one["ShardId"][-12:]) for one in found]

    return call


@pytest.mark.parametrize(
    ("kind", "hours_ago", "expected"),
    [
        (None, None, [0, 1, 2, 3, 4]),
        ("AT_LATEST", None, [2, 3, 4]),
        ("AT_TRIM_HORIZON", None, [0]),
        ("FROM_TRIM_HORIZON", None, [0, 1, 2, 3, 4]),
        ("AT_TIMESTAMP", 0.5, [1, 2]),
        ("AT_TIMESTAMP", 1.5, [0]),
        ("FROM_TIMESTAMP", 0.5, [1, 2, 3, 4]),
        ("FROM_TIMESTAMP", 1.5, [0, 1, 2, 3, 4]),
    ],
)
def test_shards_are_listed_as_they_were_at_a_time_or_since_then(listed, kind, hours_ago, expected):
    assert listed(kind, hours_ago) == expected


def test_shards_are_listed_after_one_of_them(listed):
    assert listed(ExclusiveStartShardId=shard(2)) == [3, 4]
    assert listed("AFTER_SHARD_ID", ShardId=shard(1)) == [2, 3, 4]


def test_what_was_closed_before_the_retention_period_is_not_from_the_trim_horizon(cloud, listed):
    cloud.wait(23.5 * 3_600)
    assert listed("AT_TRIM_HORIZON") == [1, 2]
    assert listed("FROM_TRIM_HORIZON") == [1, 2, 3, 4]


def test_a_page_goes_on_where_the_one_before_ended(kinesis):
    pages, token = [], {"StreamName": "orders", "ShardFilter": {"Type": "FROM_TRIM_HORIZON"}}
    while True:
        answer = kinesis.list_shards(MaxResults=2, **token)
        pages.append([int(one["ShardId"][-12:]) for one in answer["Shards"]])
        if "NextToken" not in answer:
            break
        token = {"NextToken": answer["NextToken"]}
    assert pages == [[0, 1], [2, 3], [4]]
    with pytest.raises(ClientError, match="InvalidArgumentException"):
        kinesis.list_shards(NextToken="nonsense")


@pytest.mark.parametrize("kind", ["AT_TIMESTAMP", "FROM_TIMESTAMP", "AFTER_SHARD_ID"])
def test_a_filter_says_what_it_needs(listed, kind):
    with pytest.raises(ClientError, match="InvalidArgumentException"):
        listed(kind)
