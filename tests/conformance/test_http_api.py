"""HTTP APIs and function URLs, as AWS documents them."""

from __future__ import annotations

import json

import pytest

from localcloud.net import HttpRequest

ECHO = "import json\ndef handler(event, context): return {'statusCode': 201, 'body': json.dumps(event)}"


@pytest.fixture
def api(cloud, function):
    """Create an API with one function behind its routes: api(SOURCE, "GET /orders/{id}") -> base URL."""

    def create(
        source,
        *route_keys,
        settings=None,
        version="2.0",
        stage="$default",
        permit=True,
        integration=None,
        **api_settings,
    ):
        function("shop", source, **(settings or {}))
        client = cloud.client("apigatewayv2")
        made = client.create_api(Name="shop", ProtocolType="HTTP", **api_settings)
        arn = "arn:aws:lambda:us-east-1:123456789012:function:shop"
        target = client.create_integration(
            ApiId=made["ApiId"],
            IntegrationType="AWS_PROXY",
            IntegrationUri=arn,
            PayloadFormatVersion=version,
            **(integration or {}),
        )["IntegrationId"]
        for key in route_keys:
            client.create_route(ApiId=made["ApiId"], RouteKey=key, Target=f"integrations/{target}")
        client.create_stage(ApiId=made["ApiId"], StageName=stage, AutoDeploy=True)
        if permit:
            cloud.client("lambda").add_permission(
                FunctionName="shop",
                StatementId="api",
                Action="lambda:InvokeFunction",
                Principal="apigateway.amazonaws.com",
                SourceArn=f"arn:aws:execute-api:us-east-1:123456789012:{made['ApiId']}/*",
            )
        return made["ApiEndpoint"]

    return create


@pytest.fixture
def call(cloud):
    """One request: call("GET", url) -> (status, parsed body or text, response)."""

    def send(method, url, body=b"", **headers):
        request = HttpRequest(method, url, {k.replace("_", "-"): v for k, v in headers.items()}, body)
        response = cloud.kernel.call(cloud.http.request, request)
        text = response.body.decode()
        try:
            return response.status, json.loads(text), response
        except ValueError:
            return response.status, text, response

    return send


def test_a_function_receives_the_documented_event(api, call):
    url = api(ECHO, "POST /orders/{orderId}")
    status, event, _ = call(
        "POST", f"{url}/orders/a%20b?x=1&x=2&y=", b'{"k": 1}', content_type="application/json", cookie="a=1; b=2"
    )
    assert status == 201
    assert (event["version"], event["routeKey"], event["rawPath"]) == ("2.0", "POST /orders/{orderId}", "/orders/a%20b")
    assert event["pathParameters"] == {"orderId": "a b"}
    assert event["queryStringParameters"] == {"x": "1,2", "y": ""}
    assert event["cookies"] == ["a=1", "b=2"]
    assert (event["body"], event["isBase64Encoded"]) == ('{"k": 1}', False)
    assert event["requestContext"]["http"]["method"] == "POST"
    assert event["requestContext"]["stage"] == "$default"


def test_payload_format_one_has_the_rest_apis_event(api, call):
    url = api(ECHO, "GET /orders", version="1.0", stage="prod")
    _, event, _ = call("GET", f"{url}/prod/orders?x=1&x=2")
    assert (event["version"], event["httpMethod"], event["resource"]) == ("1.0", "GET", "/orders")
    assert event["multiValueQueryStringParameters"] == {"x": ["1", "2"]}


@pytest.mark.parametrize(
    ("method", "path", "route"),
    [
        ("GET", "/orders/7", "GET /orders/{id}"),
        ("GET", "/orders/new", "GET /orders/new"),
        ("DELETE", "/orders/7", "ANY /orders/{id}"),
        ("GET", "/orders/7/items/2", "GET /orders/{proxy+}"),
        ("GET", "/elsewhere", "$default"),
    ],
)
def test_the_most_specific_route_wins(api, call, method, path, route):
    url = api(ECHO, "$default", "GET /orders/{proxy+}", "ANY /orders/{id}", "GET /orders/{id}", "GET /orders/new")
    assert call(method, url + path)[1]["routeKey"] == route


def test_what_no_route_serves_is_not_found(api, call):
    url = api(ECHO, "GET /orders")
    assert call("POST", f"{url}/orders")[:2] == (404, {"message": "Not Found"})
    assert call("GET", f"{url}/orders/7")[0] == 404


