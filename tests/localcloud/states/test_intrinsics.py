"""The edges of intrinsic functions. Source: the Step Functions developer guide on intrinsic functions."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

DATA = {"list": [1, 2, 3], "text": "x" * 10_001, "order": {"id": 7}}


@pytest.fixture
def call(machine, finish):
    """The answer of one intrinsic function, or the error that the execution failed with."""

    def run(text):
        done = finish(machine({"P": {"Type": "Pass", "Parameters": {"v.$": text}, "End": True}}), DATA)
        return json.loads(done["output"])["v"] if done["status"] == "SUCCEEDED" else done["error"]

    return run


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("States.MathAdd(1.6, 1)", 3),
        ("States.MathAdd(2.4, -1.6)", 0),
        ("States.ArrayPartition($.list, 1.6)", [[1, 2], [3]]),
        ("States.ArrayRange(1, 4.6, 2)", [1, 3, 5]),
        ("States.ArrayGetItem($.list, 0.6)", 2),
        ("States.MathRandom(0.6, 1.6)", 1),
    ],
)
def test_numbers_are_rounded_to_the_nearest_integer(call, text, expected):
    assert call(text) == expected


@pytest.mark.parametrize("value", ["true", "'1'", "null"])
def test_an_array_contains_what_is_equal_and_of_one_kind(call, value):
    assert call(f"States.ArrayContains($.list, {value})") is False


@pytest.mark.parametrize(
    "text",
    [
        "States.MathAdd(2147483647, 1)",
        "States.MathAdd('1', 1)",
        "States.MathAdd(true, 1)",
        "States.ArrayGetItem($.list, 3)",
        "States.ArrayGetItem($.list, -1)",
        "States.ArrayGetItem('abc', 1)",
        "States.ArrayPartition($.list, 0)",
        "States.ArrayRange(0, 1000, 1)",
        "States.Base64Encode($.text)",
        "States.Base64Encode($.order)",
        "States.Base64Decode($.text)",
        "States.Hash($.text, 'MD5')",
        "States.Hash('a', 'CRC32')",
        "States.JsonMerge($.order, $.order, true)",
        "States.Format('{} {}', 1)",
    ],
)
def test_arguments_that_make_no_sense_fail_the_execution(call, text):
    assert call(text) == "States.IntrinsicFailure"


def test_an_object_is_hashed_as_its_json_text(call):
    assert call("States.Hash($.order, 'MD5')") == call("States.Hash('\\{\"id\":7\\}', 'MD5')")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("States.Array('\\{a\\}', 'it\\'s', 'a\\\\b')", ["{a}", "it's", "a\\b"]),
        ("States.Format('\\{{}\\} {}', '\\{x\\}', $.list)", "{{x}} [1,2,3]"),
        ("States.Format(States.Format('{} {}', 'a', '\\{\\}'), 1)", "a 1"),
    ],
)
def test_backslashes_escape_quotes_braces_and_themselves(call, text, expected):
    assert call(text) == expected


@pytest.mark.parametrize(("delay_s", "taken"), [(31_622_399, True), (31_622_400, False)])
def test_the_longest_delay_between_retries_is_less_than_366_days(machine, delay_s, taken):
    retry = [{"ErrorEquals": ["States.ALL"], "MaxDelaySeconds": delay_s}]
    task = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Retry": retry, "End": True}
    if taken:
        machine({"T": task})
        return
    with pytest.raises(ClientError, match="InvalidDefinition"):
        machine({"T": task})
