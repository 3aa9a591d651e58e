"""Conversations with a scripted stand-in model."""

from __future__ import annotations

import json

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from localcloud.cost import cost_report
from localcloud.errors import ConfigurationError
from localcloud.services.bedrock import Rule, ToolCall

MODEL = "amazon.nova-lite-v1:0"
PRICE_TOOL = {
    "toolSpec": {
        "name": "get_price",
        "description": "The price of a cake",
        "inputSchema": {"json": {"type": "object", "properties": {"cake": {"type": "string"}}, "required": ["cake"]}},
    }
}
TOOLS = {"tools": [PRICE_TOOL]}
RULES = [
    Rule(says="price of (the )?opera", answer=["I will look.", ToolCall("get_price", {"cake": "opera"})]),
    Rule(after="get_price", answer=lambda turn: f"It costs {turn.result('get_price').data['eur']} euros."),
    Rule(says="hello", answer="Bonjour and welcome to the bakery."),
]


def user(text):
    return {"role": "user", "content": [{"text": text}]}


@pytest.fixture
def client(cloud):
    cloud.bedrock.script(MODEL, RULES)
    return cloud.client("bedrock-runtime", config=Config(retries={"total_max_attempts": 1, "mode": "standard"}))


def refused(call, **params):
    with pytest.raises(ClientError) as caught:
        call(**params)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def test_an_unscripted_model_says_that_it_is_none(cloud):
    answer = cloud.client("bedrock-runtime").converse(modelId=MODEL, messages=[user("hello")])
    text = answer["output"]["message"]["content"][0]["text"]
    assert "scripted stand-in" in text
    assert "not a language model" in text
    assert answer["stopReason"] == "end_turn"


def test_an_answer_counts_its_tokens_and_takes_its_time(cloud, client):
    before = cloud.now
    answer = client.converse(modelId=MODEL, messages=[user("hello")])
    assert answer["output"]["message"] == {
        "role": "assistant",
        "content": [{"text": "Bonjour and welcome to the bakery."}],
    }
    assert answer["usage"] == {"inputTokens": 2, "outputTokens": 9, "totalTokens": 11}
    assert (cloud.now - before).total_seconds() * 1000 >= answer["metrics"]["latencyMs"] > 9 * 5


def test_the_same_seed_gives_the_same_ids_and_times():
    from localcloud import Cloud

    def run():
        with Cloud(seed=3) as cloud:
            cloud.bedrock.script(MODEL, RULES)
            call = cloud.client("bedrock-runtime").converse
            answer = call(modelId=MODEL, messages=[user("price of opera?")], toolConfig=TOOLS)
            return answer["output"], answer["metrics"], cloud.now

    assert run() == run()


def test_an_answer_ends_at_the_most_tokens_or_at_a_stop_sequence(client):
    cut = client.converse(modelId=MODEL, messages=[user("hello")], inferenceConfig={"maxTokens": 2})
    assert cut["stopReason"] == "max_tokens"
    assert cut["output"]["message"]["content"] == [{"text": "Bonjour "}]
    assert cut["usage"]["outputTokens"] == 2
    stopped = client.converse(modelId=MODEL, messages=[user("hello")], inferenceConfig={"stopSequences": [" to"]})
    assert stopped["stopReason"] == "stop_sequence"
    assert stopped["output"]["message"]["content"] == [{"text": "Bonjour and welcome"}]


def test_a_forced_tool_is_called_even_without_a_rule(client):
    forced = {**TOOLS, "toolChoice": {"tool": {"name": "get_price"}}}
    answer = client.converse(modelId=MODEL, messages=[user("anything")], toolConfig=forced)
    assert answer["stopReason"] == "tool_use"
    assert answer["output"]["message"]["content"][0]["toolUse"]["input"] == {"cake": ""}
    unknown = {**TOOLS, "toolChoice": {"tool": {"name": "bake"}}}
    code, message = refused(client.converse, modelId=MODEL, messages=[user("x")], toolConfig=unknown)
    assert code == "ValidationException"
    assert "bake" in message