@pytest.mark.parametrize(
    ("answer", "status", "body", "kind"),
    [
        ("{'ok': True}", 200, {"ok": True}, "application/json"),
        ("'hello'", 200, "hello", "application/json"),
        ("{'statusCode': 202, 'headers': {'Content-Type': 'text/html'}, 'body': '<p>'}", 202, "<p>", "text/html"),
        ("{'statusCode': 200, 'isBase64Encoded': True, 'body': 'aGk='}", 200, "hi", "text/plain;charset=UTF-8"),
        ("{'statusCode': 'soon'}", 500, {"message": "Internal Server Error"}, "application/json"),
        ("1 / 0", 500, {"message": "Internal Server Error"}, "application/json"),
    ],
)
def test_the_answer_becomes_a_response(api, call, answer, status, body, kind):
    url = api(f"def handler(event, context): return {answer}", "GET /")
    found_status, found_body, response = call("GET", f"{url}/")
    assert (found_status, found_body, response.headers["content-type"]) == (status, body, kind)


def test_after_thirty_seconds_the_caller_gets_503_and_the_function_runs_on(cloud, api, call, log_lines):
    source = "import time\ndef handler(event, context):\n    time.sleep(40)\n    print('done')"
    url = api(source, "GET /slow", settings={"Timeout": 60})
    started = cloud.now
    assert call("GET", f"{url}/slow")[:2] == (503, {"message": "Service Unavailable"})
    assert 30 <= (cloud.now - started).total_seconds() < 30.3
    cloud.wait(15)
    assert any("done" in line for line in log_lines("shop"))
    assert any("Billed Duration: 40" in line for line in log_lines("shop"))


def test_a_throttled_function_answers_503(cloud, api, call):
    url = api(ECHO, "GET /orders")
    cloud.client("lambda").put_function_concurrency(FunctionName="shop", ReservedConcurrentExecutions=0)
    assert call("GET", f"{url}/orders")[0] == 503


def test_a_function_without_a_permission_answers_500(api, call):
    url = api(ECHO, "GET /orders", permit=False)
    assert call("GET", f"{url}/orders")[:2] == (500, {"message": "Internal Server Error"})


def test_a_stage_throttles_by_rate_and_burst(cloud, api, call):
    url = api("def handler(event, context): return 1", "GET /orders")
    api_id = url.split("//")[1].split(".")[0]
    settings = {"ThrottlingRateLimit": 2.0, "ThrottlingBurstLimit": 5}
    cloud.client("apigatewayv2").update_stage(ApiId=api_id, StageName="$default", DefaultRouteSettings=settings)
    tasks = [cloud.kernel.spawn(cloud.http.request, HttpRequest("GET", f"{url}/orders")) for _ in range(20)]
    cloud.wait(5)
    statuses = [task.result().status for task in tasks]
    assert statuses.count(200) == 5
    assert statuses.count(429) == 15
    cloud.wait(1)
    assert call("GET", f"{url}/orders")[0] == 200


def test_requests_are_metered_by_512_kb_but_throttled_ones_are_not(cloud, api, call):
    url = api("def handler(event, context): return 1", "POST /orders")
    call("POST", f"{url}/orders", b"x" * 600_000)
    call("POST", f"{url}/orders", b"x")
    assert cloud.meter.snapshot().total("apigw.http.requests") == 3


def test_cors_preflight_and_headers_come_from_the_configuration(api, call):
    cors = {"AllowOrigins": ["https://shop.example"], "AllowMethods": ["GET"], "AllowHeaders": ["x-key"], "MaxAge": 60}
    url = api(ECHO, "GET /orders", CorsConfiguration=cors)
    status, _, response = call("OPTIONS", f"{url}/orders", origin="https://shop.example")
    assert status == 204
    assert response.headers["access-control-allow-origin"] == "https://shop.example"
    assert response.headers["access-control-allow-methods"] == "GET"
    assert response.headers["access-control-max-age"] == "60"
    _, _, response = call("GET", f"{url}/orders", origin="https://shop.example")
    assert response.headers["access-control-allow-origin"] == "https://shop.example"


def test_an_api_is_gone_when_it_is_deleted(cloud, api, call):
    url = api(ECHO, "GET /orders")
    cloud.client("apigatewayv2").delete_api(ApiId=url.split("//")[1].split(".")[0])
    assert call("GET", f"{url}/orders")[0] == 404


@pytest.mark.parametrize(("auth", "status"), [("NONE", 201), ("AWS_IAM", 403)])
def test_a_function_url_serves_its_function_or_asks_for_a_signature(cloud, function, call, let_in, auth, status):
    function("shop", ECHO)
    url = cloud.client("lambda").create_function_url_config(FunctionName="shop", AuthType=auth)["FunctionUrl"]
    let_in(cloud.client("lambda"), "shop", auth)
    found, event, _ = call("GET", f"{url}orders?x=1")
    assert found == status
    if status == 201:
        assert (event["routeKey"], event["rawPath"]) == ("$default", "/orders")


def test_a_handler_calls_an_api_over_plain_https(cloud, api, function, invoke):
    url = api("def handler(event, context): return {'price': 3}", "GET /price")
    function(
        "caller",
        f"""
        import json, urllib.request
        def handler(event, context): return json.load(urllib.request.urlopen("{url}/price"))["price"]
        """,
    )
    assert invoke("caller")[0] == 3
