"""Parameter mappings of HTTP APIs.

Source: the API Gateway developer guide on transforming requests and responses of HTTP APIs.
"""

from __future__ import annotations

import json

import pytest

from localcloud.net import HttpRequest, HttpResponse

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:shop"
ECHO = """
import json

def handler(event, context):
    answer = json.loads(event.get("body") or "{}")
    return {"statusCode": answer.pop("status", 200), "headers": {"x-kept": "yes"}, "body": json.dumps(event)}
"""


@pytest.fixture
def gateway(cloud):
    return cloud.client("apigatewayv2")


@pytest.fixture
def api(cloud, function, gateway):
    """An API with one integration: api(request mappings, response mappings) -> send(path, headers, body)."""

    def create(request=None, response=None, target=None, **settings):
        made = gateway.create_api(Name="shop", ProtocolType="HTTP")
        given = {"RequestParameters": request or {}, "ResponseParameters": response or {}, **settings}
        if target is None:
            function("shop", ECHO)
            cloud.client("lambda").add_permission(
                FunctionName="shop", StatementId="api", Action="lambda:InvokeFunction",
                Principal="apigateway.amazonaws.com",
            )  # fmt: skip
            given |= {"IntegrationType": "AWS_PROXY", "IntegrationUri": FUNCTION, "PayloadFormatVersion": "2.0"}
        else:
            given |= {"IntegrationType": "HTTP_PROXY", "IntegrationMethod": "ANY", "IntegrationUri": target}
        identifier = gateway.create_integration(ApiId=made["ApiId"], **given)["IntegrationId"]
        gateway.create_route(ApiId=made["ApiId"], RouteKey="ANY /{proxy+}", Target=f"integrations/{identifier}")
        gateway.create_stage(
            ApiId=made["ApiId"], StageName="$default", AutoDeploy=True, StageVariables={"season": "winter"}
        )

        def send(path="/a/b", headers=None, body=b""):
            wanted = HttpRequest("POST", made["ApiEndpoint"] + path, headers or {}, body)
            return cloud.kernel.call(cloud.http.request, wanted)

        return send

    return create


@pytest.mark.parametrize(
    ("mappings", "changed"),
    [
        ({"append:header.x-a": "plain"}, {"x-a": "old,plain"}),
        ({"overwrite:header.x-a": "plain"}, {"x-a": "plain"}),
        ({"remove:header.X-A": "''"}, {"x-a": None}),
        ({"append:header.x-new": "$request.querystring.q"}, {"x-new": "1,2"}),
        ({"append:header.x-new": "$request.path.proxy"}, {"x-new": "a/b"}),
        ({"append:header.x-new": "$request.path"}, {"x-new": "/a/b"}),
        ({"append:header.x-new": "$request.body.order.id"}, {"x-new": "7"}),
        ({"append:header.x-new": "$stageVariables.season"}, {"x-new": "winter"}),
        ({"append:header.x-new": "$context.routeKey"}, {"x-new": "ANY /{proxy+}"}),
        ({"append:header.x-new": "${request.header.x-a} in ${stageVariables.season}"}, {"x-new": "old in winter"}),
        ({"append:header.x-new": "$request.header.nothing"}, {"x-new": None}),
    ],
)
def test_headers_are_appended_overwritten_and_removed(api, mappings, changed):
    answer = api(mappings)("/a/b?q=1&q=2", {"x-a": "old"}, b'{"order": {"id": 7}}')
    headers = json.loads(answer.body)["headers"]
    assert {name: headers.get(name) for name in changed} == changed


@pytest.mark.parametrize(
    ("mappings", "query"),
    [
        ({"append:querystring.q": "3"}, {"q": "1,2,3", "r": "x"}),
        ({"overwrite:querystring.q": "$request.header.x-a"}, {"r": "x", "q": "old"}),
        ({"remove:querystring.q": "''"}, {"r": "x"}),
        ({"append:header.x-new": "1"}, {"q": "1,2", "r": "x"}),
    ],
)
def test_query_strings_are_changed_too(api, mappings, query):
    answer = api(mappings)("/a/b?q=1&q=2&r=x", {"x-a": "old"})
    assert json.loads(answer.body)["queryStringParameters"] == query


