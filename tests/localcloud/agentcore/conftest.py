"""A gateway with tools behind it, and the official MCP client on the simulated network."""

from __future__ import annotations

import asyncio

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from localcloud.net import HttpRequest

ROLE = "arn:aws:iam::123456789012:role/gateway"


def text(kind="string", **more):
    return {"type": kind, **more}


@pytest.fixture
def control(cloud):
    return cloud.client("bedrock-agentcore-control")


@pytest.fixture
def gateway(control):
    """Create a gateway: gateway("bakery", searchType="SEMANTIC") -> CreateGateway's answer."""

    def create(name, exception_level=None, authorizer="NONE", **mcp):
        more = {"exceptionLevel": exception_level} if exception_level else {}
        if authorizer == "CUSTOM_JWT":
            issuer = "https://idp.example/.well-known/openid-configuration"
            more["authorizerConfiguration"] = {"customJWTAuthorizer": {"discoveryUrl": issuer}}
        return control.create_gateway(
            name=name,
            roleArn=ROLE,
            protocolType="MCP",
            authorizerType=authorizer,
            protocolConfiguration={"mcp": mcp},
            **more,
        )

    return create


@pytest.fixture
def target(control, function):
    """Put a function behind a gateway: target(gateway_id, "shop", SOURCE, [definitions]) -> the target's id."""

    def create(gateway_id, name, source, tools, **settings):
        function(name, source, **{"Timeout": 10, **settings})
        return control.create_gateway_target(
            gatewayIdentifier=gateway_id,
            name=name,
            targetConfiguration={
                "mcp": {
                    "lambda": {
                        "lambdaArn": f"arn:aws:lambda:us-east-1:123456789012:function:{name}",
                        "toolSchema": {"inlinePayload": tools},
                    }
                }
            },
            credentialProviderConfigurations=[{"credentialProviderType": "GATEWAY_IAM_ROLE"}],
        )["targetId"]

    return create


@pytest.fixture
def mcp(cloud):
    """Run `async def use(client)` with an MCP client of a gateway's URL, in virtual time."""

    def answer(request):
        asked = HttpRequest(
            request.method, str(request.url), {k.lower(): v for k, v in request.headers.items()}, request.content
        )
        response = cloud.http.request(asked)
        return httpx2.Response(response.status, headers=dict(response.headers), content=response.body)

    def run(url, use, mode="auto"):
        async def main():
            async with (
                httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as http,
                Client(streamable_http_client(url, http_client=http), mode=mode) as client,
            ):
                return await use(client)

        return cloud.kernel.call(asyncio.run, main())

    return run
