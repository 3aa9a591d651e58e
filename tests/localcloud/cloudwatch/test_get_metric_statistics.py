"""GetMetricStatistics."""

from __future__ import annotations

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def statistics(cloudwatch, start):
    def read(minutes=10, **params):
        params = {
            "Namespace": "Shop", "MetricName": "orders", "Period": 60, "StartTime": start,
            "EndTime": start + timedelta(minutes=minutes), **params,
        }  # fmt: skip
        return cloudwatch.get_metric_statistics(**params)

    return read


def refusal(call, **params):
    with pytest.raises(ClientError) as caught:
        call(**params)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_all_basic_statistics_of_a_period(publish_minutes, statistics, start):
    publish_minutes("orders", {0: 2, 1: 4, 5: 1}, Unit="Count")
    answer = statistics(Period=300, Statistics=["Sum", "Average", "Minimum", "Maximum", "SampleCount"])
    assert answer["Label"] == "orders"
    first, second = answer["Datapoints"]
    assert first == {
        "Timestamp": start, "Sum": 6, "Average": 3, "Minimum": 2, "Maximum": 4, "SampleCount": 2, "Unit": "Count",
    }  # fmt: skip
    assert (second["Timestamp"], second["Sum"]) == (start + timedelta(minutes=5), 1)


def test_percentiles_are_extended_statistics(put, statistics):
    put("orders", Values=[float(number) for number in range(1, 101)])
    (point,) = statistics(ExtendedStatistics=["p50", "p99.9", "tm90", "TM(10%:90%)", "PR(:50)"])["Datapoints"]
    assert point["ExtendedStatistics"] == {
        "p50": 50.5, "p99.9": pytest.approx(99.901), "tm90": 45.5, "TM(10%:90%)": 50.5, "PR(:50)": 50,
    }  # fmt: skip


def test_units_are_kept_apart(put, statistics):
    put("orders", Value=1, Unit="Count")
    put("orders", Value=5, Unit="Bytes")
    found = statistics(Statistics=["Sum"])["Datapoints"]
    assert [(point["Unit"], point["Sum"]) for point in found] == [("Count", 1), ("Bytes", 5)]
    (only,) = statistics(Statistics=["Sum"], Unit="Bytes")["Datapoints"]
    assert only["Sum"] == 5


def test_the_end_is_exclusive_and_the_start_rounds_down_to_the_minute(publish_minutes, statistics, start):
    publish_minutes("orders", {0: 1, 1: 2, 2: 4})
    late = start + timedelta(seconds=30)
    found = statistics(Statistics=["Sum"], StartTime=late, EndTime=start + timedelta(minutes=2))["Datapoints"]
    assert [point["Sum"] for point in found] == [1, 2]


@pytest.mark.parametrize("period", [2, 20, 59, 61, 90])
def test_other_periods_are_refused(statistics, period):
    code, message = refusal(statistics, Period=period, Statistics=["Sum"])
    assert code == "InvalidParameterValue"
    assert "Period" in message


def test_more_than_1440_data_points_are_refused(statistics):
    assert statistics(minutes=1_440, Statistics=["Sum"])["Datapoints"] == []
    assert refusal(statistics, minutes=1_441, Statistics=["Sum"]) == (
        "InvalidParameterCombination",
        "You have requested up to 1441 datapoints, which exceeds the limit of 1440. You may reduce the datapoints "
        "requested by increasing Period, or decreasing the time range.",
    )


@pytest.mark.parametrize("wanted", [{}, {"Statistics": ["Sum"], "ExtendedStatistics": ["p50"]}])
def test_exactly_one_kind_of_statistics_is_needed(statistics, wanted):
    assert refusal(statistics, **wanted)[0] == "InvalidParameterCombination"


@pytest.mark.parametrize("name", ["p101", "q50", "tm", "TM(10%:90)", "PR(1%:2%)", "TM(90%:10%)", "Sum"])
def test_unknown_extended_statistics_are_refused(statistics, name):
    code, message = refusal(statistics, ExtendedStatistics=[name])
    assert code == "InvalidParameterValue"
    assert name in message


def test_the_start_must_come_before_the_end(statistics, start):
    assert refusal(statistics, Statistics=["Sum"], EndTime=start)[0] == "InvalidParameterValue"
    code, message = refusal(statistics, Statistics=["Sum"], EndTime=start - timedelta(hours=1))
    assert code == "InvalidParameterValue"
    assert message == "The parameter StartTime must be less than the parameter EndTime."


@pytest.mark.parametrize(("days", "period"), [(1, 1), (16, 60), (64, 300)])
def test_old_data_have_coarser_periods(statistics, start, days, period):
    first = start - timedelta(days=days)
    times = {"StartTime": first, "EndTime": first + timedelta(minutes=5)}
    code, message = refusal(statistics, Statistics=["Sum"], Period=period, **times)
    assert code == "InvalidParameterValue"
    assert "multiple of" in message
