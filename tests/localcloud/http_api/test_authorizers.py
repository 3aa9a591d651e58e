"""Lambda authorizers in front of the routes of an HTTP API."""

from __future__ import annotations

import json

import pytest

from localcloud.net import HttpRequest

ECHO = "import json\ndef handler(event, context): return {'statusCode': 200, 'body': json.dumps(event)}"
GUARD = """
def handler(event, context):
    print("asked", event["routeArn"])
    token = event["headers"].get("x-who", "")
    if token == "nobody":
        raise Exception("Unauthorized")
    if token == "broken":
        raise Exception("no")
    if token == "strange":
        return {"yes": 1}
    return ANSWER
"""
SIMPLE = '{"isAuthorized": token == "good", "context": {"level": 3}}'
POLICY = """{"principalId": token, "context": {"level": 3}, "policyDocument": {"Statement": [
        {"Effect": "Allow" if token == "good" else "Deny", "Action": "execute-api:Invoke",
         "Resource": event["routeArn"]}]}}"""


@pytest.fixture
def call(cloud, function):
    """Deploy a guarded API; returns a caller: call(SIMPLE, EnableSimpleResponses=True) -> send(token)."""

    def create(answer, **settings):
        function("guard", GUARD.replace("ANSWER", answer))
        function("shop", ECHO)
        arn = "arn:aws:lambda:us-east-1:123456789012:function"
        for name in ("guard", "shop"):
            cloud.client("lambda").add_permission(
                FunctionName=name,
                StatementId="api",
                Action="lambda:InvokeFunction",
                Principal="apigateway.amazonaws.com",
            )
        client = cloud.client("apigatewayv2")
        api = client.create_api(Name="shop", ProtocolType="HTTP")
        api_id = api["ApiId"]
        target = client.create_integration(
            ApiId=api_id, IntegrationType="AWS_PROXY", IntegrationUri=f"{arn}:shop", PayloadFormatVersion="2.0"
        )["IntegrationId"]
        authorizer = client.create_authorizer(
            ApiId=api_id,
            Name="guard",
            AuthorizerType="REQUEST",
            AuthorizerUri=f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}:guard/invocations",
            AuthorizerPayloadFormatVersion="2.0",
            IdentitySource=["$request.header.X-Who"],
            **settings,
        )["AuthorizerId"]
        client.create_route(
            ApiId=api_id,
            RouteKey="GET /orders/{id}",
            Target=f"integrations/{target}",
            AuthorizationType="CUSTOM",
            AuthorizerId=authorizer,
        )
        client.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)

        def send(token=None):
            headers = {"x-who": token} if token else {}
            request = HttpRequest("GET", api["ApiEndpoint"] + "/orders/7", headers)
            response = cloud.kernel.call(cloud.http.request, request)
            return response.status, json.loads(response.body)

        return send

    return create


@pytest.mark.parametrize(("answer", "simple"), [(SIMPLE, True), (POLICY, False)])
def test_an_authorizer_decides(call, log_lines, answer, simple):
    send = call(answer, EnableSimpleResponses=simple)
    assert send() == (401, {"message": "Unauthorized"})
    assert send("nobody") == (401, {"message": "Unauthorized"})
    assert send("bad") == (403, {"message": "Forbidden"})
    assert send("broken") == (500, {"message": "Internal Server Error"})
    assert send("strange") == (500, {"message": "Internal Server Error"})
    status, event = send("good")
    assert (status, event["requestContext"]["authorizer"]) == (200, {"lambda": {"level": 3}})
    assert any("/$default/GET/orders/7" in line for line in log_lines("guard"))


def test_an_answer_is_kept_for_its_time(cloud, call, log_lines):
    send = call(SIMPLE, EnableSimpleResponses=True, AuthorizerResultTtlInSeconds=60)

    def asked():
        return sum(line.startswith("asked") for line in log_lines("guard"))

    assert [send("good")[0] for _ in range(3)] == [200, 200, 200]
    assert asked() == 1
    cloud.wait(61)
    send("good")
    assert asked() == 2
