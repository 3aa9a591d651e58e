"""GetMetricData: metrics, pages and refusals."""

from __future__ import annotations

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from .conftest import in_minutes, stat


def refusal(call, *queries, **params):
    with pytest.raises(ClientError) as caught:
        call(*queries, **params)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_newest_first_unless_asked_otherwise(cloudwatch, publish_minutes, start):
    publish_minutes("orders", {0: 1, 1: 2, 2: 3})
    params = {"MetricDataQueries": [stat("m", "orders")], "StartTime": start, "EndTime": start + timedelta(hours=1)}
    (newest_first,) = cloudwatch.get_metric_data(**params)["MetricDataResults"]
    (oldest_first,) = cloudwatch.get_metric_data(**params, ScanBy="TimestampAscending")["MetricDataResults"]
    assert newest_first["Values"] == [3, 2, 1]
    assert oldest_first["Values"] == [1, 2, 3]
    assert oldest_first["Timestamps"] == newest_first["Timestamps"][::-1]


def test_periods_are_counted_from_the_epoch(ask, publish_minutes, start):
    publish_minutes("orders", {0: 1, 4: 2, 5: 4, 11: 8})
    (result,) = ask(stat("m", "orders", period_s=300), minutes=20)
    assert in_minutes(result, start) == {0: 3, 5: 4, 10: 8}
    (odd,) = ask(stat("m", "orders", period_s=420), minutes=20)
    assert {at.timestamp() % 420 for at in odd["Timestamps"]} == {0}
    assert sum(odd["Values"]) == 15


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("p90", 90.1), ("p0", 1), ("p100", 100), ("tm90", 45.5), ("tc90", 90), ("ts90", 4095), ("wm90", 49.95),
        ("IQM", 50.5), ("TM(10:20)", 15.5), ("TC(10:20)", 10), ("TS(:3)", 6), ("WM(:10)", 9.55), ("PR(40:60)", 20),
        ("PR(90:)", 10), ("TM(50%:)", 75.5), ("TM(:50%)", 25.5),
    ],
)  # fmt: skip
def test_statistics_of_one_to_hundred(put, ask, name, expected):
    put("numbers", Values=[float(number) for number in range(1, 101)])
    (result,) = ask(stat("m", "numbers", name))
    assert result["Values"] == [pytest.approx(expected)]


def test_labels(put, ask):
    put("orders", Value=1)
    named = ask(stat("m1", "orders"), stat("m2", "orders", Label="Bestellungen"), {"Id": "e1", "Expression": "m1 + m2"})
    assert [result["Label"] for result in named] == ["orders", "Bestellungen", "e1"]


def test_only_what_is_wanted_is_returned(put, ask):
    put("orders", Value=4)
    results = ask(stat("m1", "orders", ReturnData=False), {"Id": "e1", "Expression": "m1 / 2"})
    assert [(result["Id"], result["Values"]) for result in results] == [("e1", [2])]


def test_a_unit_may_be_asked_for(put, ask):
    put("orders", Value=1, Unit="Count")
    put("orders", Value=5, Unit="Bytes")
    one_unit = stat("m1", "orders")
    one_unit["MetricStat"]["Unit"] = "Bytes"
    assert [result["Values"] for result in ask(one_unit, stat("m2", "orders"))] == [[5], [6]]


def test_a_metric_without_data_is_complete_and_empty(ask):
    (result,) = ask(stat("m", "nothing"))
    assert (result["Timestamps"], result["Values"], result["StatusCode"]) == ([], [], "Complete")


def test_pages_give_every_point_once(cloudwatch, publish_minutes, start):
    publish_minutes("orders", dict.fromkeys(range(5), 1))
    publish_minutes("failures", dict.fromkeys(range(3), 2))
    pages = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=[stat("m1", "orders"), stat("m2", "nothing"), stat("m3", "failures")],
        StartTime=start,
        EndTime=start + timedelta(hours=1),
        MaxDatapoints=2,
    )
    found = [page["MetricDataResults"] for page in pages]
    assert all(sum(len(result["Values"]) for result in page) <= 2 for page in found)
    assert [len(page) for page in found] == [1, 1, 3, 1]
    values = {"m1": [], "m2": [], "m3": []}
    for page in found:
        for result in page:
            values[result["Id"]] += result["Timestamps"]
    assert [len(set(times)) for times in values.values()] == [5, 0, 3]
    assert found[0][0]["StatusCode"] == "PartialData"
    assert found[-1][-1]["StatusCode"] == "Complete"


def test_a_foreign_token_is_refused(ask):
    assert refusal(ask, stat("m", "orders"), NextToken="nonsense")[0] == "InvalidNextToken"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (stat("m", "orders", period_s=45), "multiple of 60"),
        (stat("m", "orders", "p101"), "p101"),
        (stat("m", "orders", "Median"), "Median"),
        (stat("M", "orders"), "expected pattern"),
        ({"Id": "e1"}, "either Expression or MetricStat"),
        ({**stat("m", "orders"), "Expression": "1"}, "not both"),
        (stat("m", "orders", ReturnData=False), "ReturnData"),
    ],
)
def test_refused_queries(ask, query, words):
    code, message = refusal(ask, query)
    assert code == "ValidationError"
    assert words in message


def test_ids_are_unique(ask):
    code, message = refusal(ask, stat("m", "orders"), stat("m", "failures"))
    assert code == "ValidationError"
    assert "unique" in message


def test_the_start_must_come_before_the_end(ask):
    assert refusal(ask, stat("m", "orders"), minutes=0)[0] == "ValidationError"
    assert refusal(ask, stat("m", "orders"), minutes=-1)[0] == "ValidationError"
