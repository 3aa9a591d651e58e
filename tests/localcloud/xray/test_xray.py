"""Traces of functions with active tracing, read through the X-Ray API."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

SHOP = """
    import os
    def handler(event, context):
        if event.get("fail"):
            raise ValueError("no")
        return os.environ["_X_AMZN_TRACE_ID"]
"""


@pytest.fixture
def shop(function):
    function("shop", SHOP, TracingConfig={"Mode": "Active"})
    function("silent", SHOP)


def test_a_trace_has_the_segment_of_the_service_and_that_of_the_function(shop, invoke, summaries, documents):
    header, _ = invoke("shop", {})
    invoke("silent", {})
    (summary,) = summaries()
    assert summary["HasFault"] is False
    assert header.startswith(f"Root={summary['Id']};Parent=")
    assert header.endswith(";Sampled=1")
    found = documents(summary["Id"])
    service, function = found["shop", "AWS::Lambda"], found["shop", "AWS::Lambda::Function"]
    assert function["parent_id"] == service["id"]
    initialization, invocation = function["subsegments"]
    assert (initialization["name"], invocation["name"]) == ("Initialization", "Invocation")
    assert f"Parent={invocation['id']};" in header
    assert service["start_time"] < initialization["start_time"] < initialization["end_time"]
    assert initialization["end_time"] == invocation["start_time"] < invocation["end_time"] == service["end_time"]


def test_a_warm_invocation_has_no_initialization(cloud, shop, invoke, summaries, documents):
    invoke("shop", {})
    cloud.wait(1)
    invoke("shop", {})
    newest = max(summaries(), key=lambda summary: summary["StartTime"])
    function = documents(newest["Id"])["shop", "AWS::Lambda::Function"]
    assert [each["name"] for each in function["subsegments"]] == ["Invocation"]


def test_a_function_that_fails_is_a_fault_with_its_exception(shop, invoke, summaries, documents):
    invoke("shop", {"fail": True})
    (summary,) = summaries()
    assert summary["HasFault"] is True
    function = documents(summary["Id"])["shop", "AWS::Lambda::Function"]
    (exception,) = function["cause"]["exceptions"]
    assert (exception["type"], exception["message"]) == ("ValueError", "no")


def test_a_throttled_invocation_has_no_function_segment(cloud, shop, summaries, documents):
    cloud.client("lambda").put_function_concurrency(FunctionName="shop", ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError):
        cloud.client("lambda").invoke(FunctionName="shop")
    (summary, *_) = summaries()
    assert (summary["HasThrottle"], summary["HasError"]) == (True, True)
    assert list(documents(summary["Id"])) == [("shop", "AWS::Lambda")]


def test_the_attempts_of_one_event_are_one_trace(cloud, shop, summaries, documents, log_lines):
    cloud.client("lambda").invoke(FunctionName="shop", InvocationType="Event", Payload=b'{"fail": true}')
    cloud.wait(600)
    (summary,) = summaries()
    trace = cloud.client("xray").batch_get_traces(TraceIds=[summary["Id"]])["Traces"][0]
    assert len(trace["Segments"]) == 2 * 3


def test_pass_through_hands_the_header_on_and_records_nothing(shop, invoke, summaries):
    header, _ = invoke("silent", {})
    assert header.endswith(";Sampled=0")
    assert summaries() == []


def test_the_service_graph_counts_what_failed(cloud, shop, invoke, window):
    invoke("shop", {})
    cloud.wait(1)
    invoke("shop", {"fail": True})
    services = cloud.client("xray").get_service_graph(**window())["Services"]
    by_type = {each["Type"]: each for each in services}
    assert set(by_type) == {"client", "AWS::Lambda", "AWS::Lambda::Function"}
    assert by_type["AWS::Lambda"]["Root"] is True
    statistics = by_type["AWS::Lambda::Function"]["SummaryStatistics"]
    assert (statistics["OkCount"], statistics["FaultStatistics"]["TotalCount"]) == (1, 1)
    (edge,) = by_type["AWS::Lambda"]["Edges"]
    assert edge["ReferenceId"] == by_type["AWS::Lambda::Function"]["ReferenceId"]
    assert edge["SummaryStatistics"]["TotalCount"] == 2


def test_the_default_rule_keeps_one_a_second_and_five_percent(cloud, shop, summaries):
    for _ in range(400):
        cloud.kernel.spawn(cloud.lambda_.invoke, "shop", b"{}")
    cloud.wait(20)
    kept = len(summaries())
    assert 5 <= kept <= 45
    assert cloud.meter.snapshot().total("xray.traces") == kept


def test_segments_of_ones_own(cloud, summaries):
    now = cloud.kernel.unix_us / 1e6
    segment = {"trace_id": "1-67800000-0123456789abcdef01234567", "id": "0123456789abcdef", "name": "shop",
               "start_time": now, "end_time": now + 1}  # fmt: skip
    xray = cloud.client("xray")
    answer = xray.put_trace_segments(TraceSegmentDocuments=[json.dumps(segment), "{}", "no"])
    assert [each["ErrorCode"] for each in answer["UnprocessedTraceSegments"]] == ["MissingField", "ParseError"]
    (summary,) = summaries()
    assert (summary["Id"], summary["EntryPoint"]["Name"]) == (segment["trace_id"], "shop")


def test_a_segment_in_progress_is_replaced_when_it_is_complete(cloud, summaries):
    now = cloud.kernel.unix_us / 1e6
    segment = {"trace_id": "1-67800000-0123456789abcdef01234567", "id": "0123456789abcdef", "name": "shop",
               "start_time": now, "in_progress": True}  # fmt: skip
    put = cloud.client("xray").put_trace_segments
    put(TraceSegmentDocuments=[json.dumps(segment)])
    assert summaries()[0]["IsPartial"] is True
    del segment["in_progress"]
    put(TraceSegmentDocuments=[json.dumps({**segment, "end_time": now + 2})])
    (summary,) = summaries("duration = 2")
    assert summary["IsPartial"] is False


def test_traces_are_kept_for_thirty_days(cloud, shop, invoke, summaries):
    invoke("shop", {})
    (summary,) = summaries()
    cloud.wait(31 * 86_400)
    answer = cloud.client("xray").batch_get_traces(TraceIds=[summary["Id"]])
    assert answer["UnprocessedTraceIds"] == [summary["Id"]]
