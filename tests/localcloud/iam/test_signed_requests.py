"""Requests over HTTP that a function signs as its role: APIs, function URLs, AppSync Events."""

from __future__ import annotations

import pytest

SIGNING = """
    import urllib.request, urllib.error
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.session import Session

    def handler(event, context):
        headers = {"content-type": "application/json"}
        request = AWSRequest("POST", event["url"], headers, event.get("body", "{}"))
        SigV4Auth(Session().get_credentials(), event["service"], "us-east-1").add_auth(request)
        sent = urllib.request.Request(event["url"], request.data.encode(), dict(request.headers), method="POST")
        try:
            with urllib.request.urlopen(sent) as answer:
                return [answer.status, answer.read().decode()]
        except urllib.error.HTTPError as exc:
            return [exc.code, exc.read().decode()]
"""
HELLO = "def handler(event, context): return 'hello'"
API = "arn:aws:execute-api:us-east-1:123456789012:"


@pytest.fixture
def signed(function, role, invoke):
    """signed("execute-api", url, *rights, body="..."): status and body of a request that a function with them signs."""
    made = []

    def send(service, url, *rights, **more):
        arn = role("clerk", "lambda", "logs:*", *rights)
        if not made:
            made.append(function("clerk", SIGNING, Role=arn))
        return invoke("clerk", {"service": service, "url": url, **more})[0]

    return send


@pytest.fixture
def hello(cloud, function, role):
    """A function behind APIs, which may invoke it; its ARN."""
    function("hello", HELLO, Role=role("h", "lambda", "logs:*"))
    cloud.client("lambda").add_permission(
        FunctionName="hello", StatementId="s", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
    )
    return "arn:aws:lambda:us-east-1:123456789012:function:hello"


def invoking(resource):
    return {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": resource}


def test_a_route_of_an_http_api_asks_what_the_role_may(cloud, hello, signed):
    api = cloud.client("apigatewayv2")
    made = api.create_api(Name="a", ProtocolType="HTTP")["ApiId"]
    target = api.create_integration(
        ApiId=made, IntegrationType="AWS_PROXY", IntegrationUri=hello, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    api.create_route(
        ApiId=made, RouteKey="POST /orders", Target=f"integrations/{target}", AuthorizationType="AWS_IAM"
    )
    api.create_stage(ApiId=made, StageName="$default", AutoDeploy=True)
    url = f"https://{made}.execute-api.us-east-1.amazonaws.com/orders"
    assert signed("execute-api", url) == [403, '{"message":"Forbidden"}']
    assert signed("execute-api", url, invoking(f"{API}{made}/*/GET/orders"))[0] == 403
    assert signed("execute-api", url, invoking(f"{API}{made}/$default/POST/orders")) == [200, "hello"]


def test_a_method_of_a_rest_api_says_what_the_role_may_not(cloud, signed):
    api = cloud.client("apigateway")
    made = api.create_rest_api(name="a")["id"]
    root = api.get_resources(restApiId=made)["items"][0]["id"]
    orders = api.create_resource(restApiId=made, parentId=root, pathPart="orders")["id"]
    common = {"restApiId": made, "resourceId": orders, "httpMethod": "POST"}
    api.put_method(**common, authorizationType="AWS_IAM")
    api.put_integration(**common, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    api.put_method_response(**common, statusCode="200")
    api.put_integration_response(**common, statusCode="200")
    api.create_deployment(restApiId=made, stageName="prod")
    url, arn = f"https://{made}.execute-api.us-east-1.amazonaws.com/prod/orders", f"{API}{made}/prod/POST/orders"
    status, body = signed("execute-api", url)
    assert status == 403
    assert f"is not authorized to perform: execute-api:Invoke on resource: {arn} because" in body
    assert signed("execute-api", url, invoking(arn))[0] == 200


def test_a_function_url_needs_both_rights(cloud, hello, signed):
    url = cloud.client("lambda").create_function_url_config(FunctionName="hello", AuthType="AWS_IAM")["FunctionUrl"]
    assert signed("lambda", url)[0] == 403
    assert signed("lambda", url, "lambda:InvokeFunctionUrl")[0] == 403
    assert signed("lambda", url, "lambda:InvokeFunctionUrl", "lambda:InvokeFunction") == [200, "hello"]


def test_publishing_to_a_channel_without_a_key_needs_the_right(cloud, signed):
    appsync, modes = cloud.client("appsync"), [{"authType": "AWS_IAM"}]
    config = dict.fromkeys(("authProviders", "connectionAuthModes", "defaultPublishAuthModes"), modes)
    made = appsync.create_api(name="p", eventConfig={**config, "defaultSubscribeAuthModes": modes})["api"]
    appsync.create_channel_namespace(apiId=made["apiId"], name="orders")
    url, body = f"https://{made['dns']['HTTP']}/event", '{"channel": "/orders/1", "events": ["1"]}'
    status, told = signed("appsync", url, body=body)
    assert status == 401
    assert "appsync:EventPublish" in told
    assert signed("appsync", url, "appsync:EventPublish", body=body)[0] == 200
