"""HTTP APIs as MCP tools."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from localcloud.net import HttpResponse
from localcloud.services.agentcore.openapi import InvalidDocument, operations

DOCUMENT = {
    "openapi": "3.0.3",
    "info": {"title": "Shop", "version": "1"},
    "servers": [{"url": "https://shop.example/v1"}],
    "paths": {
        "/cakes/{cake}": {
            "parameters": [{"name": "cake", "in": "path", "required": True, "schema": {"type": "string"}}],
            "get": {
                "operationId": "getCake",
                "summary": "One cake",
                "parameters": [
                    {"name": "fresh", "in": "query", "schema": {"type": "boolean"}},
                    {"name": "X-Shop", "in": "header", "description": "Which shop", "schema": {"type": "string"}},
                ],
            },
            "delete": {"summary": "Not a tool: it has no operationId"},
        },
        "/orders/{cake}": {
            "put": {
                "operationId": "order",
                "description": "Orders a cake",
                "parameters": [{"$ref": "#/components/parameters/Cake"}],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}},
                },
            },
            "post": {
                "operationId": "orderMany",
                "parameters": [{"$ref": "#/components/parameters/Cake"}],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"type": "array", "items": {"type": "integer"}}}},
                },
            },
        },
    },
    "components": {
        "parameters": {"Cake": {"name": "cake", "in": "path", "required": True, "schema": {"type": "string"}}},
        "schemas": {
            "Order": {
                "type": "object",
                "properties": {"pieces": {"type": "integer"}, "note": {"type": "string"}},
                "required": ["pieces"],
            }
        },
    },
}


@pytest.fixture
def shop(cloud):
    """The API: it answers with what it was asked; what it answers can be changed."""
    state = {"status": 200}

    def answer(request):
        seen = {
            "method": request.method,
            "url": request.url,
            "body": json.loads(request.body or b"null"),
            "shop": request.headers.get("x-shop"),
            "key": request.headers.get("x-api-key") or request.headers.get("authorization"),
        }
        return HttpResponse(state["status"], {"content-type": "application/json"}, json.dumps(seen).encode())

    cloud.http.serve("shop.example", answer)
    return state


@pytest.fixture
def serve(control, gateway):
    """Put the document behind a new gateway: serve() -> the gateway's URL."""

    def create(document=DOCUMENT, credentials=({"credentialProviderType": "GATEWAY_IAM_ROLE"},), name="a", **settings):
        made = gateway(name, **settings)
        control.create_gateway_target(
            gatewayIdentifier=made["gatewayId"],
            name="shop",
            targetConfiguration={"mcp": {"openApiSchema": {"inlinePayload": json.dumps(document)}}},
            credentialProviderConfigurations=list(credentials),
        )
        return made["gatewayUrl"]

    return create


def call(mcp, url, name, arguments):
    async def use(client):
        return await client.call_tool(f"shop___{name}", arguments)

    return mcp(url, use)


def test_operations_are_tools_with_parameters_and_body_side_by_side(serve, shop, mcp):
    async def use(client):
        return (await client.list_tools()).tools

    get, order, many = mcp(serve(), use)
    assert [tool.name for tool in (get, order, many)] == ["shop___getCake", "shop___order", "shop___orderMany"]
    assert get.description == "One cake"
    assert get.input_schema["properties"] == {
        "cake": {"type": "string"},
        "fresh": {"type": "boolean"},
        "X-Shop": {"type": "string", "description": "Which shop"},
    }
    assert get.input_schema["required"] == ["cake"]
    assert order.input_schema["required"] == ["cake", "pieces"]
    assert many.input_schema["properties"]["body"] == {"type": "array", "items": {"type": "integer"}}


