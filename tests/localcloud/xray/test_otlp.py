"""Spans over OTLP, byte by byte: no library of OpenTelemetry is needed to read them."""

from __future__ import annotations

import gzip
import json
import struct

import pytest

from localcloud.net import HttpRequest

URL = "http://localhost:4318/v1/traces"
TRACE, SPAN = "67800000" + "0" * 23 + "7", "00000000000000aa"


def field(number, value):
    """One field of a protobuf message: whole numbers as varints, floats as fixed64, the rest by its length."""
    if isinstance(value, int):
        found = bytearray()
        while value > 0x7F:
            found.append(value & 0x7F | 0x80)
            value >>= 7
        return bytes([number << 3, *found, value])
    if isinstance(value, float):
        return bytes([number << 3 | 1]) + struct.pack("<d", value)
    data = value.encode() if isinstance(value, str) else value
    assert len(data) < 1 << 14
    size = bytes([len(data)]) if len(data) < 0x80 else bytes([len(data) & 0x7F | 0x80, len(data) >> 7])
    return bytes([number << 3 | 2]) + size + data


def attribute(number, key, kind, value):
    return field(number, field(1, key) + field(2, field(kind, value)))


@pytest.fixture
def send(cloud):
    def post(body, content_type="application/x-protobuf", url=URL, **headers):
        request = HttpRequest("POST", url, {"content-type": content_type, **headers}, body)
        return cloud.kernel.call(cloud.http.request, request)

    return post


def protobuf(start_ns):
    moment = lambda number, ns: bytes([number << 3 | 1]) + ns.to_bytes(8, "little")  # noqa: E731
    span = (
        field(1, bytes.fromhex(TRACE)) + field(2, bytes.fromhex(SPAN)) + field(5, "bake") + field(6, 2)
        + moment(7, start_ns) + moment(8, start_ns + 2_000_000_000)
        + attribute(9, "order", 1, "o-1") + attribute(9, "hot", 2, 1) + attribute(9, "loaves", 3, 300)
        + attribute(9, "weight", 4, 1.5) + attribute(9, "http.response.status_code", 3, 429)
        + attribute(9, "aws.xray.annotations", 5, field(1, field(1, "order")) + field(1, field(1, "hot")))
    )  # fmt: skip
    resource = field(1, attribute(1, "service.name", 1, "oven"))
    return field(1, resource + field(2, field(2, span)))


def test_a_span_in_protobuf(cloud, send, summaries, documents):
    answer = send(protobuf(cloud.kernel.unix_us * 1_000))
    assert (answer.status, answer.body) == (200, b"")
    (summary,) = summaries('annotation.order = "o-1" AND annotation.hot = true AND throttle')
    assert summary["Duration"] == 2
    segment = documents(summary["Id"])["oven", None]
    assert segment["metadata"]["default"]["loaves"] == 300
    assert segment["metadata"]["default"]["weight"] == 1.5
    assert segment["http"]["response"]["status"] == 429


def test_the_body_may_be_compressed(cloud, send, summaries):
    send(gzip.compress(protobuf(cloud.kernel.unix_us * 1_000)), **{"content-encoding": "gzip"})
    assert len(summaries()) == 1


def test_a_span_in_json(cloud, send, summaries, documents):
    now_ns = cloud.kernel.unix_us * 1_000
    span = {
        "traceId": TRACE, "spanId": SPAN, "name": "bake", "startTimeUnixNano": str(now_ns),
        "endTimeUnixNano": str(now_ns + 1_000_000), "status": {"code": 2, "message": "burnt"},
        "attributes": [{"key": "loaves", "value": {"intValue": "3"}}],
        "events": [{"name": "exception", "attributes": [{"key": "exception.type", "value": {"stringValue": "Smoke"}}]}],
    }  # fmt: skip
    body = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    assert send(json.dumps(body).encode(), "application/json").body == b"{}"
    (summary,) = summaries("fault")
    segment = documents(summary["Id"])["bake", None]
    assert segment["cause"]["exceptions"][0] == {"id": "00000000000000ab", "type": "Smoke", "message": "burnt"}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [(b"\x0a\xff", "application/x-protobuf"), (b"\x0b", "application/x-protobuf"), (b"{", "application/json")],
)
def test_what_cannot_be_read_is_refused(send, summaries, body, content_type):
    assert send(body, content_type).status == 400
    assert summaries() == []


def test_the_collector_takes_traces_only(send):
    assert send(b"", url="http://localhost:4318/v1/metrics").status == 404
