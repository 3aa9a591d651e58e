"""Methods with functions behind them."""

from __future__ import annotations

import json

import pytest

from localcloud.net import HttpRequest

ECHO = "import json\ndef handler(event, context): return {'statusCode': 201, 'body': json.dumps(event)}"


def test_a_proxy_integration_sends_the_whole_request(api, function):
    function("shop", ECHO)
    api.function("shop", "POST", "/orders/{id}/lines/{proxy+}")
    deployment = api.deploy(variables={"season": "winter"})
    status, event, response = api.call("POST", "/orders/7/lines/a/b?x=1&x=2&y=", b"caf\xc3\xa9", user_agent="till")
    assert status == 201
    assert event["resource"] == "/orders/{id}/lines/{proxy+}"
    assert event["path"] == "/orders/7/lines/a/b"
    assert event["httpMethod"] == "POST"
    assert event["pathParameters"] == {"id": "7", "proxy": "a/b"}
    assert event["queryStringParameters"] == {"x": "2", "y": ""}
    assert event["multiValueQueryStringParameters"] == {"x": ["1", "2"], "y": [""]}
    assert event["stageVariables"] == {"season": "winter"}
    assert (event["body"], event["isBase64Encoded"]) == ("café", False)
    assert event["headers"]["X-Forwarded-Proto"] == "https"
    assert event["multiValueHeaders"]["user-agent"] == ["till"]
    context = event["requestContext"]
    assert sorted(context) == [
        "accountId", "apiId", "deploymentId", "domainName", "domainPrefix", "extendedRequestId", "httpMethod",
        "identity", "path", "protocol", "requestId", "requestTime", "requestTimeEpoch", "resourceId",
        "resourcePath", "stage",
    ]  # fmt: skip
    assert context["path"] == "/live/orders/7/lines/a/b"
    assert context["resourcePath"] == "/orders/{id}/lines/{proxy+}"
    assert context["deploymentId"] == deployment
    assert context["requestTime"].startswith("06/Jan/2025:08:00:")
    assert context["identity"]["userAgent"] == "till"
    assert response.headers["x-amzn-requestid"] == context["requestId"]
    assert sorted(event) == [
        "body", "headers", "httpMethod", "isBase64Encoded", "multiValueHeaders", "multiValueQueryStringParameters",
        "path", "pathParameters", "queryStringParameters", "requestContext", "resource", "stageVariables",
    ]  # fmt: skip


def test_without_parameters_the_members_are_null(api, function):
    function("shop", ECHO)
    api.function("shop", "GET", "/orders")
    api.deploy()
    _, event, _ = api.call("GET", "/orders")
    for member in ("pathParameters", "queryStringParameters", "multiValueQueryStringParameters", "body"):
        assert event[member] is None


@pytest.mark.parametrize(
    "answer",
    [
        "'just text'",
        "[1]",
        "{'statusCode': 'ok'}",
        "{'statusCode': 200, 'body': {'a': 1}}",
        "{'statusCode': 200, 'cookies': []}",
        "{'statusCode': 200, 'headers': 'none'}",
        "{'statusCode': 200, 'multiValueHeaders': {'a': 'b'}}",
    ],
)
def test_a_malformed_proxy_response_is_a_502(api, function, answer):
    function("shop", f"def handler(event, context): return {answer}")
    api.function("shop")
    api.deploy()
    status, body, response = api.call("GET", "/x")
    assert (status, body) == (502, {"message": "Internal server error"})
    assert response.headers["x-amzn-errortype"] == "InternalServerErrorException"


def test_a_function_that_raises_is_a_502(api, function):
    function("shop", "def handler(event, context): raise ValueError('no')")
    api.function("shop")
    api.deploy()
    assert api.call("GET", "/x")[:2] == (502, {"message": "Internal server error"})
    assert api.call("GET", "/x")[0] == 502


def test_an_answer_without_a_status_is_a_200(api, function):
    function("shop", "def handler(event, context): return {'body': 'hi', 'headers': {'X-A': 1}}")
    api.function("shop")
    api.deploy()
    status, body, response = api.call("GET", "/x")
    assert (status, body) == (200, "hi")
    assert response.headers["x-a"] == "1"
    assert response.headers["content-type"] == "application/json"


def test_without_permission_the_gateway_answers_500(api, function):
    function("shop", ECHO)
    api.function("shop", permit=False)
    api.deploy()
    assert api.call("GET", "/x")[:2] == (500, {"message": "Internal server error"})


