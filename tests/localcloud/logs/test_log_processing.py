"""Metric filters, subscriptions, classes and retention of log groups."""

from __future__ import annotations

import base64
import gzip
import json
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:reader"


@pytest.fixture
def logs(cloud):
    client = cloud.client("logs")
    client.create_log_group(logGroupName="/shop")
    client.create_log_stream(logGroupName="/shop", logStreamName="s")
    return client


@pytest.fixture
def write(cloud, logs):
    def lines(*messages):
        now_ms = cloud.kernel.unix_us // 1_000
        events = [{"timestamp": now_ms, "message": message} for message in messages]
        return logs.put_log_events(logGroupName="/shop", logStreamName="s", logEvents=events)

    return lines


@pytest.fixture
def total(cloud):
    def read(name, stat="Sum", **dimensions):
        stat = {
            "Metric": {
                "Namespace": "Shop", "MetricName": name,
                "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
            },
            "Period": 60, "Stat": stat,
        }  # fmt: skip
        (found,) = cloud.client("cloudwatch").get_metric_data(
            MetricDataQueries=[{"Id": "m", "MetricStat": stat}], ScanBy="TimestampAscending",
            StartTime=cloud.now - timedelta(hours=1), EndTime=cloud.now + timedelta(minutes=1),
        )["MetricDataResults"]  # fmt: skip
        return found["Values"]

    return read


def put_filter(logs, pattern, **transformation):
    logs.put_metric_filter(
        logGroupName="/shop", filterName="f", filterPattern=pattern,
        metricTransformations=[{"metricNamespace": "Shop", "metricName": "M", "metricValue": "1", **transformation}],
    )  # fmt: skip


def test_matching_lines_are_counted_and_quiet_minutes_have_the_default(cloud, logs, write, total):
    put_filter(logs, "ERROR", defaultValue=0)
    write("ERROR a", "fine", "ERROR b")
    cloud.wait(60)
    write("fine")
    cloud.wait(60)
    assert total("M") == [2.0, 0.0]


def test_values_and_dimensions_out_of_json(logs, write, total):
    put_filter(logs, "{ $.ms > 0 }", metricValue="$.ms", dimensions={"cake": "$.cake"})
    write('{"ms": 20, "cake": "tarte"}', '{"ms": 30, "cake": "tarte"}', '{"ms": 5, "cake": "eclair"}', '{"ms": 5}')
    assert total("M", cake="tarte") == [50.0]
    assert total("M", cake="eclair") == [5.0]
    assert total("M") == []


def test_values_out_of_fields(logs, write, total):
    put_filter(logs, "[user, size > 10]", metricValue="$size")
    write("amelie 20", "luc 5")
    assert total("M") == [20.0]


def test_a_filter_is_replaced_and_deleted(logs, write, total):
    put_filter(logs, "ERROR")
    put_filter(logs, "WARN")
    write("ERROR")
    assert total("M") == []
    assert len(logs.describe_metric_filters(logGroupName="/shop")["metricFilters"]) == 1
    logs.delete_metric_filter(logGroupName="/shop", filterName="f")
    write("WARN")
    assert total("M") == []


def test_an_invalid_pattern_is_refused(logs):
    with pytest.raises(ClientError, match="InvalidParameterException"):
        put_filter(logs, "{ $.a > }")


def test_a_subscription_hands_lines_to_a_function(cloud, logs, write, function, log_lines):
    function("reader", "def handler(event, context): print('DATA', event['awslogs']['data'])")
    logs.put_subscription_filter(
        logGroupName="/shop", filterName="to-reader", filterPattern="ERROR", destinationArn=FUNCTION
    )
    write("ERROR one", "fine")
    cloud.wait(10)
    (line,) = [line for line in log_lines("reader") if line.startswith("DATA")]
    payload = json.loads(gzip.decompress(base64.b64decode(line.split()[1])))
    assert payload["subscriptionFilters"] == ["to-reader"]
    assert (payload["logGroup"], payload["logStream"], payload["messageType"]) == ("/shop", "s", "DATA_MESSAGE")
    assert [event["message"] for event in payload["logEvents"]] == ["ERROR one"]


def test_a_subscription_hands_lines_to_a_stream(cloud, logs, write):
    kinesis = cloud.client("kinesis")
    kinesis.create_stream(StreamName="lines", ShardCount=1)
    arn = kinesis.describe_stream_summary(StreamName="lines")["StreamDescriptionSummary"]["StreamARN"]
    logs.put_subscription_filter(
        logGroupName="/shop", filterName="f", filterPattern="", destinationArn=arn,
        roleArn="arn:aws:iam::123456789012:role/logs",
    )  # fmt: skip
    write("a", "b")
    shard = kinesis.list_shards(StreamName="lines")["Shards"][0]["ShardId"]
    iterator = kinesis.get_shard_iterator(StreamName="lines", ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    (record,) = kinesis.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
    assert [each["message"] for each in json.loads(gzip.decompress(record["Data"]))["logEvents"]] == ["a", "b"]


def test_a_subscription_hands_lines_to_a_delivery_stream_that_puts_them_into_its_bucket(cloud, logs, write):
    cloud.client("s3").create_bucket(Bucket="lines")
    role = "arn:aws:iam::123456789012:role/logs"
    arn = cloud.client("firehose").create_delivery_stream(
        DeliveryStreamName="lines",
        ExtendedS3DestinationConfiguration={"RoleARN": role, "BucketARN": "arn:aws:s3:::lines"},
    )["DeliveryStreamARN"]
    logs.put_subscription_filter(
        logGroupName="/shop", filterName="f", filterPattern="", destinationArn=arn, roleArn=role
    )
    write("a", "b")
    cloud.wait(1)
    (found,) = cloud.client("s3").list_objects_v2(Bucket="lines")["Contents"]
    content = cloud.client("s3").get_object(Bucket="lines", Key=found["Key"])["Body"].read()
    assert [each["message"] for each in json.loads(gzip.decompress(content))["logEvents"]] == ["a", "b"]
    cloud.client("firehose").delete_delivery_stream(DeliveryStreamName="lines")
    write("c")  # nobody takes it, and the writer does not hear of that
    cloud.wait(1)


def test_lines_written_by_the_api_cost_the_standard_price(cloud, write):
    before = cloud.meter.snapshot()
    write("0123456789")
    assert cloud.meter.since(before).total("logs.standard_gb") == pytest.approx(36e-9)