def test_a_script_that_calls_a_tool_nobody_offers_is_a_mistake_of_the_caller(cloud, client):
    with pytest.raises(ConfigurationError, match="get_price"):
        client.converse(modelId=MODEL, messages=[user("price of opera")])


CALLED = {"role": "assistant", "content": [{"toolUse": {"toolUseId": "t1", "name": "get_price", "input": {}}}]}


def result(tool_use_id, **more):
    return {"toolResult": {"toolUseId": tool_use_id, "content": [{"json": {"eur": 5}}], **more}}


@pytest.mark.parametrize(
    ("messages", "tools", "expected"),
    [
        ([{"role": "assistant", "content": [{"text": "x"}]}], None, "must start with a user message"),
        ([user("a"), user("b")], None, "must alternate between user and assistant roles"),
        ([user(" ")], None, "The text field in the ContentBlock object at messages.0.content.0 is blank"),
        ([{"role": "user", "content": []}], None, "The content field in the Message object at messages.0 is empty"),
        ([user("a"), CALLED], None, "The toolConfig field must be defined when using toolUse and toolResult"),
        ([user("a"), CALLED], TOOLS, "Expected toolResult blocks at messages.2.content for the following Ids: t1"),
        ([user("a"), CALLED, user("b")], TOOLS, "Expected toolResult blocks at messages.2.content for the following"),
        (
            [user("a"), CALLED, {"role": "user", "content": [result("t2")]}],
            TOOLS,
            "Expected toolResult blocks at messages.2.content for the following Ids: t1",
        ),
        (
            [{"role": "user", "content": [result("t1")]}],
            TOOLS,
            "The number of toolResult blocks at messages.0.content exceeds the number of toolUse blocks of previous",
        ),
        (
            [user("a"), CALLED, {"role": "user", "content": [result("t1", status="error", content=[])]}],
            TOOLS,
            "The content field at messages.2.content.0.toolResult cannot be empty when status value is error.",
        ),
    ],
)
def test_a_conversation_that_no_model_takes_is_refused(client, messages, tools, expected):
    params = {"toolConfig": tools} if tools else {}
    code, message = refused(client.converse, modelId=MODEL, messages=messages, **params)
    assert code == "ValidationException"
    assert expected in message


def test_unknown_models_and_impossible_settings_are_refused(client):
    assert refused(client.converse, modelId="amazon.nova-9", messages=[user("x")]) == (
        "ValidationException",
        "The provided model identifier is invalid.",
    )
    assert (
        "on-demand throughput" in refused(client.converse, modelId="amazon.nova-2-lite-v1:0", messages=[user("x")])[1]
    )
    most = {"maxTokens": 1_000_000}
    assert "model limit of" in refused(client.converse, modelId=MODEL, messages=[user("x")], inferenceConfig=most)[1]
    hot = {"temperature": 1.5}
    assert (
        "'inferenceConfig.temperature'"
        in refused(client.converse, modelId=MODEL, messages=[user("x")], inferenceConfig=hot)[1]
    )
    code, message = refused(
        client.apply_guardrail, guardrailIdentifier="g", guardrailVersion="1", source="INPUT", content=[]
    )
    assert (code, "model ApplyGuardrail" in message) == ("ValidationException", True)


def test_a_profile_reaches_the_same_model_at_its_own_price(cloud, client):
    cloud.bedrock.script("us.amazon.nova-2-lite-v1:0", [Rule(answer="a" * 4_000)])
    before = cloud.meter.snapshot()
    client.converse(modelId="us.amazon.nova-2-lite-v1:0", messages=[user("b" * 400)])
    client.converse(
        modelId="arn:aws:bedrock:us-east-1:123456789012:inference-profile/global.amazon.nova-2-lite-v1:0",
        messages=[user("b" * 400)],
    )
    report = cost_report(cloud.meter.since(before), cloud.facts)
    prices = {line.item: (line.quantity, line.price_usd) for line in report.lines}
    assert prices == {
        "bedrock.nova_2_lite.input_tokens": (100, 0.3),
        "bedrock.nova_2_lite.output_tokens": (1000, 2.5),
        "bedrock.us_nova_2_lite.input_tokens": (100, 0.33),
        "bedrock.us_nova_2_lite.output_tokens": (1000, 2.75),
    }


