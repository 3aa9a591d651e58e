"""Lambda functions as MCP tools, asked for by the official client."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError
from mcp.shared.exceptions import MCPError

from localcloud.net import HttpRequest

CAKES = """
def handler(event, context):
    custom = context.client_context.custom
    tool = custom["bedrockAgentCoreToolName"].split("___")[1]
    if tool == "get_price":
        return {"eur": {"opera": 6, "tarte": 4}[event["cake"]], "custom": custom}
    return {"refunded": event["order"]}
"""
TOOLS = [
    {
        "name": "get_price",
        "description": "What a cake costs",
        "inputSchema": {
            "type": "object",
            "properties": {"cake": {"type": "string"}, "pieces": {"type": "integer"}},
            "required": ["cake"],
        },
    },
    {
        "name": "refund_order",
        "description": "Refunds the money of an order",
        "inputSchema": {"type": "object", "properties": {"order": {"type": "string"}}, "required": ["order"]},
    },
]


@pytest.fixture
def bakery(gateway, target):
    made = gateway("bakery", searchType="SEMANTIC", instructions="Be kind.")
    target(made["gatewayId"], "cakes", CAKES, TOOLS)
    return made


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_both_eras_of_the_protocol_list_and_call_tools(bakery, mcp, mode):
    async def use(client):
        listed = await client.list_tools()
        called = await client.call_tool("cakes___get_price", {"cake": "opera"})
        return listed.tools, called, client.session.protocol_version

    tools, called, version = mcp(bakery["gatewayUrl"], use, mode)
    assert version == {"auto": "2026-07-28", "legacy": "2025-11-25"}[mode]
    assert [tool.name for tool in tools] == [
        "x_amz_bedrock_agentcore_search",
        "cakes___get_price",
        "cakes___refund_order",
    ]
    assert tools[1].description == "What a cake costs"
    assert tools[1].input_schema["required"] == ["cake"]
    assert not called.is_error
    answer = json.loads(called.content[0].text)
    assert answer["eur"] == 6
    custom = answer["custom"]
    assert custom["bedrockAgentCoreToolName"] == "cakes___get_price"
    assert custom["bedrockAgentCoreGatewayId"] == bakery["gatewayId"]
    assert custom["bedrockAgentCoreMessageVersion"] == "1.0"
    assert {"bedrockAgentCoreTargetId", "bedrockAgentCoreAwsRequestId", "bedrockAgentCoreMcpMessageId"} <= set(custom)


def test_a_gateway_is_named_as_aws_names_it(control, bakery):
    assert bakery["gatewayId"].startswith("bakery-")
    assert bakery["gatewayArn"].endswith(f":gateway/{bakery['gatewayId']}")
    host = f"{bakery['gatewayId']}.gateway.bedrock-agentcore.us-east-1.amazonaws.com"
    assert bakery["gatewayUrl"] == f"https://{host}/mcp"
    found = control.get_gateway(gatewayIdentifier=bakery["gatewayId"])
    assert (found["gatewayUrl"], found["status"]) == (bakery["gatewayUrl"], "READY")


def test_two_gateways_have_two_names(control, bakery, gateway):
    with pytest.raises(ClientError, match="ConflictException"):
        gateway("bakery")
    renamed = {"roleArn": bakery["roleArn"], "protocolType": "MCP", "authorizerType": "NONE"}
    control.update_gateway(gatewayIdentifier=bakery["gatewayId"], name="bakery", **renamed)


def test_a_handshake_tells_the_instructions_and_who_answers(bakery, mcp):
    async def use(client):
        return client.session.initialize_result

    found = mcp(bakery["gatewayUrl"], use, "legacy")
    assert found.instructions == "Be kind."
    assert found.server_info.name == "bakery"


def test_the_search_finds_tools_by_what_they_are_for(bakery, mcp):
    async def use(client):
        return await client.call_tool("x_amz_bedrock_agentcore_search", {"query": "refunding an order's money"})

    found = mcp(bakery["gatewayUrl"], use)
    assert [tool["name"] for tool in found.structured_content["tools"]] == ["cakes___refund_order"]
    assert json.loads(found.content[0].text) == found.structured_content


def test_a_gateway_without_semantic_search_has_no_search_tool(gateway, target, mcp):
    made = gateway("plain")
    target(made["gatewayId"], "cakes", CAKES, TOOLS[:1])

    async def use(client):
        names = [tool.name for tool in (await client.list_tools()).tools]
        with pytest.raises(MCPError, match="Unknown tool"):
            await client.call_tool("x_amz_bedrock_agentcore_search", {"query": "x"})
        return names

    assert mcp(made["gatewayUrl"], use) == ["cakes___get_price"]


def test_an_unknown_tool_and_an_unknown_method_are_errors_of_the_protocol(bakery, mcp):
    async def use(client):
        codes = []
        for call in (client.call_tool("cakes___bake", {}), client.list_prompts()):
            with pytest.raises(MCPError) as caught:
                await call
            codes.append(caught.value.code)
        return codes

    assert mcp(bakery["gatewayUrl"], use) == [-32602, -32601]


def test_arguments_that_do_not_fit_never_reach_the_function(bakery, mcp, log_lines):
    async def use(client):
        missing = await client.call_tool("cakes___get_price", {})
        wrong = await client.call_tool("cakes___get_price", {"cake": "opera", "pieces": True})
        return missing, wrong

    missing, wrong = mcp(bakery["gatewayUrl"], use)
    assert missing.is_error
    assert "cake: is required" in missing.content[0].text
    assert wrong.is_error
    assert "pieces: expected integer, found bool" in wrong.content[0].text
    with pytest.raises(ClientError, match="log group"):
        log_lines("cakes")


@pytest.mark.parametrize(
    ("level", "said"), [(None, "An internal error occurred. Please retry later."), ("DEBUG", "lemon")]
)
def test_what_a_function_fails_of_is_said_only_while_debugging(gateway, target, mcp, level, said):
    made = gateway("bakery", exception_level=level)
    target(made["gatewayId"], "cakes", "def handler(event, context): raise KeyError('lemon')", TOOLS)

    async def use(client):
        return await client.call_tool("cakes___get_price", {"cake": "opera"})

    found = mcp(made["gatewayUrl"], use)
    assert found.is_error
    assert said in found.content[0].text


def test_a_tool_takes_its_functions_time(cloud, gateway, target, mcp):
    made = gateway("bakery")
    source = "import time\ndef handler(event, context): time.sleep(3)"
    target(made["gatewayId"], "cakes", source, TOOLS)

    async def use(client):
        return await client.call_tool("cakes___get_price", {"cake": "opera"})

    before = cloud.now
    assert mcp(made["gatewayUrl"], use).content[0].text == "null"
    assert 3 < (cloud.now - before).total_seconds() < 6


def post(cloud, url, body, **headers):
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    return cloud.kernel.call(cloud.http.request, HttpRequest("POST", url, headers, sent))


def test_malformed_messages_get_the_codes_of_json_rpc(cloud, bakery):
    url = bakery["gatewayUrl"]
    assert json.loads(post(cloud, url, b"{").body)["error"] == {"code": -32700, "message": "Parse error"}
    assert json.loads(post(cloud, url, []).body)["error"]["code"] == -32600
    assert json.loads(post(cloud, url, {"jsonrpc": "1.0", "id": 1, "method": "ping"}).body)["error"]["code"] == -32600
    listing = {"jsonrpc": "2.0", "id": 4, "method": "tools/list"}
    unknown = post(cloud, url, listing, **{"mcp-protocol-version": "1999-01-01"})
    assert unknown.status == 400
    answer = json.loads(unknown.body)
    assert (answer["id"], answer["error"]["code"]) == (4, -32022)
    assert answer["error"]["data"]["supported"][-1] == "2026-07-28"
    assert post(cloud, url, {"jsonrpc": "2.0", "method": "notifications/initialized"}).status == 202
    assert cloud.kernel.call(cloud.http.request, HttpRequest("GET", url)).status == 405
    assert post(cloud, url.removesuffix("/mcp") + "/other", listing).status == 404


def test_a_gateway_can_be_kept_to_older_versions(control, gateway, mcp):
    made = gateway("old", supportedVersions=["2025-06-18"])

    async def use(client):
        return client.session.protocol_version

    assert mcp(made["gatewayUrl"], use) == "2025-06-18"
    with pytest.raises(ClientError, match="MCP version 2020-01-01 is not supported"):
        gateway("older", supportedVersions=["2020-01-01"])


def test_a_gateway_with_a_jwt_authorizer_asks_for_a_token(cloud, gateway):
    url = gateway("closed", authorizer="CUSTOM_JWT")["gatewayUrl"]
    listing = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    refused = post(cloud, url, listing)
    assert (refused.status, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert json.loads(refused.body)["error"] == {"code": -32001, "message": "Missing Bearer token"}
    assert post(cloud, url, listing, authorization="Bearer abc").status == 200


def test_targets_of_other_kinds_and_of_the_same_name_are_refused(control, bakery):
    with pytest.raises(ClientError, match="found a target of mcpServer"):
        control.create_gateway_target(
            gatewayIdentifier=bakery["gatewayId"],
            name="other",
            targetConfiguration={"mcp": {"mcpServer": {"endpoint": "https://mcp.example.com"}}},
        )
    listed = control.list_gateway_targets(gatewayIdentifier=bakery["gatewayId"])["items"]
    configuration = control.get_gateway_target(gatewayIdentifier=bakery["gatewayId"], targetId=listed[0]["targetId"])[
        "targetConfiguration"
    ]
    with pytest.raises(ClientError) as caught:
        control.create_gateway_target(
            gatewayIdentifier=bakery["gatewayId"], name="cakes", targetConfiguration=configuration
        )
    assert caught.value.response["Error"]["Code"] == "ConflictException"


def test_a_tool_schema_may_lie_on_s3(cloud, control, gateway, function, mcp):
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="schemas")
    s3.put_object(Bucket="schemas", Key="cakes.json", Body=json.dumps(TOOLS))
    function("cakes", CAKES)
    made = gateway("bakery")

    def create(uri):
        control.create_gateway_target(
            gatewayIdentifier=made["gatewayId"],
            name="cakes",
            targetConfiguration={
                "mcp": {
                    "lambda": {
                        "lambdaArn": "arn:aws:lambda:us-east-1:123456789012:function:cakes",
                        "toolSchema": {"s3": {"uri": uri}},
                    }
                }
            },
        )

    with pytest.raises(ClientError, match=r"nothing\.json cannot be read"):
        create("s3://schemas/nothing.json")
    create("s3://schemas/cakes.json")

    async def use(client):
        return len((await client.list_tools()).tools)

    assert mcp(made["gatewayUrl"], use) == 2
    s3.delete_object(Bucket="schemas", Key="cakes.json")
    with pytest.raises(BaseExceptionGroup) as caught:
        mcp(made["gatewayUrl"], use)
    assert caught.group_contains(MCPError, match="An internal error occurred")


def test_requests_are_counted_in_metrics(cloud, bakery, mcp):
    async def use(client):
        await client.list_tools()
        await client.call_tool("cakes___get_price", {"cake": "opera"})

    mcp(bakery["gatewayUrl"], use)
    arn = bakery["gatewayArn"]

    def total(metric, **dimensions):
        found = cloud.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Bedrock-AgentCore",
            MetricName=metric,
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
            StartTime=cloud.now.replace(hour=0),
            EndTime=cloud.now.replace(hour=23),
            Period=86_400,
            Statistics=["Sum"],
        )["Datapoints"]
        return sum(point["Sum"] for point in found)

    common = {"Resource": arn, "Operation": "InvokeGateway", "Protocol": "MCP"}
    assert total("Invocations", **common, Method="tools/call") == 1
    assert total("Invocations", **common, Method="tools/list") == 1
    spent = total("TargetExecutionTime", **common, Name="cakes___get_price")
    assert 0 < spent < total("Latency", **common, Method="tools/call")
