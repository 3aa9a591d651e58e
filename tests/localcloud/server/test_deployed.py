"""What was deployed answers requests from outside: HTTP APIs, REST APIs and function URLs, by host and by path."""

from __future__ import annotations

import json
import socket
import urllib.request
from urllib.parse import urlsplit

import pytest

BYTES = bytes(range(256))
ECHO = """
import base64, json

def handler(event, context):
    http = event["requestContext"].get("http", {})
    body = event.get("body") or ""
    sent = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    path = event.get("rawPath") or event["path"]
    if path.endswith("/bytes"):
        return {"statusCode": 200, "headers": {"content-type": "image/png"}, "isBase64Encoded": True,
                "body": base64.b64encode(sent[::-1]).decode()}
    seen = {
        "method": http.get("method") or event["httpMethod"], "path": path, "stage": event["requestContext"]["stage"],
        "query": event.get("rawQueryString"), "sent": sent.decode(), "agent": event["headers"].get("x-baker"),
        "cookies": event.get("cookies"), "domain": event["requestContext"]["domainName"],
    }
    return {"statusCode": 201, "headers": {"content-type": "application/json", "X-Baked": "yes"},
            **({"cookies": ["a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "b=2"]} if http else {}),
            "body": json.dumps(seen)}
"""


@pytest.fixture(scope="module")
def function_arn(client, zipped):
    role = client("iam").create_role(RoleName="deployed", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    settings = {"Runtime": "python3.13", "Handler": "app.handler", "Role": role, "Code": {"ZipFile": zipped(ECHO)}}
    arn = client("lambda").create_function(FunctionName="deployed", **settings)["FunctionArn"]
    client("lambda").add_permission(
        FunctionName="deployed", StatementId="api", Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
    )  # fmt: skip
    return arn


@pytest.fixture(scope="module")
def http_api(client, function_arn):
    """The id of an HTTP API with the stages $default and prod."""
    gateway = client("apigatewayv2")
    api = gateway.create_api(Name="deployed", ProtocolType="HTTP")["ApiId"]
    integration = gateway.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=function_arn, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    gateway.create_route(ApiId=api, RouteKey="$default", Target=f"integrations/{integration}")
    for stage in ("$default", "prod"):
        gateway.create_stage(ApiId=api, StageName=stage, AutoDeploy=True)
    return api


@pytest.fixture(scope="module")
def rest_api(client, function_arn):
    """The id of a REST API with the stage prod, which takes images for what they are."""
    gateway = client("apigateway")
    api = gateway.create_rest_api(name="deployed", binaryMediaTypes=["image/png"])["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    proxy = gateway.create_resource(restApiId=api, parentId=root, pathPart="{proxy+}")["id"]
    where = {"restApiId": api, "resourceId": proxy, "httpMethod": "ANY"}
    gateway.put_method(authorizationType="NONE", **where)
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function_arn}/invocations"
    gateway.put_integration(type="AWS_PROXY", integrationHttpMethod="POST", uri=uri, **where)
    gateway.create_deployment(restApiId=api, stageName="prod")
    return api


@pytest.fixture(scope="module")
def function_url(client, function_arn, let_in):
    """The id in a function's URL."""
    url = client("lambda").create_function_url_config(FunctionName="deployed", AuthType="NONE")["FunctionUrl"]
    let_in(client("lambda"), "deployed")
    return url.split("//")[1].split(".")[0]


@pytest.mark.parametrize(
    ("domain", "path", "stage"),
    [
        ("", "/orders/1", "$default"),
        ("", "/$default/orders/1", "$default"),
        ("", "/prod/orders/1", "prod"),
        ("localhost", "/orders/1", "$default"),
        ("localhost", "/prod/orders/1", "prod"),
        ("us-east-1.amazonaws.com", "/prod/orders/1", "prod"),
    ],
)
def test_an_http_api_answers_in_each_of_its_stages_by_path_and_by_host(send, http_api, domain, path, stage):
    if domain:
        url, host = path, {"Host": f"{http_api}.execute-api.{domain}"}
    else:
        url, host = f"/_aws/execute-api/{http_api}{path}", {}
    headers = {"content-type": "text/plain", "x-baker": "Amélie".encode().decode("latin-1"), "cookie": "a=1; b=2"}
    status, given, body = send("POST", f"{url}?x=1&x=2", None, {**host, **headers}, "é".encode())
    seen = json.loads(body)
    assert (status, given["x-baked"], given["content-type"]) == (201, "yes", "application/json")
    assert (seen["method"], seen["stage"], seen["query"]) == ("POST", stage, "x=1&x=2")
    assert seen["path"] == ("/prod/orders/1" if stage == "prod" else "/orders/1")
    assert (seen["sent"], seen["cookies"]) == ("é", ["a=1", "b=2"])
    assert seen["domain"] == f"{http_api}.execute-api.us-east-1.amazonaws.com"


def test_a_rest_api_answers_in_its_stage_only(send, rest_api):
    status, _, body = send("PUT", f"/_aws/execute-api/{rest_api}/prod/orders/1", None, {}, b"cake")
    seen = json.loads(body)
    assert (status, seen["method"], seen["path"], seen["stage"]) == (201, "PUT", "/orders/1", "prod")
    host = {"Host": f"{rest_api}.execute-api.localhost"}
    assert send("GET", "/prod/orders/1", None, host, None)[0] == 201
    status, _, body = send("GET", "/other/orders/1", None, host, None)
    assert (status, json.loads(body)["message"]) == (403, "Forbidden")


@pytest.mark.parametrize("by", ["path", "host"])
def test_a_function_url_answers(send, function_url, by):
    url = f"/_aws/lambda-url/{function_url}" if by == "path" else ""
    host = {"Host": f"{function_url}.lambda-url.localhost"} if by == "host" else {}
    status, _, body = send("DELETE", f"{url}/orders/a", None, host, None)
    seen = json.loads(body)
    assert (status, seen["method"], seen["path"]) == (201, "DELETE", "/orders/a")
    assert send("GET", url or "/", None, host, None)[0] == 201


def test_bytes_come_through_both_ways(send, http_api, rest_api, function_url):
    image = {"content-type": "image/png", "accept": "image/png"}
    for url in (
        f"/_aws/execute-api/{http_api}/bytes",
        f"/_aws/execute-api/{rest_api}/prod/bytes",
        f"/_aws/lambda-url/{function_url}/bytes",
    ):
        status, given, body = send("POST", url, None, image, BYTES)
        assert (status, given["content-type"], body) == (200, "image/png", BYTES[::-1])


def test_a_head_request_and_a_preflight_are_answered(client, send, http_api):
    client("apigatewayv2").update_api(ApiId=http_api, CorsConfiguration={"AllowOrigins": ["*"], "AllowMethods": ["*"]})
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "PUT"}
    status, given, body = send("OPTIONS", f"/_aws/execute-api/{http_api}/orders", None, asked, None)
    assert (status, given["access-control-allow-origin"], body) == (204, "*", b"")
    status, _, body = send("HEAD", f"/_aws/execute-api/{http_api}/orders", None, {}, None)
    assert (status, body) == (201, b"")


def test_cookies_are_set_one_by_one(endpoint, function_url):
    with urllib.request.urlopen(f"{endpoint}/_aws/lambda-url/{function_url}/", timeout=10) as answer:
        assert answer.headers.get_all("set-cookie") == ["a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "b=2"]


def test_repeated_headers_arrive_as_one(endpoint, http_api):
    address = urlsplit(endpoint)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(
            f"GET /_aws/execute-api/{http_api}/ HTTP/1.1\r\nHost: x\r\nX-Baker: a\r\nX-Baker: b\r\n"
            "Connection: close\r\n\r\n".encode()
        )
        answer = connection.makefile("rb").read()
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["agent"] == "a,b"


@pytest.mark.parametrize("kind", ["execute-api", "lambda-url"])
def test_an_address_that_nobody_has_is_refused(send, kind):
    status, _, body = send("GET", f"/_aws/{kind}/none/orders", None, {}, None)
    assert status in (403, 404)
    assert "message" in {name.lower() for name in json.loads(body)}
