"""InvokeAsync and InvokeWithResponseStream."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

ECHO = """
def handler(event, context):
    if event.get("fails"):
        raise ValueError("burnt")
    print("got", event)
    return {"text": "x" * event.get("size", 1)}
"""


@pytest.fixture
def lambda_(cloud, function):
    function("shop", ECHO)
    return cloud.client("lambda")


def test_invoke_async_queues_an_event(cloud, lambda_, log_lines):
    assert lambda_.invoke_async(FunctionName="shop", InvokeArgs=b'{"size": 2}')["Status"] == 202
    cloud.wait(30)
    assert any(line.startswith("got {'size': 2}") for line in log_lines("shop"))
    with pytest.raises(lambda_.exceptions.ResourceNotFoundException):
        lambda_.invoke_async(FunctionName="nothing", InvokeArgs=b"{}")
    with pytest.raises(lambda_.exceptions.InvalidRequestContentException):
        lambda_.invoke_async(FunctionName="shop", InvokeArgs=b"{")


def test_a_streamed_answer_comes_in_chunks_and_then_the_end(lambda_):
    answer = lambda_.invoke_with_response_stream(FunctionName="shop", Payload=b'{"size": 100000}', LogType="Tail")
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    *chunks, end = answer["EventStream"]
    assert len(chunks) == 2
    whole = b"".join(chunk["PayloadChunk"]["Payload"] for chunk in chunks)
    assert json.loads(whole) == {"text": "x" * 100_000}
    assert list(end) == ["InvokeComplete"]
    assert end["InvokeComplete"]["LogResult"]


def test_a_streamed_error_is_told_at_the_end(lambda_):
    answer = lambda_.invoke_with_response_stream(FunctionName="shop", Payload=b'{"fails": true}')
    (end,) = answer["EventStream"]
    assert end["InvokeComplete"]["ErrorCode"] == "Unhandled"
    assert json.loads(end["InvokeComplete"]["ErrorDetails"])["errorMessage"] == "burnt"


def test_a_dry_run_streams_nothing(lambda_):
    answer = lambda_.invoke_with_response_stream(FunctionName="shop", InvocationType="DryRun")
    assert (answer["StatusCode"], list(answer["EventStream"])) == (204, [])
    with pytest.raises(ClientError, match="Function not found"):
        lambda_.invoke_with_response_stream(FunctionName="nothing")
