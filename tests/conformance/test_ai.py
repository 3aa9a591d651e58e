"""Bedrock and AgentCore, as AWS documents them."""

from __future__ import annotations

import asyncio
import json

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from localcloud.cost import cost_report
from localcloud.net import HttpRequest, HttpResponse
from localcloud.services.bedrock import Rule, ToolCall

MODEL = "amazon.nova-lite-v1:0"

AGENT = """
import json, boto3
TOOLS = {"tools": [{"toolSpec": {
    "name": "stock_of",
    "description": "How many of a cake are left",
    "inputSchema": {"json": {"type": "object", "properties": {"cake": {"type": "string"}}, "required": ["cake"]}},
}}]}
def handler(event, context):
    client = boto3.client("bedrock-runtime")
    messages = [{"role": "user", "content": [{"text": event["question"]}]}]
    reasons = []
    while True:
        answer = client.converse(modelId=event["model"], messages=messages, toolConfig=TOOLS)
        reasons.append(answer["stopReason"])
        messages.append(answer["output"]["message"])
        if answer["stopReason"] != "tool_use":
            return {"reasons": reasons, "messages": messages}
        results = []
        for block in answer["output"]["message"]["content"]:
            if "toolUse" in block:
                use = block["toolUse"]
                left = {"opera": 3}[use["input"]["cake"]]
                results.append({"toolResult": {"toolUseId": use["toolUseId"], "content": [{"json": {"left": left}}]}})
        messages.append({"role": "user", "content": results})
"""


@pytest.fixture
def _baker(cloud):
    cloud.bedrock.script(
        MODEL,
        [
            Rule(says="how many operas", answer=ToolCall("stock_of", {"cake": "opera"})),
            Rule(after="stock_of", answer=lambda turn: f"{turn.result('stock_of').data['left']} are left."),
            Rule(says="what did i ask", answer=lambda turn: f"I know of {len(turn.messages)} messages."),
        ],
    )


@pytest.mark.behaviour("AI-01")
@pytest.mark.usefixtures("_baker")
def test_a_tool_call_stops_the_turn_and_is_answered_with_a_tool_result(function, invoke):
    function("agent", AGENT, Timeout=60)
    answer, _ = invoke("agent", {"model": MODEL, "question": "How many operas are there?"})
    assert answer["reasons"] == ["tool_use", "end_turn"]
    asked, called, returned, final = answer["messages"]
    use = called["content"][0]["toolUse"]
    assert use["name"] == "stock_of"
    assert use["input"] == {"cake": "opera"}
    assert returned["content"][0]["toolResult"]["toolUseId"] == use["toolUseId"]
    assert final == {"role": "assistant", "content": [{"text": "3 are left."}]}
    assert json.dumps(asked)


@pytest.mark.behaviour("AI-01")
@pytest.mark.usefixtures("_baker")
def test_a_model_knows_only_the_messages_that_the_request_brings(cloud):
    client = cloud.client("bedrock-runtime")
    first = {"role": "user", "content": [{"text": "My name is Amélie."}]}
    second = {"role": "user", "content": [{"text": "What did I ask?"}]}
    answered = client.converse(modelId=MODEL, messages=[first])["output"]["message"]

    def known(messages):
        return client.converse(modelId=MODEL, messages=messages)["output"]["message"]["content"][0]["text"]

    assert known([second]) == "I know of 1 messages."
    assert known([first, answered, second]) == "I know of 3 messages."


LAMP = """
def handler(event, context):
    tool = context.client_context.custom["bedrockAgentCoreToolName"].split("___")[1]
    return {"tool": tool, "room": event["room"]}
"""


HEATING = {
    "openapi": "3.0.3",
    "servers": [{"url": "https://heating.example"}],
    "paths": {
        "/rooms/{room}": {
            "get": {
                "operationId": "temperature",
                "description": "How warm a room is",
                "parameters": [{"name": "room", "in": "path", "required": True, "schema": {"type": "string"}}],
            }
        }
    },
}


@pytest.mark.behaviour("AI-04")
def test_a_gateway_serves_functions_and_apis_as_mcp_tools_and_bills_each_use(cloud, function):
    function("lamp", LAMP)
    cloud.http.serve("heating.example", lambda request: HttpResponse(200, {}, b'{"celsius": 19}'))
    room = {"type": "object", "properties": {"room": {"type": "string"}}, "required": ["room"]}
    tools = [
        {"name": "switch_on", "description": "Switches a light on", "inputSchema": room},
        {"name": "water", "description": "Waters the plants", "inputSchema": room},
    ]
    control = cloud.client("bedrock-agentcore-control")
    gateway = control.create_gateway(
        name="house",
        roleArn="arn:aws:iam::123456789012:role/gateway",
        protocolType="MCP",
        authorizerType="NONE",
        protocolConfiguration={"mcp": {"searchType": "SEMANTIC"}},
    )
    function_arn = "arn:aws:lambda:us-east-1:123456789012:function:lamp"
    control.create_gateway_target(
        gatewayIdentifier=gateway["gatewayId"],
        name="home",
        targetConfiguration={
            "mcp": {"lambda": {"lambdaArn": function_arn, "toolSchema": {"inlinePayload": tools}}},
        },
        credentialProviderConfigurations=[{"credentialProviderType": "GATEWAY_IAM_ROLE"}],
    )
    control.create_gateway_target(
        gatewayIdentifier=gateway["gatewayId"],
        name="heating",
        targetConfiguration={"mcp": {"openApiSchema": {"inlinePayload": json.dumps(HEATING)}}},
    )
    before = cloud.meter.snapshot()

    def answer(request):
        headers = {name.lower(): value for name, value in request.headers.items()}
        made = cloud.http.request(HttpRequest(request.method, str(request.url), headers, request.content))
        return httpx2.Response(made.status, headers=dict(made.headers), content=made.body)

    async def use():
        async with (
            httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as http,
            Client(streamable_http_client(gateway["gatewayUrl"], http_client=http)) as client,
        ):
            listed = await client.list_tools()
            found = await client.call_tool("x_amz_bedrock_agentcore_search", {"query": "turn the lights on"})
            called = await client.call_tool("home___switch_on", {"room": "kitchen"})
            asked = await client.call_tool("heating___temperature", {"room": "kitchen"})
            return listed, found, called, asked

    listed, found, called, asked = cloud.kernel.call(asyncio.run, use())
    assert {tool.name for tool in listed.tools} == {
        "x_amz_bedrock_agentcore_search", "home___switch_on", "home___water", "heating___temperature",
    }  # fmt: skip
    assert [tool["name"] for tool in found.structured_content["tools"]] == ["home___switch_on"]
    assert json.loads(called.content[0].text) == {"tool": "switch_on", "room": "kitchen"}
    assert json.loads(asked.content[0].text) == {"celsius": 19}
    used = cloud.meter.since(before)
    assert used.total("agentcore.gateway_invocations") == 3  # the listing and the calls
    assert used.total("agentcore.gateway_searches") == 1
    assert cost_report(used, cloud.facts).of("agentcore.") == pytest.approx((3 * 0.005 + 0.025) / 1_000)
