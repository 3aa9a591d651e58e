"""Kinesis data streams through boto3: writing within limits, reading by iterators, resharding, costs."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from localcloud.cost import cost_report
from localcloud.stores.shards import Entry, ShardLog

ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/orders"


@pytest.fixture
def kinesis(cloud):
    client = cloud.client("kinesis")
    client.create_stream(StreamName="orders", ShardCount=2)
    return client


def put(kinesis, *values, key="k", **where):
    return [kinesis.put_record(StreamName="orders", PartitionKey=key, Data=value.encode(), **where) for value in values]


def iterator(kinesis, shard, kind="TRIM_HORIZON", **rest):
    return kinesis.get_shard_iterator(StreamName="orders", ShardId=shard, ShardIteratorType=kind, **rest)[
        "ShardIterator"
    ]


def data(answer):
    return [record["Data"].decode() for record in answer["Records"]]


def test_a_key_always_finds_its_shard_and_sequence_numbers_grow(kinesis):
    answers = put(kinesis, *"abc", key="croissant")
    assert len({answer["ShardId"] for answer in answers}) == 1
    numbers = [int(answer["SequenceNumber"]) for answer in answers]
    assert numbers == sorted(set(numbers))
    assert len(answers[0]["SequenceNumber"]) == 56
    spread = {put(kinesis, "x", key=str(number))[0]["ShardId"] for number in range(20)}
    assert len(spread) == 2
    (last,) = put(kinesis, "x", key="croissant", ExplicitHashKey=str(2**128 - 1))
    assert last["ShardId"] == "shardId-000000000001"


def test_iterators_begin_where_they_are_asked_to(cloud, kinesis):
    first, second, third = put(kinesis, *"abc")
    shard = first["ShardId"]
    assert data(kinesis.get_records(ShardIterator=iterator(kinesis, shard))) == list("abc")
    at = iterator(kinesis, shard, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=second["SequenceNumber"])
    after = iterator(kinesis, shard, "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=second["SequenceNumber"])
    assert data(kinesis.get_records(ShardIterator=at)) == ["b", "c"]
    assert data(kinesis.get_records(ShardIterator=after)) == ["c"]
    latest = iterator(kinesis, shard, "LATEST")
    put(kinesis, "d")
    answer = kinesis.get_records(ShardIterator=latest)
    assert data(answer) == ["d"]
    assert data(kinesis.get_records(ShardIterator=answer["NextShardIterator"])) == []
    cloud.wait(1)
    limited = kinesis.get_records(ShardIterator=iterator(kinesis, shard), Limit=3)
    assert data(limited) == list("abc")
    assert limited["MillisBehindLatest"] >= 1_000
    assert third["SequenceNumber"] == limited["Records"][-1]["SequenceNumber"]


def test_an_iterator_is_valid_for_five_minutes(cloud, kinesis):
    token = iterator(kinesis, "shardId-000000000000")
    cloud.wait(301)
    with pytest.raises(ClientError, match="ExpiredIteratorException"):
        kinesis.get_records(ShardIterator=token)
    with pytest.raises(ClientError, match="Invalid ShardIterator"):
        kinesis.get_records(ShardIterator="nonsense")


def test_a_shard_takes_a_thousand_records_and_a_megabyte_a_second(cloud, kinesis):
    entries = [{"PartitionKey": "k", "Data": b"x"} for _ in range(500)]
    cloud.wait(1 - cloud.kernel.unix_us % 1_000_000 / 1e6)
    answers = [cloud.api.direct("kinesis", "PutRecords", {"StreamName": "orders", "Records": entries}) for _ in "abc"]
    assert [answer["FailedRecordCount"] for answer in answers] == [0, 0, 500]
    assert answers[2]["Records"][0]["ErrorCode"] == "ProvisionedThroughputExceededException"
    big = {"StreamName": "orders", "PartitionKey": "k", "Data": b"x" * 700_000}
    cloud.wait(2 - cloud.kernel.unix_us % 1_000_000 / 1e6)
    cloud.api.direct("kinesis", "PutRecord", dict(big))
    with pytest.raises(Exception, match="Rate exceeded for shard"):
        cloud.api.direct("kinesis", "PutRecord", dict(big))
    cloud.wait(1)
    cloud.api.direct("kinesis", "PutRecord", dict(big))


def test_a_shard_is_read_five_times_a_second(cloud, kinesis):
    token = iterator(kinesis, "shardId-000000000000")
    cloud.wait(1 - cloud.kernel.unix_us % 1_000_000 / 1e6)
    for _ in range(5):
        cloud.api.direct("kinesis", "GetRecords", {"ShardIterator": token})
    with pytest.raises(Exception, match="Rate exceeded for shard"):
        cloud.api.direct("kinesis", "GetRecords", {"ShardIterator": token})


def test_a_stream_takes_records_of_a_mebibyte_until_it_is_told_to_take_larger_ones(cloud, kinesis):
    large = {"StreamName": "orders", "PartitionKey": "k", "Data": b"x" * 1_100_000}
    with pytest.raises(Exception, match="length less than or equal to 1048576"):
        kinesis.put_record(**large)
    with pytest.raises(ClientError, match="between 1024 and 10240"):
        cloud.client("kinesis").update_max_record_size(StreamARN=ARN, MaxRecordSizeInKiB=20_000)
    kinesis.update_max_record_size(StreamARN=ARN, MaxRecordSizeInKiB=2_048)
    kinesis.put_record(**large)
    kinesis.create_stream(StreamName="pictures", ShardCount=1, MaxRecordSizeInKiB=10_240)
    found = kinesis.describe_stream_summary(StreamName="pictures")["StreamDescriptionSummary"]
    assert found["MaxRecordSizeInKiB"] == 10_240


def test_a_record_larger_than_a_second_of_its_shard_is_let_in_and_made_up_for(cloud, kinesis):
    kinesis.update_max_record_size(StreamARN=ARN, MaxRecordSizeInKiB=10_240)
    large = {"StreamName": "orders", "PartitionKey": "k", "Data": b"x" * 3_500_000}
    small = {**large, "Data": b"x"}
    cloud.api.direct("kinesis", "PutRecord", dict(large))
    for _ in range(3):
        with pytest.raises(Exception, match="Rate exceeded for shard"):
            cloud.api.direct("kinesis", "PutRecord", dict(large))
        cloud.wait(1)
    cloud.api.direct("kinesis", "PutRecord", dict(small))


def test_a_call_may_read_more_than_a_second_of_its_shard_which_then_gives_nothing_for_a_while(cloud, kinesis):
    kinesis.update_max_record_size(StreamARN=ARN, MaxRecordSizeInKiB=10_240)
    large = {"StreamName": "orders", "PartitionKey": "k", "Data": b"x" * 3_900_000}
    for _ in range(4):
        shard = cloud.api.direct("kinesis", "PutRecord", dict(large))["ShardId"]
        cloud.wait(5)
    answer = kinesis.get_records(ShardIterator=iterator(kinesis, shard))
    assert len(answer["Records"]) == 2  # a call brings 10 MB at most
    for _ in range(3):
        with pytest.raises(Exception, match="Rate exceeded for shard"):
            cloud.api.direct("kinesis", "GetRecords", {"ShardIterator": answer["NextShardIterator"]})
        cloud.wait(1)
    cloud.wait(1)
    assert len(kinesis.get_records(ShardIterator=answer["NextShardIterator"])["Records"]) == 2


def test_a_call_asks_for_ten_thousand_records_at_most(kinesis):
    with pytest.raises(ClientError, match="InvalidArgumentException"):
        kinesis.get_records(ShardIterator=iterator(kinesis, "shardId-000000000000"), Limit=10_001)


def test_children_of_a_split_shard_come_after_their_parent(cloud, kinesis, function, log_lines):
    function(
        "reader",
        """
        import base64
        def handler(event, context):
            for r in event["Records"]:
                print("saw", base64.b64decode(r["kinesis"]["data"]).decode(), r["eventID"].split(":")[0])
        """,
    )
    cloud.client("lambda").create_event_source_mapping(
        FunctionName="reader", EventSourceArn=ARN, StartingPosition="TRIM_HORIZON", BatchSize=1
    )
    before = put(kinesis, *"abcd", ExplicitHashKey="5")
    kinesis.split_shard(StreamName="orders", ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2**126))
    after = put(kinesis, *"efgh", ExplicitHashKey="5")
    assert before[0]["ShardId"] != after[0]["ShardId"]
    cloud.wait(30)
    saw = [line.split()[1:] for line in log_lines("reader") if line.startswith("saw")]
    assert [value for value, _ in saw] == list("abcdefgh")
    shards = {shard["ShardId"]: shard for shard in kinesis.list_shards(StreamName="orders")["Shards"]}
    assert shards[after[0]["ShardId"]]["ParentShardId"] == "shardId-000000000000"
    assert "EndingSequenceNumber" in shards["shardId-000000000000"]["SequenceNumberRange"]
    closed = kinesis.get_records(ShardIterator=iterator(kinesis, "shardId-000000000000"))
    assert data(closed) == list("abcd")
    assert "NextShardIterator" not in closed


def test_filters_look_into_the_data(cloud, kinesis, function, log_lines):
    function("reader", "def handler(event, context): print('saw', len(event['Records']))")
    pattern = '{"data": {"kind": ["cake"], "price": [{"numeric": [">", 10]}]}}'
    cloud.client("lambda").create_event_source_mapping(
        FunctionName="reader", EventSourceArn=ARN, StartingPosition="TRIM_HORIZON", MaximumBatchingWindowInSeconds=5,
        FilterCriteria={"Filters": [{"Pattern": pattern}]},
    )  # fmt: skip
    put(kinesis, '{"kind": "cake", "price": 30}', '{"kind": "cake", "price": 3}', "no json", '{"kind": "bread"}')
    cloud.wait(30)
    assert [line for line in log_lines("reader") if line.startswith("saw")] == ["saw 1"]


def test_a_partial_response_goes_on_at_the_lowest_failure(cloud, kinesis, function, log_lines):
    function(
        "reader",
        """
        import base64, json
        tries = 0
        def handler(event, context):
            global tries
            tries += 1
            data = {r["kinesis"]["sequenceNumber"]: base64.b64decode(r["kinesis"]["data"]).decode()
                    for r in event["Records"]}
            print("saw", "".join(data.values()))
            bad = [number for number, value in data.items() if value in "ce" and tries < 2]
            return {"batchItemFailures": [{"itemIdentifier": number} for number in reversed(bad)]}
        """,
    )
    cloud.client("lambda").create_event_source_mapping(
        FunctionName="reader", EventSourceArn=ARN, StartingPosition="TRIM_HORIZON", MaximumBatchingWindowInSeconds=5,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )  # fmt: skip
    put(kinesis, *"abcdef")
    cloud.wait(30)
    assert [line for line in log_lines("reader") if line.startswith("saw")] == ["saw abcdef", "saw cdef"]


def test_streams_cost_by_the_hour_and_by_what_goes_in(cloud, kinesis):
    before = cloud.meter.snapshot()
    put(kinesis, "x" * 30_000)
    cloud.wait(3600)
    report = cost_report(cloud.meter.since(before), cloud.facts)
    quantities = {line.item: line.quantity for line in report.lines}
    assert quantities["kinesis.put_units"] == 2
    assert quantities["kinesis.shard_hours"] == pytest.approx(2, rel=0.01)


def test_a_template_makes_a_stream_and_what_reads_it(cloud):
    template = """
    Transform: AWS::Serverless-2016-10-31
    Resources:
      Orders: {Type: AWS::Kinesis::Stream, Properties: {ShardCount: 1, RetentionPeriodHours: 48}}
      Fast: {Type: AWS::Kinesis::StreamConsumer, Properties: {ConsumerName: fast, StreamARN: !GetAtt Orders.Arn}}
      Reader:
        Type: AWS::Serverless::Function
        Properties:
          Handler: index.handler
          Runtime: python3.13
          InlineCode: "def handler(event, context): print('saw', len(event['Records']))"
          Events:
            Orders:
              Type: Kinesis
              Properties: {Stream: !GetAtt Fast.ConsumerARN, StartingPosition: LATEST, BatchSize: 5}
    Outputs:
      Stream: {Value: !Ref Orders}
      Reader: {Value: !Ref Reader}
    """
    client = cloud.client("cloudformation")
    client.create_stack(
        StackName="shop", TemplateBody=template, Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
    )
    client.get_waiter("stack_create_complete").wait(StackName="shop", WaiterConfig={"Delay": 5})
    found = client.describe_stacks(StackName="shop")["Stacks"][0]["Outputs"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found}
    cloud.client("kinesis").put_record(StreamName=outputs["Stream"], PartitionKey="k", Data=b"x")
    cloud.wait(5)
    events = cloud.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{outputs['Reader']}")["events"]
    assert "saw 1" in [event["message"] for event in events]
    client.delete_stack(StackName="shop")
    client.get_waiter("stack_delete_complete").wait(StackName="shop", WaiterConfig={"Delay": 5})
    assert cloud.client("kinesis").list_streams()["StreamNames"] == []


def test_positions_stay_when_old_records_go():
    log = ShardLog()
    for number in range(5):
        log.append(Entry(100 + number, number * 10, "k", 1, number))
    log.trim(before_us=25)
    assert (log.start, log.end, log.at(2), log.at(3).data) == (3, 5, None, 3)
    assert (log.position_at_time(30), log.position_at_time(0), log.position_after(103)) == (3, 3, 4)
    log.take_back(4)
    assert (log.end, log.at(4)) == (4, None)


def test_the_name_of_a_consumer_is_taken_once(kinesis):
    kinesis.register_stream_consumer(StreamARN=ARN, ConsumerName="kitchen")
    with pytest.raises(kinesis.exceptions.ResourceInUseException, match="Consumer kitchen already exists"):
        kinesis.register_stream_consumer(StreamARN=ARN, ConsumerName="kitchen")


def test_types_of_iterators_are_those_of_the_model(kinesis):
    with pytest.raises(ClientError, match="Member must satisfy enum value set"):
        iterator(kinesis, "shardId-000000000000", "BEGINNING")
