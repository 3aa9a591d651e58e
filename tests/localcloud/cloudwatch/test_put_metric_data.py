"""PutMetricData: what is accepted, and what comes back out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from .conftest import stat

TOO_MANY = [{"Name": f"D{number}", "Value": "v"} for number in range(31)]


def refusal(call, **params):
    with pytest.raises(ClientError) as caught:
        call(**params)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def one(result):
    (value,) = result[0]["Values"]
    return value


def test_values_of_a_minute_are_aggregated(put, ask):
    for value in (3, 1, 8):
        put("seconds", Value=value)
    expected = {"Sum": 12, "Average": 4, "Minimum": 1, "Maximum": 8, "SampleCount": 3, "p50": 3}
    assert {name: one(ask(stat("m", "seconds", name))) for name in expected} == expected


def test_values_with_counts_weigh_as_often(put, ask):
    put("seconds", Values=[1, 9], Counts=[3, 1])
    assert one(ask(stat("m", "seconds", "SampleCount"))) == 4
    assert one(ask(stat("m", "seconds", "Average"))) == 3
    assert one(ask(stat("m", "seconds", "p50"))) == 1


def test_statistic_sets_have_basic_statistics_but_no_percentiles(put, ask):
    put("seconds", StatisticValues={"SampleCount": 4, "Sum": 10, "Minimum": 1, "Maximum": 5})
    put("seconds", Value=0.5)
    assert one(ask(stat("m", "seconds", "Sum"))) == 10.5
    assert one(ask(stat("m", "seconds", "Minimum"))) == 0.5
    assert one(ask(stat("m", "seconds", "Maximum"))) == 5
    assert one(ask(stat("m", "seconds", "SampleCount"))) == 5
    assert ask(stat("m", "seconds", "p90"))[0]["Values"] == []


def test_a_statistic_set_of_equal_values_has_percentiles(put, ask):
    put("seconds", StatisticValues={"SampleCount": 4, "Sum": 8, "Minimum": 2, "Maximum": 2})
    assert one(ask(stat("m", "seconds", "p90"))) == 2


def test_negative_values_have_no_percentiles(put, ask):
    put("drift", Value=-1)
    put("drift", Value=3)
    assert one(ask(stat("m", "drift", "Minimum"))) == -1
    assert ask(stat("m", "drift", "p50"))[0]["Values"] == []


def test_every_set_of_dimensions_is_a_metric_of_its_own(put, ask):
    here, there = [{"Name": "Shop", "Value": "here"}], [{"Name": "Shop", "Value": "there"}]
    put("orders", Value=1, Dimensions=here)
    put("orders", Value=2, Dimensions=there)
    assert one(ask(stat("m", "orders", dimensions=here))) == 1
    assert one(ask(stat("m", "orders", dimensions=there))) == 2
    assert ask(stat("m", "orders"))[0]["Values"] == []


def test_the_order_of_dimensions_does_not_matter(put, ask):
    one_way = [{"Name": "A", "Value": "1"}, {"Name": "B", "Value": "2"}]
    put("orders", Value=1, Dimensions=one_way)
    assert one(ask(stat("m", "orders", dimensions=one_way[::-1]))) == 1


def test_data_may_arrive_out_of_order(put, ask, start):
    for minute, value in ((5, 50), (1, 10), (3, 30)):
        put("orders", Value=value, Timestamp=start + timedelta(minutes=minute))
    assert ask(stat("m", "orders"))[0]["Values"] == [10, 30, 50]


def test_only_high_resolution_data_can_be_read_within_a_minute(put, ask, start):
    for second in (0, 12, 31):
        at = start + timedelta(seconds=second)
        put("fine", Value=1, Timestamp=at, StorageResolution=1)
        put("coarse", Value=1, Timestamp=at)
    fine, coarse = ask(stat("m1", "fine", period_s=10), stat("m2", "coarse", period_s=10))
    assert [at.second for at in fine["Timestamps"]] == [0, 10, 30]
    assert (coarse["Timestamps"], coarse["Values"]) == ([start], [3])


def test_time_stamps_default_to_virtual_time(cloud, put, ask, start):
    cloud.wait(185)
    put("orders", Value=1)
    assert ask(stat("m", "orders"))[0]["Timestamps"] == [start + timedelta(minutes=3)]


@pytest.mark.parametrize(
    ("datum", "code", "words"),
    [
        ({"Value": float("nan")}, "InvalidParameterValue", "NaN"),
        ({"Value": 2.0**361}, "InvalidParameterValue", "Value is invalid"),
        ({"Values": [1, 2], "Counts": [1]}, "InvalidParameterValue", "must be of the same size"),
        ({"Values": [1.0] * 151}, "InvalidParameterValue", "greater than 150"),
        ({"Values": [1], "Counts": [0]}, "InvalidParameterValue", "Counts is invalid"),
        ({"Value": 1, "Values": [1]}, "InvalidParameterCombination", "mutually exclusive"),
        ({}, "InvalidParameterCombination", "must be specified"),
        ({"Value": 1, "StorageResolution": 30}, "InvalidParameterValue", "StorageResolution"),
        ({"Value": 1, "Unit": "Cakes"}, "InvalidParameterValue", "Unit must be a value in the set"),
        ({"Value": 1, "Dimensions": TOO_MANY}, "InvalidParameterValue", "30"),
    ],
)  # fmt: skip
def test_refused_data(cloudwatch, datum, code, words):
    params = {"Namespace": "Shop", "MetricData": [{"MetricName": "orders", **datum}]}
    found_code, message = refusal(cloudwatch.put_metric_data, **params)
    assert found_code == code
    assert words in message
    assert "MetricData.member.1" in message


@pytest.mark.parametrize(("days", "accepted"), [(-13.9, True), (-14.1, False), (0.08, True), (0.09, False)])
def test_time_stamps_of_two_weeks_ago_to_two_hours_ahead_are_accepted(cloudwatch, put, start, days, accepted):
    at = start + timedelta(days=days)
    if accepted:
        put("orders", Value=1, Timestamp=at)
    else:
        data = [{"MetricName": "orders", "Value": 1, "Timestamp": at}]
        code, message = refusal(cloudwatch.put_metric_data, Namespace="Shop", MetricData=data)
        assert code == "InvalidParameterValue"
        assert "Timestamp" in message
    assert bool(cloudwatch.list_metrics(Namespace="Shop")["Metrics"]) is accepted


def test_namespaces_of_aws_are_refused(cloudwatch):
    data = [{"MetricName": "orders", "Value": 1}]
    code, message = refusal(cloudwatch.put_metric_data, Namespace="AWS/Shop", MetricData=data)
    assert (code, message) == ("InvalidParameterValue", "The value AWS/Shop for parameter Namespace is invalid.")


def test_a_request_is_stored_whole_or_not_at_all(cloudwatch):
    data = [{"MetricName": "orders", "Value": 1}, {"MetricName": "orders", "Value": float("nan")}]
    refusal(cloudwatch.put_metric_data, Namespace="Shop", MetricData=data)
    assert cloudwatch.list_metrics()["Metrics"] == []


def test_more_than_a_thousand_metrics_are_refused(cloudwatch):
    data = [{"MetricName": "orders", "Value": 1}] * 1_001
    code, message = refusal(cloudwatch.put_metric_data, Namespace="Shop", MetricData=data)
    assert code == "InvalidParameterValue"
    assert "1000" in message
