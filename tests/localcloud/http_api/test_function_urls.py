"""Cross-origin requests to function URLs."""

from __future__ import annotations

from localcloud.net import HttpRequest

SHOP = "https://shop.example"


def test_a_function_url_answers_other_origins_as_configured(cloud, function):
    function("shop", "def handler(event, context): print('ran'); return {'statusCode': 200, 'body': 'hi'}")
    url = cloud.client("lambda").create_function_url_config(
        FunctionName="shop",
        AuthType="NONE",
        Cors={"AllowOrigins": [SHOP], "AllowMethods": ["GET"], "ExposeHeaders": ["x-order"], "MaxAge": 60},
    )["FunctionUrl"]

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