def test_a_throttled_function_is_a_500(api, cloud, function):
    function("shop", ECHO)
    cloud.client("lambda").put_function_concurrency(FunctionName="shop", ReservedConcurrentExecutions=0)
    api.function("shop")
    api.deploy()
    assert api.call("GET", "/x")[:2] == (500, {"message": "Internal server error"})


def test_a_custom_integration_maps_request_and_response(api, function):
    function("bake", "def handler(event, context): return {'baked': event['what'] * 2}")
    api.function(
        "bake",
        "POST",
        "/bake/{what}",
        kind="AWS",
        requestTemplates={"application/json": '{"what": "$input.params("what")"}'},
        responses=[{"statusCode": "200", "responseTemplates": {"application/json": "<$input.path('$.baked')>"}}],
    )
    api.deploy()
    assert api.call("POST", "/bake/roll")[:2] == (200, "<rollroll>")


def test_an_error_message_chooses_the_integration_response(api, function):
    function("bake", "def handler(event, context): raise Exception('[NotFound] ' + event['what'])")
    not_found = {
        "statusCode": "404",
        "selectionPattern": r"\[NotFound\].*",
        "responseTemplates": {"application/json": '{"why": $input.json("$.errorMessage")}'},
    }
    api.function("bake", "POST", "/bake", kind="AWS", responses=[{"statusCode": "200"}, not_found])
    api.deploy()
    assert api.call("POST", "/bake", {"what": "roll"})[:2] == (404, {"why": "[NotFound] roll"})


def test_without_a_matching_pattern_an_error_is_a_200(api, function):
    function("bake", "def handler(event, context): raise Exception('burnt')")
    api.function("bake", "POST", "/bake", kind="AWS", responses=[{"statusCode": "200"}])
    api.deploy()
    status, body, _ = api.call("POST", "/bake", {})
    assert status == 200
    assert body["errorMessage"] == "burnt"


def test_stage_variables_choose_the_alias(api, cloud, function):
    function("shop", "def handler(event, context): return {'statusCode': 200, 'body': context.function_version}")
    client = cloud.client("lambda")
    client.publish_version(FunctionName="shop")
    client.create_alias(FunctionName="shop", Name="prod", FunctionVersion="1")
    api.function("shop:${stageVariables.which}", path="/x", permit=False)
    client.add_permission(
        FunctionName="shop",
        Qualifier="prod",
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
    )
    api.deploy(variables={"which": "prod"})
    assert api.call("GET", "/x")[:2] == (200, 1)


def test_binary_media_types_carry_bytes(api, function):
    function(
        "photo",
        "def handler(event, context):"
        " return {'statusCode': 200, 'body': event['body'], 'isBase64Encoded': True,"
        " 'headers': {'content-type': 'image/png', 'x-was': str(event['isBase64Encoded'])}}",
    )
    api.client.update_rest_api(
        restApiId=api.id, patchOperations=[{"op": "add", "path": "/binaryMediaTypes/image~1png", "value": "image/png"}]
    )
    api.function("photo", "POST", "/photo")
    api.deploy()
    url = f"https://{api.id}.execute-api.us-east-1.amazonaws.com/live/photo"
    request = HttpRequest("POST", url, {"content-type": "image/png", "accept": "image/png"}, b"\x89PNG\xff")
    response = api.cloud.kernel.call(api.cloud.http.request, request)
    assert (response.body, response.headers["x-was"]) == (b"\x89PNG\xff", "True")


def test_the_event_is_the_same_for_the_same_seed(api, function):
    function("shop", ECHO)
    api.function("shop")
    api.deploy()
    first = api.call("GET", "/x")[1]["requestContext"]["requestId"]
    second = api.call("GET", "/x")[1]["requestContext"]["requestId"]
    assert first != second
    assert json.dumps(first)


def test_headers_that_the_gateway_sets_itself_are_remapped(api, function):
    answer = {"statusCode": 200, "headers": {"Date": "never", "Server": "oven", "WWW-Authenticate": "x", "X-Cake": "1"}}
    function("shop", f"def handler(event, context): return {answer}")
    api.function("shop", "GET", "/orders")
    api.deploy()
    _, _, response = api.call("GET", "/orders")
    assert {name: value for name, value in response.headers.items() if "remapped" in name} == {
        "x-amzn-remapped-date": "never", "x-amzn-remapped-server": "oven", "x-amzn-remapped-www-authenticate": "x",
    }  # fmt: skip
    assert response.headers["x-cake"] == "1"
