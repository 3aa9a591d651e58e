"""Bedrock, AgentCore and the tools of a gateway from another process."""

from __future__ import annotations

import asyncio
import time

import pytest
from mcp import Client

MESSAGES = [{"role": "user", "content": [{"text": "hello"}]}]
MODEL = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0"


def test_a_conversation_and_its_stream_cross_the_wire(client):
    bedrock = client("bedrock-runtime")
    answer = bedrock.converse(modelId=MODEL, messages=MESSAGES)
    text = answer["output"]["message"]["content"][0]["text"]
    assert "scripted stand-in" in text
    events = list(bedrock.converse_stream(modelId=MODEL, messages=MESSAGES)["stream"])
    deltas = [event["contentBlockDelta"]["delta"]["text"] for event in events if "contentBlockDelta" in event]
    assert "".join(deltas) == text
    assert events[-1]["metadata"]["usage"] == answer["usage"]
    with pytest.raises(bedrock.exceptions.ValidationException, match="model identifier is invalid"):
        bedrock.converse(modelId="nothing", messages=MESSAGES)


def test_both_planes_of_agentcore_share_one_signing_name(client):
    memory = client("bedrock-agentcore-control").create_memory(name="talks", eventExpiryDuration=7)["memory"]["id"]
    data = client("bedrock-agentcore")
    payload = [{"conversational": {"content": {"text": "bonjour"}, "role": "USER"}}]
    event = data.create_event(
        memoryId=memory, actorId="anne", sessionId="s1", eventTimestamp=time.time(), payload=payload
    )["event"]
    found = data.list_events(memoryId=memory, actorId="anne", sessionId="s1")["events"]
    assert [each["eventId"] for each in found] == [event["eventId"]]


def test_an_mcp_client_reaches_a_gateway_by_path(client, endpoint):
    gateway = client("bedrock-agentcore-control").create_gateway(
        name="bakery",
        roleArn="arn:aws:iam::123456789012:role/gateway",
        protocolType="MCP",
        authorizerType="NONE",
        protocolConfiguration={"mcp": {"searchType": "SEMANTIC"}},
    )

    async def listed():
        async with Client(f"{endpoint}/_aws/gateway.bedrock-agentcore/{gateway['gatewayId']}/mcp") as tools:
            return [tool.name for tool in (await tools.list_tools()).tools]

    assert asyncio.run(listed()) == ["x_amz_bedrock_agentcore_search"]


def test_models_answer_by_the_scripts_of_a_file(scripted_client):
    bedrock = scripted_client({"amazon.nova-lite-v1:0": [{"says": "hello", "answer": "Bonjour."}]})
    answer = bedrock.converse(modelId=MODEL, messages=MESSAGES)
    assert answer["output"]["message"]["content"] == [{"text": "Bonjour."}]
