"""Lines in CloudWatch Logs: packed when they are written, whole when they are read."""

from __future__ import annotations

import pytest


@pytest.fixture
def logs(cloud):
    return cloud.client("logs")


def test_packed_lines_read_like_any_others(cloud, logs):
    cloud.logs.put("/g", "s", [(1_000, "first"), (2_000, "zweite é")])
    cloud.logs.put("/g", "s", [(3_000, "third")])
    events = logs.get_log_events(logGroupName="/g", logStreamName="s", startFromHead=True)["events"]
    assert [(event["timestamp"], event["message"]) for event in events] == [
        (1_000, "first"), (2_000, "zweite é"), (3_000, "third"),
    ]  # fmt: skip
    found = logs.filter_log_events(logGroupName="/g", filterPattern="third")["events"]
    assert [event["message"] for event in found] == ["third"]


def test_every_event_has_an_id_of_its_own(cloud, logs):
    for number in range(3):
        cloud.logs.put("/g", f"s{number % 2}", [(number, "a"), (number, "b")])
    ids = [event["eventId"] for event in logs.filter_log_events(logGroupName="/g")["events"]]
    assert len(set(ids)) == 6


def test_a_stream_that_a_handler_writes_to_and_we_write_to_holds_both(cloud, logs):
    logs.create_log_group(logGroupName="/g")
    logs.create_log_stream(logGroupName="/g", logStreamName="s")
    now_ms = cloud.kernel.unix_us // 1_000
    logs.put_log_events(logGroupName="/g", logStreamName="s", logEvents=[{"timestamp": now_ms, "message": "theirs"}])
    cloud.logs.put("/g", "s", [(now_ms + 1, "ours")])
    logs.put_log_events(logGroupName="/g", logStreamName="s", logEvents=[{"timestamp": now_ms + 2, "message": "more"}])
    events = logs.get_log_events(logGroupName="/g", logStreamName="s", startFromHead=True)["events"]
    assert [event["message"] for event in events] == ["theirs", "ours", "more"]


def test_a_stream_says_how_much_it_holds_and_when_it_was_written_to(cloud, logs):
    cloud.wait(60)
    written_ms = cloud.kernel.unix_us // 1_000
    cloud.logs.put("/g", "s", [(5, "é")])
    (stream,) = logs.describe_log_streams(logGroupName="/g")["logStreams"]
    assert stream["storedBytes"] == 2
    assert stream["lastIngestionTime"] == written_ms
