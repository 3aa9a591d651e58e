"""Streamed answers, read by unmodified boto3 in a handler and outside."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from localcloud.services.bedrock import Rule, ToolCall

MODEL = "amazon.nova-lite-v1:0"
SENTENCE = "Butter, flour, sugar and very much patience."
HELLO = [{"role": "user", "content": [{"text": "hello"}]}]

STREAMING = """
import time, boto3
def handler(event, context):
    client = boto3.client("bedrock-runtime")
    started = time.time()
    answer = client.converse_stream(modelId=event["model"], messages=event["messages"])
    text, arrived, kinds, last = "", [], [], None
    for item in answer["stream"]:
        (kind, body), = item.items()
        kinds.append(kind)
        if kind == "contentBlockDelta":
            text += body["delta"]["text"]
            arrived.append(round((time.time() - started) * 1000))
        if kind == "metadata":
            last = body
    return {"text": text, "arrived": arrived, "kinds": kinds, "metadata": last}
"""


@pytest.fixture(autouse=True)
def _scripted(cloud):
    cloud.bedrock.script(MODEL, [Rule(answer=SENTENCE)])


def test_a_handler_reads_words_as_they_come(function, invoke):
    function("baker", STREAMING, Timeout=30)
    answer, _ = invoke("baker", {"model": MODEL, "messages": HELLO})
    assert answer["text"] == SENTENCE
    words = len(SENTENCE.split())
    assert answer["kinds"] == [
        "messageStart", *["contentBlockDelta"] * words, "contentBlockStop", "messageStop", "metadata",
    ]  # fmt: skip
    assert answer["arrived"] == sorted(set(answer["arrived"]))  # each word later than the one before
    assert answer["arrived"][0] > 100  # the model thinks before the first word
    assert answer["metadata"]["usage"]["outputTokens"] == 11
    assert answer["metadata"]["metrics"]["latencyMs"] > answer["arrived"][0] - 100


def test_who_reads_late_finds_what_has_arrived(cloud):
    stream = cloud.client("bedrock-runtime").converse_stream(modelId=MODEL, messages=HELLO)["stream"]
    cloud.wait(30)
    before = cloud.now
    assert len(list(stream)) > 5
    assert cloud.now == before


def test_reading_outside_a_handler_lets_the_time_pass(cloud):
    stream = cloud.client("bedrock-runtime").converse_stream(modelId=MODEL, messages=HELLO)["stream"]
    before = cloud.now
    latency_ms = next(item for item in stream if "metadata" in item)["metadata"]["metrics"]["latencyMs"]
    assert (cloud.now - before).total_seconds() * 1000 == pytest.approx(latency_ms, abs=1)


def test_a_closed_stream_brings_nothing_more(cloud):
    stream = cloud.client("bedrock-runtime").converse_stream(modelId=MODEL, messages=HELLO)["stream"]
    assert "messageStart" in next(iter(stream))
    stream.close()
    assert list(stream) == []


def test_a_tool_use_comes_in_pieces_of_json(cloud):
    cloud.bedrock.script(
        MODEL, [Rule(answer=ToolCall("order", {"cake": "Paris-Brest", "pieces": 12, "note": "crème"}))]
    )
    tool = {"toolSpec": {"name": "order", "inputSchema": {"json": {"type": "object"}}}}
    answer = cloud.client("bedrock-runtime").converse_stream(
        modelId=MODEL, messages=HELLO, toolConfig={"tools": [tool]}
    )
    items = list(answer["stream"])
    start = next(item["contentBlockStart"] for item in items if "contentBlockStart" in item)
    assert start["contentBlockIndex"] == 0
    assert start["start"]["toolUse"]["name"] == "order"
    assert start["start"]["toolUse"]["toolUseId"].startswith("tooluse_")
    pieces = [item["contentBlockDelta"]["delta"]["toolUse"]["input"] for item in items if "contentBlockDelta" in item]
    assert len(pieces) > 1
    assert json.loads("".join(pieces)) == {"cake": "Paris-Brest", "pieces": 12, "note": "crème"}
    assert items[-2] == {"messageStop": {"stopReason": "tool_use"}}


def test_a_request_that_is_refused_gives_no_stream(cloud):
    client = cloud.client("bedrock-runtime")
    with pytest.raises(ClientError, match="must start with a user message"):
        client.converse_stream(modelId=MODEL, messages=[])
