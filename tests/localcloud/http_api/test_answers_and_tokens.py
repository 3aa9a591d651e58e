"""HTTP APIs: answers that are no responses, tokens of JWT authorizers, and APIs that are made at once."""

from __future__ import annotations

import base64
import json

import pytest

from localcloud.net import HttpRequest

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:shop"
ISSUER = "https://login.example"
NOON = 1_736_164_800  # 2025-01-06 12:00 UTC; a cloud starts at 8:00


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


# -- tokens ------------------------------------------------------------------------------------


def token(**claims):
    claims = {"iss": ISSUER, "aud": "shop", "exp": NOON, "sub": "amélie", "scope": "orders:read", **claims}
    part = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJSUzI1NiJ9.{part}.c2lnbmF0dXJl"


@pytest.fixture
def guarded(api, gateway):
    """A route that wants a token: guarded(scopes) -> URL."""

    def create(*scopes):
        api_id, url = api("def handler(event, context): return event['requestContext']['authorizer']")
        authorizer = gateway.create_authorizer(
            ApiId=api_id, AuthorizerType="JWT", Name="login", IdentitySource=["$request.header.Authorization"],
            JwtConfiguration={"Audience": ["shop"], "Issuer": ISSUER},
        )["AuthorizerId"]  # fmt: skip
        (integration,) = gateway.get_integrations(ApiId=api_id)["Items"]
        gateway.create_route(
            ApiId=api_id, RouteKey="GET /orders", Target=f"integrations/{integration['IntegrationId']}",
            AuthorizationType="JWT", AuthorizerId=authorizer, AuthorizationScopes=list(scopes),
        )  # fmt: skip
        return f"{url}/orders"

    return create


def test_a_function_gets_the_claims_of_a_valid_token(guarded, get):
    found = get(guarded("orders:read", "orders:write"), authorization=f"Bearer {token()}")
    jwt = json.loads(found.body)["jwt"]
    assert (jwt["claims"]["sub"], jwt["claims"]["exp"], jwt["scopes"]) == ("amélie", str(NOON), ["orders:read"])


@pytest.mark.parametrize(
    "claims",
    [{"iss": "https://other.example"}, {"aud": "other"}, {"exp": 1}, {"exp": None}, {"nbf": NOON}, {"iat": NOON}],
)
def test_a_token_that_is_not_for_this_api_is_refused(guarded, get, claims):
    found = get(guarded(), authorization=f"Bearer {token(**claims)}")
    assert (found.status, found.body) == (401, b'{"message":"Unauthorized"}')
    assert 'error="invalid_token"' in found.headers["www-authenticate"]


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer nonsense"}])
def test_a_request_without_a_token_is_refused(guarded, get, headers):
    assert get(guarded(), **headers).status == 401


def test_a_token_without_the_scope_is_forbidden(guarded, get):
    assert get(guarded("orders:write"), authorization=f"Bearer {token()}").status == 403


def test_a_route_with_iam_authorization_wants_a_signature(api, gateway, get):
    api_id, url = api("def handler(event, context): return 'hi'")
    (integration,) = gateway.get_integrations(ApiId=api_id)["Items"]
    target = f"integrations/{integration['IntegrationId']}"
    gateway.create_route(ApiId=api_id, RouteKey="GET /orders", Target=target, AuthorizationType="AWS_IAM")
    assert get(f"{url}/orders").status == 403
    assert get(f"{url}/orders", authorization="AWS4-HMAC-SHA256 Credential=...").status == 200
