"""A whole agent: a scripted model and tools behind a gateway, reached by the unmodified MCP client in a handler."""

from __future__ import annotations

from localcloud.services.bedrock import Rule, ToolCall

MODEL = "amazon.nova-lite-v1:0"
STOCK = """
def handler(event, context):
    return {"left": {"opera": 3}.get(event["cake"], 0)}
"""
TOOL = {
    "name": "stock_of",
    "description": "How many of a cake are left",
    "inputSchema": {"type": "object", "properties": {"cake": {"type": "string"}}, "required": ["cake"]},
}
AGENT = """
import asyncio, boto3
from mcp import Client

async def answer(question, url):
    model = boto3.client("bedrock-runtime")
    async with Client(url) as gateway:
        tools = [
            {"toolSpec": {"name": t.name, "description": t.description, "inputSchema": {"json": t.input_schema}}}
            for t in (await gateway.list_tools()).tools
        ]
        messages = [{"role": "user", "content": [{"text": question}]}]
        while True:
            said = model.converse(modelId="amazon.nova-lite-v1:0", messages=messages, toolConfig={"tools": tools})
            messages.append(said["output"]["message"])
            if said["stopReason"] != "tool_use":
                return messages[-1]["content"][0]["text"]
            results = []
            for block in messages[-1]["content"]:
                if "toolUse" in block:
                    found = await gateway.call_tool(block["toolUse"]["name"], block["toolUse"]["input"])
                    results.append({"toolResult": {
                        "toolUseId": block["toolUse"]["toolUseId"],
                        "content": [{"text": found.content[0].text}],
                        "status": "error" if found.is_error else "success",
                    }})
            messages.append({"role": "user", "content": results})

def handler(event, context):
    return asyncio.run(answer(event["question"], event["gateway"]))
"""


def test_an_agent_finds_and_uses_the_tools_of_a_gateway(cloud, gateway, target, function, invoke):
    made = gateway("bakery")
    target(made["gatewayId"], "cakes", STOCK, [TOOL])
    cloud.bedrock.script(
        MODEL,
        [
            Rule(says="operas", answer=ToolCall("cakes___stock_of", {"cake": "opera"})),
            Rule(after="cakes___stock_of", answer=lambda turn: f"I looked: {turn.results[0].text}"),
        ],
    )
    function("agent", AGENT, Timeout=60)
    answer, _ = invoke("agent", {"question": "How many operas are left?", "gateway": made["gatewayUrl"]})
    assert answer == 'I looked: {"left": 3}'