def test_requests_per_minute_are_limited_and_come_back(cloud, client):
    cloud.bedrock.quota(MODEL, requests_per_minute=2, tokens_per_minute=1_000_000)
    few = {"modelId": MODEL, "messages": [user("hello")], "inferenceConfig": {"maxTokens": 20}}
    client.converse(**few)
    client.converse(**few)
    assert refused(client.converse, **few) == (
        "ThrottlingException",
        "Too many requests, please wait before trying again.",
    )
    cloud.wait(30)
    client.converse(**few)


def test_a_request_reserves_the_most_tokens_it_may_answer_with(cloud, client):
    cloud.bedrock.quota(MODEL, requests_per_minute=100, tokens_per_minute=3_000)
    few = {"modelId": MODEL, "messages": [user("hello")], "inferenceConfig": {"maxTokens": 2_000}}
    client.converse(**few)  # what it did not use has come back
    client.converse(**few)
    message = refused(client.converse, modelId=MODEL, messages=[user("hello")])[1]
    assert message == "Too many tokens, please wait before trying again."


def test_two_requests_at_once_share_the_tokens_of_the_minute(cloud, client):
    cloud.bedrock.quota(MODEL, requests_per_minute=100, tokens_per_minute=3_000)
    outcomes = []

    def ask():
        try:
            client.converse(modelId=MODEL, messages=[user("hello")], inferenceConfig={"maxTokens": 2_000})
            outcomes.append("answered")
        except ClientError as exc:
            outcomes.append(exc.response["Error"]["Code"])

    for _ in range(2):
        cloud.kernel.spawn(ask)
    cloud.wait(10)
    assert sorted(outcomes) == ["ThrottlingException", "answered"]


def test_metrics_say_what_was_asked_of_a_model(cloud, client):
    client.converse(modelId=MODEL, messages=[user("hello")])
    for _ in client.converse_stream(modelId=MODEL, messages=[user("hello")])["stream"]:
        pass
    refused(client.converse, modelId=MODEL, messages=[user(" ")])

    def total(metric):
        found = cloud.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Bedrock",
            MetricName=metric,
            Dimensions=[{"Name": "ModelId", "Value": MODEL}],
            StartTime=cloud.now.replace(hour=0),
            EndTime=cloud.now.replace(hour=23),
            Period=86_400,
            Statistics=["Sum", "SampleCount"],
        )["Datapoints"]
        return sum(point["Sum"] for point in found)

    assert total("Invocations") == 2
    assert total("InputTokenCount") == 4
    assert total("OutputTokenCount") == 18
    assert total("InvocationClientErrors") == 1
    assert total("InvocationLatency") > total("TimeToFirstToken") > 0


def test_counting_tokens_is_free_and_says_what_a_request_would_be_billed_for(cloud, client):
    before = cloud.meter.snapshot()
    given = {"converse": {"messages": [user("price of opera")], "toolConfig": TOOLS}}
    counted = client.count_tokens(modelId=MODEL, input=given)["inputTokens"]
    assert not any(item.startswith("bedrock") for item in cloud.meter.since(before).totals())
    answer = client.converse(modelId=MODEL, messages=[user("price of opera")], toolConfig=TOOLS)
    assert answer["usage"]["inputTokens"] == counted


def test_the_models_own_format_is_answered_too(client):
    body = {"schemaVersion": "messages-v1", "messages": [user("hello")], "inferenceConfig": {"max_new_tokens": 2}}
    answer = json.loads(client.invoke_model(modelId=MODEL, body=json.dumps(body))["body"].read())
    assert answer["output"]["message"]["content"] == [{"text": "Bonjour "}]
    assert answer["stopReason"] == "max_tokens"
    assert "Malformed input request" in refused(client.invoke_model, modelId=MODEL, body="{")[1]
