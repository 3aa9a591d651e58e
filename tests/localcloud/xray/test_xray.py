"""Traces of functions with active tracing, read through the X-Ray API."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

WRITER = """
    import boto3
    def handler(event, context):
        boto3.client("dynamodb").put_item(TableName="orders", Item={"id": {"S": "1"}})
        if event.get("fail"):
            raise ValueError("no")
"""


@pytest.fixture
def xray(cloud, function):
    cloud.client("dynamodb").create_table(
        TableName="orders", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )  # fmt: skip
    function("traced", WRITER, TracingConfig={"Mode": "Active"})
    function("silent", WRITER)
    return cloud.client("xray")


@pytest.fixture
def window(cloud):
    def around():
        return {"StartTime": cloud.now - timedelta(minutes=30), "EndTime": cloud.now + timedelta(minutes=1)}

    return around


def test_a_trace_has_the_invocation_and_its_calls(xray, invoke, window):
    invoke("traced", {})
    invoke("silent", {})
    (summary,) = xray.get_trace_summaries(**window())["TraceSummaries"]
    assert summary["HasFault"] is False
    (trace,) = xray.batch_get_traces(TraceIds=[summary["Id"], "1-0-0"])["Traces"]
    (document,) = [json.loads(segment["Document"]) for segment in trace["Segments"]]
    assert document["name"] == "traced"
    (call,) = document["subsegments"]
    assert (call["name"], call["aws"]["operation"], call["aws"]["resource_names"]) == (
        "dynamodb",
        "PutItem",
        ["orders"],
    )
    assert document["start_time"] <= call["start_time"] < call["end_time"] <= document["end_time"]


def test_the_service_graph_counts_what_failed(cloud, xray, invoke, window):
    invoke("traced", {})
    cloud.wait(1)
    invoke("traced", {"fail": True})
    services = {each["Name"]: each for each in xray.get_service_graph(**window())["Services"]}
    assert list(services) == ["traced", "orders"]
    statistics = services["traced"]["SummaryStatistics"]
    assert (statistics["OkCount"], statistics["FaultStatistics"]["TotalCount"]) == (1, 1)
    (edge,) = services["traced"]["Edges"]
    assert edge["ReferenceId"] == services["orders"]["ReferenceId"]
    assert edge["SummaryStatistics"]["TotalCount"] == 2


def test_the_default_rule_keeps_one_a_second_and_five_percent(cloud, xray, window):
    invocations = 400
    for _ in range(invocations):
        cloud.kernel.spawn(cloud.lambda_.invoke, "traced", b"{}")
    cloud.wait(20)
    kept = len(xray.get_trace_summaries(**window())["TraceSummaries"])
    assert 5 <= kept <= 45
    assert kept == len(xray.get_trace_summaries(**window())["TraceSummaries"])


def test_segments_of_ones_own(cloud, xray, window):
    now = cloud.kernel.unix_us / 1e6
    segment = {"trace_id": "1-67800000-0123456789abcdef01234567", "id": "0123456789abcdef", "name": "shop",
               "start_time": now, "end_time": now + 1}  # fmt: skip
    answer = xray.put_trace_segments(TraceSegmentDocuments=[json.dumps(segment), "{}"])
    assert len(answer["UnprocessedTraceSegments"]) == 1
    (summary,) = xray.get_trace_summaries(**window())["TraceSummaries"]
    assert (summary["Id"], summary["EntryPoint"]["Name"]) == (segment["trace_id"], "shop")
