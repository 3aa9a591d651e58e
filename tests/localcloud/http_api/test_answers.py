"""HTTP APIs: answers that are no responses, signed routes, and APIs that are made at once."""

from __future__ import annotations

import json

import pytest

from localcloud.net import HttpRequest

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:shop"


@pytest.fixture
def gateway(cloud):
    return cloud.client("apigatewayv2")


@pytest.fixture
def api(cloud, function, gateway):
    """An API with one function: api(SOURCE) -> (id, URL)."""

    def create(source):
        function("shop", source)
        cloud.client("lambda").add_permission(
            FunctionName="shop", StatementId="api", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
        )
        made = gateway.create_api(Name="shop", ProtocolType="HTTP", Target=FUNCTION)
        return made["ApiId"], made["ApiEndpoint"]

    return create


@pytest.fixture
def get(cloud):
    def call(url, **headers):
        return cloud.kernel.call(cloud.http.request, HttpRequest("GET", url, headers))

    return call


def test_an_api_with_a_target_serves_every_path_at_once(api, get):
    _, url = api("def handler(event, context): return [event['routeKey'], event['rawPath'], event['version']]")
    assert json.loads(get(f"{url}/any/where").body) == ["$default", "/any/where", "2.0"]


@pytest.mark.parametrize(
    "answer",
    [
        "{'statusCode': 'abc'}",
        "{'statusCode': 1000}",
        "{'statusCode': 200, 'headers': 'x'}",
        "{'statusCode': 200, 'headers': [1]}",
        "{'statusCode': 200, 'headers': {'x': {}}}",
        "{'statusCode': 200, 'cookies': 'a=1'}",
        "{'statusCode': 200, 'multiValueHeaders': {'a': 'b'}}",
        "{'statusCode': 200, 'body': {'x': 1}}",
        "{'statusCode': 200, 'body': 'a', 'isBase64Encoded': True}",
    ],
)
def test_an_answer_that_is_no_response_is_an_internal_error(api, get, answer):
    _, url = api(f"def handler(event, context): return {answer}")
    found = get(url)
    assert (found.status, found.body) == (500, b'{"message":"Internal Server Error"}')


def test_headers_may_be_numbers_and_truths(api, get):
    _, url = api("def handler(event, context): return {'statusCode': 200, 'headers': {'X-N': 1, 'X-T': True}}")
    headers = get(url).headers
    assert (headers["x-n"], headers["x-t"]) == ("1", "true")


def test_a_route_with_iam_authorization_wants_a_signature(api, gateway, get):
    api_id, url = api("def handler(event, context): return 'hi'")
    (integration,) = gateway.get_integrations(ApiId=api_id)["Items"]
    target = f"integrations/{integration['IntegrationId']}"
    gateway.create_route(ApiId=api_id, RouteKey="GET /orders", Target=target, AuthorizationType="AWS_IAM")
    assert get(f"{url}/orders").status == 403
    assert get(f"{url}/orders", authorization="AWS4-HMAC-SHA256 Credential=...").status == 200


def test_credentials_and_exposed_headers_are_told_to_browsers_with_every_answer(api, gateway, get):
    made, url = api("def handler(event, context): return 1")
    cors = {"AllowOrigins": ["https://shop"], "AllowCredentials": True, "ExposeHeaders": ["x-cake"], "MaxAge": 9}
    gateway.update_api(ApiId=made, CorsConfiguration=cors)
    headers = get(f"{url}/", origin="https://shop").headers
    assert {name: value for name, value in headers.items() if name.startswith("access-control")} == {
        "access-control-allow-origin": "https://shop",
        "access-control-allow-credentials": "true",
        "access-control-expose-headers": "x-cake",
    }
    assert not any(name.startswith("access-control") for name in get(f"{url}/", origin="https://other").headers)