def test_a_call_is_the_request_that_the_document_describes(serve, shop, mcp):
    url = serve()

    def seen(name, arguments):
        found = call(mcp, url, name, arguments)
        assert not found.is_error
        return json.loads(found.content[0].text)

    got = seen("getCake", {"cake": "Saint Honoré", "fresh": True, "X-Shop": "north"})
    assert got["method"] == "GET"
    assert got["url"] == "https://shop.example/v1/cakes/Saint%20Honor%C3%A9?fresh=true"
    assert (got["shop"], got["body"]) == ("north", None)
    ordered = seen("order", {"cake": "opera", "pieces": 3, "note": "soon"})
    assert (ordered["method"], ordered["url"]) == ("PUT", "https://shop.example/v1/orders/opera")
    assert ordered["body"] == {"pieces": 3, "note": "soon"}
    assert seen("orderMany", {"cake": "opera", "body": [1, 2]})["body"] == [1, 2]


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        ({"credentialParameterName": "X-Api-Key"}, ("key", "s3cret")),
        ({"credentialPrefix": "Bearer"}, ("key", "Bearer s3cret")),
        (
            {"credentialLocation": "QUERY_PARAMETER", "credentialParameterName": "key"},
            ("url", "https://shop.example/v1/cakes/opera?fresh=false&key=s3cret"),
        ),
    ],
)
def test_an_api_gets_its_key_where_it_wants_it(control, serve, shop, mcp, settings, where):
    arn = control.create_api_key_credential_provider(name="shop", apiKey="s3cret")["credentialProviderArn"]
    credential = {
        "credentialProviderType": "API_KEY",
        "credentialProvider": {"apiKeyCredentialProvider": {"providerArn": arn, **settings}},
    }
    found = call(mcp, serve(credentials=[credential]), "getCake", {"cake": "opera", "fresh": False})
    name, value = where
    assert json.loads(found.content[0].text)[name] == value


def test_a_refusal_is_told_and_a_failure_only_while_debugging(serve, shop, mcp):
    url = serve()
    shop["status"] = 404
    refused = call(mcp, url, "getCake", {"cake": "none"})
    assert refused.is_error
    assert json.loads(refused.content[0].text)["url"].endswith("/cakes/none")
    shop["status"] = 503
    broken = call(mcp, url, "getCake", {"cake": "opera"})
    assert broken.is_error
    assert broken.content[0].text == "An internal error occurred. Please retry later."


def test_an_api_that_is_not_there_is_explained_while_debugging(serve, mcp):
    found = call(mcp, serve(exception_level="DEBUG"), "getCake", {"cake": "opera"})
    assert found.is_error
    assert "shop.example does not answer" in found.content[0].text


def changed(**parts):
    return json.dumps({**DOCUMENT, **parts})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "neither JSON nor YAML"),
        ("[]", "expected OpenAPI 3.0 or 3.1, found none"),
        (changed(openapi="2.0"), "expected OpenAPI 3.0 or 3.1, found 2.0"),
        (changed(servers=[]), "the first server needs a whole URL"),
        (changed(servers=[{"url": "/v1"}]), "the first server needs a whole URL"),
        (changed(paths={}), "no operation has an operationId"),
        (changed(paths={"/a": {"get": {"operationId": "x"}, "put": {"operationId": "x"}}}), "x stands twice"),
        (changed(components={}), "refers to nothing"),
        (
            changed(paths={"/a": {"post": {"operationId": "x", "requestBody": {"content": {"text/plain": {}}}}}}),
            "only application/json bodies",
        ),
        (
            changed(
                paths={
                    "/a": {
                        "get": {
                            "operationId": "x",
                            "parameters": [{"name": "q", "in": "query", "schema": {"oneOf": []}}],
                        }
                    }
                }
            ),
            "oneOf is not supported",
        ),
    ],
)
def test_a_document_that_cannot_be_served_is_refused_with_its_reason(text, why):
    with pytest.raises(InvalidDocument, match=why):
        operations(text)


def test_a_schema_that_refers_to_itself_is_refused():
    node = {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Order"}}}
    with pytest.raises(InvalidDocument, match="circle"):
        operations(changed(components={**DOCUMENT["components"], "schemas": {"Order": node}}))


def test_oauth_and_bad_documents_are_refused_when_the_target_is_made(serve):
    with pytest.raises(ClientError, match="a role or an API key; found OAUTH"):
        serve(
            credentials=[
                {
                    "credentialProviderType": "OAUTH",
                    "credentialProvider": {"oauthCredentialProvider": {"providerArn": "arn:x", "scopes": []}},
                }
            ]
        )
    with pytest.raises(ClientError, match=r"cannot be served: expected OpenAPI 3\.0 or 3\.1"):
        serve({"swagger": "2.0"}, name="b")
