"""JWT authorizers in front of the routes of an HTTP API."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from localcloud.net import HttpRequest, HttpResponse

ISSUER = "https://id.patisserie.example"
ECHO = "import json\ndef handler(event, context): return {'statusCode': 200, 'body': json.dumps(event)}"
KEY, OTHER_KEY = (rsa.generate_private_key(public_exponent=65_537, key_size=2_048) for _ in range(2))
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Shop:
    Type: AWS::Serverless::HttpApi
    Properties:
      Auth:
        DefaultAuthorizer: Customers
        Authorizers:
          Customers:
            IdentitySource: $request.header.Authorization
            JwtConfiguration: {issuer: "https://id.patisserie.example", audience: [shop]}
  Orders:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: index.handler
      InlineCode: "def handler(event, context): return 'served'"
      Events:
        Get: {Type: HttpApi, Properties: {ApiId: !Ref Shop, Path: /orders, Method: GET}}
        Menu: {Type: HttpApi, Properties: {ApiId: !Ref Shop, Path: /menu, Method: GET, Auth: {Authorizer: NONE}}}
"""


def encoded(value):
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def number(value):
    return encoded(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def public(kid, key):
    numbers = key.public_key().public_numbers()
    return {"kty": "RSA", "use": "sig", "kid": kid, "n": number(numbers.n), "e": number(numbers.e)}


@pytest.fixture
def issuer(cloud):
    """Serve an issuer's documents; returns the key set, and the paths that were asked for."""
    keys, asked = {"keys": [public("one", KEY)]}, []

    def serve(request):
        asked.append(request.path)
        documents = {
            "/.well-known/openid-configuration": {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys.json"},
            "/keys.json": keys,
        }
        return HttpResponse(200, {}, json.dumps(documents[request.path]).encode())

    cloud.http.serve("id.patisserie.example", serve)
    return keys, asked


@pytest.fixture
def token(cloud):
    """Make a signed token: token(scope="orders", key=..., header={...}); a claim of None is left out."""

    def make(key=KEY, header=None, **claims):
        now_s = int(cloud.now.timestamp())
        given = {"iss": ISSUER, "aud": "shop", "sub": "amelie", "iat": now_s - 1, "exp": now_s + 86_400, **claims}
        given = {name: value for name, value in given.items() if value is not None}
        signed = f"{encoded({'alg': 'RS256', 'kid': 'one', **(header or {})})}.{encoded(given)}"
        return f"{signed}.{encoded(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    return make


@pytest.fixture
def shop(cloud, function, issuer):
    """An API with a guarded route; returns send(token, route="GET /orders") -> (status, challenge, parsed body)."""
    function("shop", ECHO)
    arn = "arn:aws:lambda:us-east-1:123456789012:function:shop"
    cloud.client("lambda").add_permission(
        FunctionName="shop", StatementId="api", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
    )
    client = cloud.client("apigatewayv2")
    api = client.create_api(Name="shop", ProtocolType="HTTP")
    api_id = api["ApiId"]
    authorizer = client.create_authorizer(
        ApiId=api_id,
        Name="customers",
        AuthorizerType="JWT",
        IdentitySource=["$request.header.Authorization"],
        JwtConfiguration={"Audience": ["shop", "till"], "Issuer": ISSUER},
    )["AuthorizerId"]
    scoped = {"AuthorizationScopes": ["orders.read", "orders.all"]}
    for key, version, extra in (("GET /orders", "2.0", {}), ("GET /scoped", "2.0", scoped), ("GET /old", "1.0", {})):
        target = client.create_integration(
            ApiId=api_id, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion=version
        )["IntegrationId"]
        client.create_route(
            ApiId=api_id,
            RouteKey=key,
            Target=f"integrations/{target}",
            AuthorizationType="JWT",
            AuthorizerId=authorizer,
            **extra,
        )
    client.create_route(
        ApiId=api_id, RouteKey="GET /signed", Target=f"integrations/{target}", AuthorizationType="AWS_IAM"
    )
    client.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)

    def send(token=None, path="/orders"):
        headers = {"authorization": token} if token else {}
        request = HttpRequest("GET", api["ApiEndpoint"] + path, headers)
        answer = cloud.kernel.call(cloud.http.request, request)
        return answer.status, answer.headers.get("www-authenticate"), json.loads(answer.body)

    return send


def refused(description):
    challenge = f'Bearer scope="" error="invalid_token" error_description="{description}"'
    return 401, challenge, {"message": "Unauthorized"}


def test_a_request_without_a_token_is_not_let_in(shop):
    assert shop() == (401, "Bearer", {"message": "Unauthorized"})


@pytest.mark.parametrize("prefix", ["", "Bearer ", "bearer "])
def test_a_good_token_hands_its_claims_on_as_text(shop, token, prefix):
    status, _, event = shop(prefix + token(groups=["bakers", "owners"], verified=True))
    assert status == 200
    found = event["requestContext"]["authorizer"]["jwt"]
    assert found["scopes"] is None
    assert (found["claims"]["sub"], found["claims"]["groups"]) == ("amelie", "[bakers owners]")
    assert (found["claims"]["verified"], found["claims"]["exp"].isdigit()) == ("true", True)


def test_payload_format_1_has_the_claims_without_jwt_around_them(shop, token):
    _, _, event = shop(token(), "/old")
    assert event["requestContext"]["authorizer"]["claims"]["sub"] == "amelie"


@pytest.mark.parametrize(
    ("claims", "description"),
    [
        ({"iss": "https://somebody.example"}, "the token does not have a valid issuer"),
        ({"aud": "kitchen"}, "the token does not have a valid audience"),
        ({"aud": "kitchen", "client_id": "shop"}, "the token does not have a valid audience"),
        ({"aud": None}, "the token does not have a valid audience"),
        ({"exp": 1}, "the token has expired"),
        ({"exp": None}, "the token has expired"),
        ({"nbf": 4_000_000_000}, "the token is not valid yet"),
        ({"iat": 4_000_000_000}, "the token is used before issued"),
    ],
)
def test_claims_that_do_not_hold_are_refused(shop, token, claims, description):
    assert shop(token(**claims)) == refused(description)


def test_the_client_id_stands_in_for_a_missing_audience(shop, token):
    assert shop(token(aud=None, client_id="till"))[0] == 200
    assert shop(token(aud=["kitchen", "till"]))[0] == 200


def test_the_signature_must_be_the_issuers(shop, token):
    assert shop(token(key=OTHER_KEY)) == refused("crypto/rsa: verification error")
    assert shop(token(header={"kid": "two"})) == refused("the token's kid is not among the issuer's keys")
    header, _, signature = token().split(".")
    forged = encoded({"iss": ISSUER, "aud": "shop", "sub": "thief", "exp": 4_000_000_000})
    assert shop(f"{header}.{forged}.{signature}") == refused("crypto/rsa: verification error")


@pytest.mark.parametrize("algorithm", ["HS256", "ES256", "none"])
def test_only_rsa_is_taken(shop, token, algorithm):
    assert shop(token(header={"alg": algorithm})) == refused(f"signing method {algorithm} is invalid")


def test_what_is_no_token_is_refused(shop):
    assert shop("Bearer croissant") == refused("token contains an invalid number of segments")
    assert shop("a.b.c")[0] == 401


def test_a_route_with_scopes_wants_one_of_them(shop, token):
    status, challenge, body = shop(token(scope="menu.read"), "/scoped")
    assert (status, body) == (403, {"message": "Forbidden"})
    assert challenge.startswith('Bearer scope="orders.read orders.all" error="insufficient_scope"')
    claims = [({"scope": "menu.read orders.all"}, "orders.all"), ({"scp": ["orders.read"]}, "orders.read")]
    for claim, granted in claims:
        status, _, event = shop(token(**claim), "/scoped")
        assert status == 200
        assert event["requestContext"]["authorizer"]["jwt"]["scopes"] == [granted]


def test_keys_are_kept_for_two_hours(cloud, issuer, shop, token):
    keys, asked = issuer
    assert [shop(token())[0] for _ in range(3)] == [200, 200, 200]
    assert asked == ["/.well-known/openid-configuration", "/keys.json"]
    keys["keys"] = [public("two", OTHER_KEY)]
    cloud.wait(7_100)
    assert shop(token())[0] == 200
    assert shop(token(key=OTHER_KEY, header={"kid": "two"}))[0] == 401
    cloud.wait(200)
    assert shop(token())[0] == 401
    assert shop(token(key=OTHER_KEY, header={"kid": "two"}))[0] == 200


def test_an_issuer_that_does_not_answer_lets_nobody_in(cloud, shop, token):
    cloud.http.withdraw("id.patisserie.example")
    assert shop(token()) == refused("OIDC discovery endpoint communication error")


def test_a_signed_route_wants_a_signature(shop):
    assert shop(None, "/signed") == (403, None, {"message": "Forbidden"})
    assert shop("AWS4-HMAC-SHA256 Credential=AKIA/20250106/us-east-1/execute-api/aws4_request", "/signed")[0] == 200


def test_the_authorizers_of_a_template_guard_its_routes(cloud, issuer, token):
    client = cloud.client("cloudformation")
    rights = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
    client.create_stack(StackName="shop", TemplateBody=TEMPLATE, Capabilities=rights)
    cloud.wait(60)
    api = cloud.client("apigatewayv2").get_apis()["Items"][0]
    authorizers = cloud.client("apigatewayv2").get_authorizers(ApiId=api["ApiId"])["Items"]
    assert [(item["Name"], item["JwtConfiguration"]["Audience"]) for item in authorizers] == [("Customers", ["shop"])]

    def get(path, **headers):
        return cloud.kernel.call(cloud.http.request, HttpRequest("GET", api["ApiEndpoint"] + path, headers)).status

    assert (get("/menu"), get("/orders"), get("/orders", authorization=token())) == (200, 401, 200)
    client.update_stack(StackName="shop", TemplateBody=TEMPLATE.replace("[shop]", "[bakers]"), Capabilities=rights)
    cloud.wait(60)
    assert (get("/menu"), get("/orders", authorization=token())) == (200, 401)
    assert len(cloud.client("apigatewayv2").get_authorizers(ApiId=api["ApiId"])["Items"]) == 1
