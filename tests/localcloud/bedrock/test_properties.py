"""What holds for every conversation and every answer."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.api import ApiError
from localcloud.services.bedrock.answers import Generated, compose, events
from localcloud.services.bedrock.conversation import check
from localcloud.services.bedrock.script import Script, ToolCall, example, turn_of
from localcloud.services.bedrock.tokens import Tokenizer

TOOLS = {"tools": [{"toolSpec": {"name": "tool", "inputSchema": {"json": {"type": "object"}}}}]}
TEXT = {"text": "x"}


@st.composite
def conversations(draw):
    """Valid ones: each turn of the assistant may call tools, and the next turn of the user answers all of them."""
    messages = [{"role": "user", "content": [TEXT]}]
    for turn in range(draw(st.integers(0, 4))):
        uses = draw(st.integers(0, 3))
        ids = [f"t{turn}-{number}" for number in range(uses)]
        called = [{"toolUse": {"toolUseId": each, "name": "tool", "input": {}}} for each in ids]
        returned = [{"toolResult": {"toolUseId": each, "content": [TEXT]}} for each in draw(st.permutations(ids))]
        messages.append({"role": "assistant", "content": [TEXT, *called]})
        messages.append({"role": "user", "content": [*returned, TEXT] if draw(st.booleans()) else returned or [TEXT]})
    return messages


@given(conversations())
def test_a_valid_conversation_is_taken_and_its_last_results_are_seen(messages):
    params = {"messages": messages, "toolConfig": TOOLS}
    check(params, 100)
    turn = turn_of(params, random.Random(0))
    assert len(turn.results) == sum("toolResult" in block for block in messages[-1]["content"])
    assert Script("model").answer(turn, {})


@given(conversations(), st.data())
def test_a_conversation_that_loses_a_message_or_a_result_is_refused(messages, data):
    whole = [(at, None) for at in range(len(messages) - 1)]
    results = [
        (at, index)
        for at, message in enumerate(messages)
        for index, block in enumerate(message["content"])
        if "toolResult" in block
    ]
    candidates = whole + results
    if not candidates:
        return
    at, index = data.draw(st.sampled_from(candidates))
    broken = [{**message, "content": list(message["content"])} for message in messages]
    if index is None:
        del broken[at]
    else:
        del broken[at]["content"][index]
    with pytest.raises(ApiError) as caught:
        check({"messages": broken, "toolConfig": TOOLS}, 100)
    assert caught.value.code == "ValidationException"


PARTS = st.lists(
    st.one_of(
        st.text(max_size=60),
        st.builds(lambda value: ToolCall("tool", {"value": value}), st.one_of(st.integers(), st.text(max_size=20))),
    ),
    max_size=4,
)


@given(PARTS, st.integers(1, 40), st.lists(st.text(min_size=1, max_size=2), max_size=2))
def test_an_answer_keeps_to_its_tokens_and_its_stream_says_the_same(parts, most, stops):
    tokenizer = Tokenizer(4)
    content, reason, used = compose(parts, tokenizer, most, stops, random.Random(1))
    assert 0 <= used <= most
    assert reason in ("end_turn", "tool_use", "max_tokens", "stop_sequence")
    assert tokenizer.blocks(content) <= used
    generated = Generated(content, reason, 1, used, first_token_us=1_000, token_us=10)
    rebuilt = {}
    before_us = 0
    for at_us, kind, body in events(generated, tokenizer):
        assert before_us <= at_us <= generated.latency_us
        before_us = at_us
        if kind == "contentBlockDelta":
            delta = body["delta"]
            piece = delta["text"] if "text" in delta else delta["toolUse"]["input"]
            rebuilt[body["contentBlockIndex"]] = rebuilt.get(body["contentBlockIndex"], "") + piece
    said = [rebuilt[index] for index in sorted(rebuilt)]
    assert said == [_said(block) for block in content]


def _said(block):
    if "text" in block:
        return block["text"]
    return json.dumps(block["toolUse"]["input"], separators=(",", ":"), ensure_ascii=False)


SCHEMAS = st.recursive(
    st.one_of(
        st.sampled_from([{"type": kind} for kind in ("string", "integer", "number", "boolean", "null")]),
        st.builds(lambda values: {"enum": values}, st.lists(st.integers(), min_size=1)),
    ),
    lambda inner: st.builds(
        lambda members: {"type": "object", "properties": members, "required": sorted(members)},
        st.dictionaries(st.text(max_size=5), inner, max_size=3),
    ),
    max_leaves=8,
)


@given(SCHEMAS)
def test_the_plainest_value_of_a_schema_fits_it(schema):
    import jsonschema

    jsonschema.validate(example(schema), schema)
