"""Streams as targets of rules."""

from __future__ import annotations

import json

import pytest

ROLE = "arn:aws:iam::123456789012:role/events"


@pytest.fixture
def stream(cloud):
    """A stream of four shards behind a rule; returns (put target, records)."""
    kinesis, events = cloud.client("kinesis"), cloud.client("events")
    kinesis.create_stream(StreamName="orders", ShardCount=4)
    arn = kinesis.describe_stream_summary(StreamName="orders")["StreamDescriptionSummary"]["StreamARN"]
    events.put_rule(Name="all", EventPattern='{"source": ["shop"]}')

    def target(**settings):
        events.put_targets(Rule="all", Targets=[{"Id": "stream", "Arn": arn, **settings}])

    def records():
        found = []
        for shard in kinesis.list_shards(StreamName="orders")["Shards"]:
            iterator = kinesis.get_shard_iterator(
                StreamName="orders", ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            found += kinesis.get_records(ShardIterator=iterator)["Records"]
        return [(record["PartitionKey"], json.loads(record["Data"])) for record in found]

    return target, records


def publish(cloud, **detail):
    entry = {"Source": "shop", "DetailType": "Order", "Detail": json.dumps(detail)}
    return cloud.client("events").put_events(Entries=[entry])["Entries"][0]["EventId"]


def test_an_event_becomes_a_record_under_the_key_that_its_path_finds(cloud, stream):
    target, records = stream
    target(RoleArn=ROLE, KinesisParameters={"PartitionKeyPath": "$.detail.town"})
    publish(cloud, town="Lyon", number=1)
    cloud.wait(10)
    ((key, event),) = records()
    assert (key, event["detail"], event["detail-type"]) == ("Lyon", {"town": "Lyon", "number": 1}, "Order")


@pytest.mark.parametrize("path", [{}, {"KinesisParameters": {"PartitionKeyPath": "$.detail.nothing"}}])
def test_without_a_key_the_event_id_is_it(cloud, stream, path):
    target, records = stream
    target(RoleArn=ROLE, InputPath="$.detail", **path)
    event_id = publish(cloud, town="Lyon")
    cloud.wait(10)
    assert records() == [(event_id, {"town": "Lyon"})]
