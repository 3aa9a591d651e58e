"""Filter expressions over traces."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def traces(cloud):
    """Three traces: "good" takes 1 s, "slow" 6 s, and "bad" calls a table that fails."""
    now = cloud.kernel.unix_us / 1e6

    def segment(number, seconds, status, **members):
        return {
            "trace_id": f"1-67800000-{number:024x}", "id": f"{number:016x}", "name": "shop", "start_time": now,
            "end_time": now + seconds, "origin": "AWS::ApiGateway::Stage",
            "http": {"request": {"method": "GET", "url": f"https://shop.example.com/orders/{number}"},
                     "response": {"status": status}},
            **members,
        }  # fmt: skip

    call = {
        "id": "00000000000000ff", "name": "dynamodb", "namespace": "aws", "start_time": now, "end_time": now + 2,
        "fault": True, "aws": {"operation": "PutItem", "table_name": "orders"},
        "annotations": {"attempt": 3, "final": True},
        "cause": {"exceptions": [{"id": "1", "message": "oven on fire"}]},
    }  # fmt: skip
    found = [
        segment(1, 1, 200, user="amelie", annotations={"city": "Lyon"}),
        segment(2, 6, 200),
        segment(3, 2, 500, fault=True, subsegments=[call]),
    ]
    cloud.client("xray").put_trace_segments(TraceSegmentDocuments=[json.dumps(each) for each in found])


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("responsetime > 5", [2]),
        ("duration >= 1 AND duration <= 2", [1, 3]),
        ("duration < 2 or fault", [1, 3]),
        ("fault = false", [1, 2]),
        ("!fault", [1, 2]),
        ("ok !partial duration < 3", [1]),
        ("http.status = 500", [3]),
        ('http.url BEGINSWITH "https://shop" AND http.url ENDSWITH "/2"', [2]),
        ('http.url CONTAINS "orders/1"', [1]),
        ('user = "amelie"', [1]),
        ('annotation.city = "Lyon"', [1]),
        ("annotation[attempt] >= 3", [3]),
        ("annotation.final = true", [3]),
        ("annotation.city", [1]),
        ('message CONTAINS "fire"', [3]),
        ('service("orders")', [3]),
        ('service("orders") { fault = true AND responsetime > 1 }', [3]),
        ('service("orders") { responsetime > 5 }', []),
        ('!service("orders")', [1, 2]),
        ('service(id(name: "shop", type: "AWS::ApiGateway::Stage")) { duration > 5 }', [2]),
        ("service() { fault }", [3]),
        ('edge("shop", "orders") { fault }', [3]),
        ('edge("orders", "shop")', []),
        ('(fault OR duration > 5) AND !(http.method = "POST")', [2, 3]),
    ],
)
def test_expressions(traces, summaries, expression, expected):
    assert [int(each["Id"][-4:], 16) for each in summaries(expression)] == expected


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("speed > 3", "unknown keyword"),
        ("duration >", "ends too early"),
        ('duration > "long"', "compared with a number"),
        ("fault = maybe", "true or false"),
        ('edge("a")', "two services"),
        ("(ok", "expected"),
        ("ok )", "unexpected"),
        ("#", "unexpected"),
    ],
)
def test_expressions_that_cannot_be_understood(summaries, expression, message):
    with pytest.raises(ClientError, match=message):
        summaries(expression)


def test_summaries_say_what_was_annotated(traces, summaries):
    (summary,) = summaries("fault")
    assert summary["Annotations"]["attempt"][0]["AnnotationValue"] == {"NumberValue": 3}
    assert summary["Annotations"]["final"][0]["AnnotationValue"] == {"BooleanValue": True}
    assert summary["Http"]["HttpStatus"] == 500
    assert [each["Name"] for each in summary["ServiceIds"]] == ["shop", "orders"]


def test_scanned_traces_are_billed(cloud, traces, summaries):
    before = cloud.meter.snapshot()
    summaries("fault")
    assert cloud.meter.since(before).total("xray.retrieved_traces") == 3
