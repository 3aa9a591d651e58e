"""Recording, listing, and living beside moto."""

from __future__ import annotations

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from .conftest import stat


def names(answer):
    return [metric["MetricName"] for metric in answer["Metrics"]]


def test_recorded_values_carry_virtual_time(cloud, ask, start):
    cloud.cloudwatch.record("AWS/Oven", "Heat", 180, {"Oven": "1"}, "Count")
    cloud.wait(60)
    cloud.cloudwatch.record("AWS/Oven", "Heat", 220, {"Oven": "1"}, "Count")
    earlier_us = cloud.kernel.unix_us - 60_000_000
    cloud.cloudwatch.record("AWS/Oven", "Heat", 190, {"Oven": "1"}, "Count", unix_us=earlier_us)
    query = stat("m", "Heat", "Maximum", dimensions=[{"Name": "Oven", "Value": "1"}], namespace="AWS/Oven")
    (result,) = ask(query)
    assert result["Timestamps"] == [start, start + timedelta(minutes=1)]
    assert result["Values"] == [190, 220]


def test_metrics_are_listed_by_namespace_name_and_dimensions(cloud, cloudwatch):
    record = cloud.cloudwatch.record
    record("Shop", "orders", 1, {"City": "Lyon", "Year": "2022"})
    record("Shop", "orders", 1, {"City": "Nantes"})
    record("Shop", "failures", 1, {})
    record("Oven", "heat", 1, {})
    listed = cloudwatch.list_metrics
    assert names(listed()) == ["orders", "orders", "failures", "heat"]
    assert names(listed(Namespace="Shop", MetricName="failures")) == ["failures"]
    assert names(listed(Dimensions=[{"Name": "City"}])) == ["orders", "orders"]
    assert listed(Dimensions=[{"Name": "City", "Value": "Lyon"}])["Metrics"] == [
        {
            "Namespace": "Shop",
            "MetricName": "orders",
            "Dimensions": [{"Name": "City", "Value": "Lyon"}, {"Name": "Year", "Value": "2022"}],
        }
    ]


def test_lists_come_in_pages_of_500(cloud, cloudwatch):
    for number in range(1_100):
        cloud.cloudwatch.record("Shop", f"m{number}", 1, {})
    pages = list(cloudwatch.get_paginator("list_metrics").paginate())
    assert [len(page["Metrics"]) for page in pages] == [500, 500, 100]
    assert [name for page in pages for name in names(page)] == [f"m{number}" for number in range(1_100)]


def test_a_foreign_token_is_refused(cloudwatch):
    with pytest.raises(ClientError) as caught:
        cloudwatch.list_metrics(NextToken="nonsense")
    assert caught.value.response["Error"]["Code"] == "InvalidParameterValue"


def test_metrics_without_new_data_leave_the_list(cloud, cloudwatch):
    cloud.cloudwatch.record("Shop", "orders", 1, {})
    cloud.wait(3 * 3_600 + 1)
    assert names(cloudwatch.list_metrics(RecentlyActive="PT3H")) == []
    assert names(cloudwatch.list_metrics()) == ["orders"]
    cloud.wait(14 * 86_400)
    assert names(cloudwatch.list_metrics()) == []


def test_alarms_and_dashboards_stay_with_moto(cloudwatch):
    cloudwatch.put_metric_alarm(
        AlarmName="late", Namespace="Shop", MetricName="seconds", ExtendedStatistic="p99", Period=60,
        EvaluationPeriods=1, Threshold=3, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=["late"])["MetricAlarms"]
    assert (alarm["MetricName"], alarm["ExtendedStatistic"]) == ("seconds", "p99")
    cloudwatch.put_dashboard(DashboardName="shop", DashboardBody='{"widgets": []}')
    assert cloudwatch.get_dashboard(DashboardName="shop")["DashboardBody"] == '{"widgets": []}'


def test_metrics_of_kinesis_are_found(cloud, ask):
    kinesis = cloud.client("kinesis")
    kinesis.create_stream(StreamName="orders", ShardCount=1)
    kinesis.put_record(StreamName="orders", Data=b"12345", PartitionKey="1")
    dimensions = [{"Name": "StreamName", "Value": "orders"}]
    (result,) = ask(stat("m", "IncomingRecords", dimensions=dimensions, namespace="AWS/Kinesis"))
    assert result["Values"] == [1]


def test_every_put_request_is_metered_however_much_it_carries(cloud, cloudwatch):
    before = cloud.meter.snapshot()
    cloudwatch.put_metric_data(Namespace="Shop", MetricData=[{"MetricName": "orders", "Value": 1}] * 3)
    cloud.cloudwatch.record("AWS/Oven", "Heat", 180, {})
    assert cloud.meter.since(before).total("cloudwatch.put_requests") == 1
