"""A window around now, and readers of traces."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest


@pytest.fixture
def orders(cloud):
    """A table."""
    cloud.client("dynamodb").create_table(
        TableName="orders", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )  # fmt: skip


@pytest.fixture
def window(cloud):
    def around():
        return {"StartTime": cloud.now - timedelta(minutes=30), "EndTime": cloud.now + timedelta(minutes=1)}

    return around


@pytest.fixture
def summaries(cloud, window):
    """Summaries of the traces that match: summaries('service("x")')."""

    def read(expression=None):
        given = {"FilterExpression": expression} if expression else {}
        return cloud.client("xray").get_trace_summaries(**window(), **given)["TraceSummaries"]

    return read


@pytest.fixture
def documents(cloud):
    """The segment documents of a trace, by (name, origin)."""

    def read(trace_id):
        (trace,) = cloud.client("xray").batch_get_traces(TraceIds=[trace_id])["Traces"]
        found = [json.loads(segment["Document"]) for segment in trace["Segments"]]
        return {(each["name"], each.get("origin")): each for each in found}

    return read
