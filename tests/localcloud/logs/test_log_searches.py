"""FilterLogEvents and retention. Source: the CloudWatch Logs API reference, the user guide on filter patterns."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

GROUP = "/bakery"
LINES = ('{"n": 1, "level": "INFO"}', '{"n": 2, "level": "ERROR"}', "ERROR oven one", "oven two error", "WARN ERROR x")


@pytest.fixture
def logs(cloud):
    """A group of two streams, whose lines alternate."""
    client = cloud.client("logs")
    client.create_log_group(logGroupName=GROUP)
    now_ms = round(cloud.now.timestamp() * 1_000)
    for stream, first in (("a/1", 0), ("b/1", 1)):
        client.create_log_stream(logGroupName=GROUP, logStreamName=stream)
        events = [{"timestamp": now_ms + at, "message": LINES[at]} for at in range(first, len(LINES), 2)]
        client.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=events)
    return client


@pytest.fixture
def found(logs):
    def call(pattern=None, **more):
        given = {} if pattern is None else {"filterPattern": pattern}
        group = {} if "logGroupIdentifier" in more else {"logGroupName": GROUP}
        pages = logs.get_paginator("filter_log_events").paginate(**group, **given, **more)
        return [LINES.index(event["message"]) for page in pages for event in page["events"]]

    return call


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (None, [0, 1, 2, 3, 4]),
        ("", [0, 1, 2, 3, 4]),
        ("ERROR", [1, 2, 4]),
        ("ERROR oven", [2]),
        ("?WARN ?two", [3, 4]),
        ("ERROR -WARN", [1, 2]),
        ('"oven one"', [2]),
        ("%[Ee]rror|x$%", [3, 4]),
        ('{ $.level = "ERROR" }', [1]),
        ("{ $.n >= 1 && $.level != ERROR }", [0]),
        ("[first, second, third]", [2, 3, 4]),
        ("[level = W*, ...]", [4]),
    ],
)
def test_lines_are_found_by_every_kind_of_pattern_in_the_order_of_their_times(found, pattern, expected):
    assert found(pattern) == expected


def test_streams_are_chosen_by_name_or_by_prefix(logs, found):
    assert found(logStreamNames=["b/1"]) == [1, 3]
    assert found("ERROR", logStreamNamePrefix="a/") == [2, 4]
    assert found(logStreamNamePrefix="c/") == []
    with pytest.raises(ClientError, match="InvalidParameterException"):
        found(logStreamNames=["b/1"], logStreamNamePrefix="b")


def test_a_group_may_be_named_by_its_arn(found):
    assert found("WARN", logGroupIdentifier=f"arn:aws:logs:us-east-1:123456789012:log-group:{GROUP}") == [4]


def test_pages_hold_what_matches(logs):
    first = logs.filter_log_events(logGroupName=GROUP, filterPattern="ERROR", limit=2)
    assert [LINES.index(event["message"]) for event in first["events"]] == [1, 2]
    rest = logs.filter_log_events(
        logGroupName=GROUP, filterPattern="ERROR", limit=2, nextToken=first["nextToken"]
    )
    assert [LINES.index(event["message"]) for event in rest["events"]] == [4]


@pytest.mark.parametrize("pattern", ["{ $.n > ", "[a, ..., b, ...]"])
def test_a_broken_pattern_is_refused(found, pattern):
    with pytest.raises(ClientError, match=r"InvalidParameterException.*Invalid filter pattern"):
        found(pattern)


@pytest.mark.parametrize(("days", "taken"), [(1, True), (7, True), (3_653, True), (2, False), (3_654, False)])
def test_lines_are_kept_for_one_of_the_offered_numbers_of_days(logs, days, taken):
    if taken:
        logs.put_retention_policy(logGroupName=GROUP, retentionInDays=days)
        assert logs.describe_log_groups()["logGroups"][0]["retentionInDays"] == days
        return
    with pytest.raises(ClientError, match=r"InvalidParameterException.*retentionInDays"):
        logs.put_retention_policy(logGroupName=GROUP, retentionInDays=days)