def test_the_path_is_another_one_for_the_integration_only(api):
    event = json.loads(api({"overwrite:path": "orders/${request.path.proxy}"})("/a/b").body)
    assert (event["rawPath"], event["requestContext"]["http"]["path"]) == ("/orders/a/b",) * 2
    assert (event["routeKey"], event["pathParameters"]) == ("ANY /{proxy+}", {"proxy": "a/b"})


def test_an_http_endpoint_gets_what_is_mapped(cloud, api):
    seen = []

    def endpoint(request):
        seen.append(request)
        return HttpResponse(201, {"x-secret": "7"}, b'{"id": 3}')

    cloud.http.serve("oven.example", endpoint)
    send = api(
        {"overwrite:path": "/v2/${stageVariables.season}/x", "append:querystring.k": "v", "remove:header.x-a": "''"},
        {"201": {"overwrite:statuscode": "200", "append:header.x-id": "$response.body.id",
                 "remove:header.x-secret": "''"}},
        target="https://oven.example/v1/{proxy}",
    )  # fmt: skip
    answer = send("/a/b", {"x-a": "old"})
    (request,) = seen
    assert (request.url, request.headers.get("x-a")) == ("https://oven.example/v2/winter/x?k=v", None)
    assert (answer.status, answer.headers.get("x-id"), answer.headers.get("x-secret")) == (200, "3", None)


def test_answers_are_mapped_by_their_status(api):
    send = api(
        None,
        {"404": {"overwrite:statuscode": "410", "append:header.x-kept": "$response.header.x-kept",
                 "overwrite:header.x-from": "$request.header.x-a", "append:header.x-id": "$context.requestId"}},
    )  # fmt: skip
    gone = send("/a", {"x-a": "old"}, b'{"status": 404}')
    assert (gone.status, gone.headers["x-kept"], gone.headers["x-from"]) == (410, "yes,yes", "old")
    assert gone.headers["x-id"] == json.loads(gone.body)["requestContext"]["requestId"]
    plain = send("/a", {"x-a": "old"})
    assert (plain.status, plain.headers["x-kept"], plain.headers.get("x-from")) == (200, "yes", None)


def test_the_gateways_own_answers_are_not_mapped(cloud, api):
    send = api(None, {"503": {"overwrite:statuscode": "200"}})
    cloud.client("lambda").put_function_concurrency(FunctionName="shop", ReservedConcurrentExecutions=0)
    assert send().status == 503


@pytest.mark.parametrize(
    ("request_mappings", "response_mappings", "reason"),
    [
        ({"append:header.Authorization": "x"}, {}, "Operations on header authorization are restricted"),
        ({"overwrite:header.X-Amz-Date": "x"}, {}, "Operations on header x-amz-date are restricted"),
        ({}, {"200": {"append:header.Access-Control-Allow-Origin": "*"}}, "access-control-allow-origin are restricted"),
        ({"append:path": "x"}, {}, "Invalid mapping expression: append:path"),
        ({"append:body.x": "x"}, {}, "Invalid mapping expression: append:body.x"),
        ({"header.x": "x"}, {}, "Invalid mapping expression: header.x"),
        ({}, {"200": {"append:querystring.x": "x"}}, "Invalid mapping expression: append:querystring.x"),
    ],
)
def test_mappings_that_api_gateway_does_not_take_are_refused(
    api, gateway, request_mappings, response_mappings, reason
):
    with pytest.raises(gateway.exceptions.BadRequestException) as refused:
        api(request_mappings, response_mappings)
    assert reason in str(refused.value)


def test_changed_mappings_are_checked_and_used(cloud, api, gateway):
    send = api({"append:header.x-new": "1"})
    found = gateway.get_apis()["Items"][0]["ApiId"]
    identifier = gateway.get_integrations(ApiId=found)["Items"][0]["IntegrationId"]
    with pytest.raises(gateway.exceptions.BadRequestException, match="restricted"):
        gateway.update_integration(
            ApiId=found, IntegrationId=identifier, RequestParameters={"remove:header.via": "''"}
        )
    gateway.update_integration(
        ApiId=found, IntegrationId=identifier, RequestParameters={"append:header.x-new": "2"}
    )
    assert json.loads(send().body)["headers"]["x-new"] == "2"
