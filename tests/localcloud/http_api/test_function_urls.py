"""Function URLs: who may call them, what they answer by themselves, and requests from other origins."""

from __future__ import annotations

import json

from localcloud.net import HttpRequest

SHOP = "https://shop.example"


def permit(cloud):
    cloud.client("lambda").add_permission(
        FunctionName="shop", StatementId="url", Action="lambda:InvokeFunctionUrl", Principal="*",
        FunctionUrlAuthType="NONE",
    )  # fmt: skip


def test_a_function_url_answers_other_origins_as_configured(cloud, function):
    function("shop", "def handler(event, context): print('ran'); return {'statusCode': 200, 'body': 'hi'}")
    url = cloud.client("lambda").create_function_url_config(
        FunctionName="shop",
        AuthType="NONE",
        Cors={"AllowOrigins": [SHOP], "AllowMethods": ["GET"], "ExposeHeaders": ["x-order"], "MaxAge": 60},
    )["FunctionUrl"]

    permit(cloud)

    def send(method, origin):
        return cloud.kernel.call(cloud.http.request, HttpRequest(method, url, {"origin": origin}))

    preflight = send("OPTIONS", SHOP)
    assert (preflight.status, preflight.body) == (200, b"")
    assert preflight.headers == {
        "access-control-allow-origin": SHOP,
        "access-control-allow-methods": "GET",
        "access-control-expose-headers": "x-order",
        "access-control-max-age": "60",
    }
    answer = send("GET", SHOP)
    assert answer.body == b"hi"
    assert answer.headers["access-control-allow-origin"] == SHOP
    assert answer.headers["access-control-expose-headers"] == "x-order"
    assert "access-control-max-age" not in answer.headers
    assert "access-control-allow-origin" not in send("GET", "https://other.example").headers


def get(cloud, url, **headers):
    return cloud.kernel.call(cloud.http.request, HttpRequest("GET", url, headers))


def open_url(cloud):
    return cloud.client("lambda").create_function_url_config(FunctionName="shop", AuthType="NONE")["FunctionUrl"]


def test_a_public_url_needs_a_policy_that_lets_everybody_in(cloud, function):
    function("shop", "def handler(event, context): return 'hi'")
    url = open_url(cloud)
    refused = get(cloud, url)
    assert (refused.status, refused.body) == (403, b'{"Message":"Forbidden"}')
    permit(cloud)
    assert get(cloud, url).status == 200


def test_a_throttled_function_answers_429_at_its_url(cloud, function):
    function("shop", "def handler(event, context): return 'hi'")
    url = open_url(cloud)
    permit(cloud)
    cloud.client("lambda").put_function_concurrency(FunctionName="shop", ReservedConcurrentExecutions=0)
    assert get(cloud, url).status == 429


def test_an_event_carries_the_headers_that_the_front_adds(cloud, function):
    function("shop", "import json\ndef handler(event, context): return {'statusCode': 200, 'body': json.dumps(event)}")
    url = open_url(cloud)
    permit(cloud)
    headers = json.loads(get(cloud, url, accept="*/*").body)["headers"]
    assert headers["accept"] == "*/*"
    assert headers["host"] == url.removeprefix("https://").rstrip("/")
    assert (headers["x-forwarded-for"], headers["x-forwarded-port"], headers["x-forwarded-proto"]) == (
        "192.0.2.1", "443", "https",
    )  # fmt: skip
    assert headers["x-amzn-trace-id"].startswith("Root=1-")
