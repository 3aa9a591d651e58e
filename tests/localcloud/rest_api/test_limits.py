"""API keys, usage plans, throttling, validators, authorizers, timeouts, logs and metrics."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

FORBIDDEN = (403, {"message": "Forbidden"})
SLOW = "import time\ndef handler(event, context):\n    time.sleep(40)\n    print('done')\n    return {}"


@pytest.fixture
def plan(api, mock):
    """A deployed API whose method needs a key: plan(throttle=..., quota=...) -> the key's value."""

    def create(**settings):
        mock(path="/it", verb="GET", apiKeyRequired=True)
        api.deploy()
        client = api.client
        key = client.create_api_key(name="till", enabled=True)
        made = client.create_usage_plan(name="small", apiStages=[{"apiId": api.id, "stage": "live"}], **settings)
        client.create_usage_plan_key(usagePlanId=made["id"], keyId=key["id"], keyType="API_KEY")
        return key["value"]

    return create


def test_a_method_with_a_key(api, plan):
    value = plan()
    assert api.call("GET", "/it")[:2] == FORBIDDEN
    assert api.call("GET", "/it", x_api_key="wrong")[:2] == FORBIDDEN
    assert api.call("GET", "/it", x_api_key=value)[0] == 200


def test_a_plan_throttles_each_client(api, plan):
    value = plan(throttle={"rateLimit": 1, "burstLimit": 2})
    answers = [api.call("GET", "/it", x_api_key=value)[:2] for _ in range(4)]
    assert answers[-1] == (429, {"message": "Too Many Requests"})
    assert [status for status, _ in answers][:2] == [200, 200]
    api.cloud.wait(2)
    assert api.call("GET", "/it", x_api_key=value)[0] == 200


def test_a_quota_ends_with_its_day(api, plan):
    value = plan(quota={"limit": 2, "period": "DAY"})
    answers = [api.call("GET", "/it", x_api_key=value)[:2] for _ in range(3)]
    assert [status for status, _ in answers] == [200, 200, 429]
    assert answers[-1][1] == {"message": "Limit Exceeded"}
    api.cloud.wait(timedelta(days=1).total_seconds())
    assert api.call("GET", "/it", x_api_key=value)[0] == 200


def test_requests_without_a_key_are_not_billed(api, plan):
    value = plan()
    before = api.cloud.meter.snapshot()
    api.call("GET", "/it")
    api.call("GET", "/it", x_api_key=value)
    assert api.cloud.meter.since(before).total("apigw.rest.requests") == 1


def test_a_method_has_its_own_throttle(api, mock):
    mock(path="/a/b", verb="GET")
    mock(path="/c", verb="GET")
    api.deploy()
    operations = [
        {"op": "replace", "path": "/~1a~1b/GET/throttling/rateLimit", "value": "1"},
        {"op": "replace", "path": "/~1a~1b/GET/throttling/burstLimit", "value": "1"},
    ]
    api.client.update_stage(restApiId=api.id, stageName="live", patchOperations=operations)
    assert [api.call("GET", "/a/b")[0] for _ in range(3)] == [200, 429, 429]
    assert [api.call("GET", "/c")[0] for _ in range(3)] == [200, 200, 200]


def test_a_validator_asks_for_parameters_and_bodies(api, mock):
    client = api.client
    validator = client.create_request_validator(
        restApiId=api.id, name="all", validateRequestBody=True, validateRequestParameters=True
    )["id"]
    line = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}, "required": ["n"]}
    client.create_model(restApiId=api.id, name="Line", contentType="application/json", schema=json.dumps(line))
    order = {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "type": "object",
        "required": ["lines"],
        "properties": {
            "lines": {
                "type": "array",
                "items": {"$ref": f"https://apigateway.amazonaws.com/restapis/{api.id}/models/Line"},
            }
        },
    }
    client.create_model(restApiId=api.id, name="Order", contentType="application/json", schema=json.dumps(order))
    mock(
        path="/it",
        verb="POST",
        requestValidatorId=validator,
        requestModels={"application/json": "Order"},
        requestParameters={"method.request.querystring.shop": True, "method.request.header.X-Till": True},
    )
    api.deploy()
    status, body, _ = api.call("POST", "/it", {"lines": []})
    assert (status, body) == (400, {"message": "Missing required request parameters: [shop, X-Till]"})
    for wrong in ({"lines": [{"n": 0}]}, {}, b"no json", b""):
        assert api.call("POST", "/it?shop=1", wrong, x_till="2")[:2] == (400, {"message": "Invalid request body"})
    assert api.call("POST", "/it?shop=1", {"lines": [{"n": 1}]}, x_till="2")[0] == 200


AUTHORIZER = """
def handler(event, context):
    print(event)
    token = event.get("authorizationToken") or event["headers"].get("x-who", "")
    if token == "nobody":
        raise Exception("Unauthorized")
    if token == "broken":
        raise Exception("no")
    if token == "strange":
        return {"who": 1}
    effect = "Allow" if token.startswith("good") else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    if token == "elsewhere":
        statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": "arn:aws:execute-api:*:*:none/*"}
    return {"principalId": token, "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
            "context": {"level": 3, "vip": True, "name": "Zoé"}}
"""
ECHO = "import json\ndef handler(event, context): return {'statusCode': 200, 'body': json.dumps(event)}"


@pytest.fixture
def guarded(api, function):
    """An API behind a Lambda authorizer: guarded(type="TOKEN", ...)."""

    def create(**settings):
        function("guard", AUTHORIZER)
        function("shop", ECHO)
        api.permit("guard", "authorizers/*")
        arn = "arn:aws:lambda:us-east-1:123456789012:function:guard"
        made = api.client.create_authorizer(
            restApiId=api.id,
            name="guard",
            authorizerUri=f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations",
            **settings,
        )
        api.function("shop", "GET", "/orders/{id}", authorizationType="CUSTOM", authorizerId=made["id"])
        api.deploy()

    return create


def test_a_token_authorizer(api, guarded, log_lines):
    guarded(
        type="TOKEN", identitySource="method.request.header.Authorization", identityValidationExpression="[a-z0-9]+"
    )
    assert api.call("GET", "/orders/7")[:2] == (401, {"message": "Unauthorized"})
    assert api.call("GET", "/orders/7", authorization="NOT OK")[:2] == (401, {"message": "Unauthorized"})
    assert api.call("GET", "/orders/7", authorization="nobody")[:2] == (401, {"message": "Unauthorized"})
    denied = {"Message": "User is not authorized to access this resource with an explicit deny"}
    assert api.call("GET", "/orders/7", authorization="bad")[:2] == (403, denied)
    elsewhere = {"Message": "User is not authorized to access this resource"}
    assert api.call("GET", "/orders/7", authorization="elsewhere")[:2] == (403, elsewhere)
    for token in ("broken", "strange"):
        assert api.call("GET", "/orders/7", authorization=token)[:2] == (500, {"message": None})
    status, event, _ = api.call("GET", "/orders/7", authorization="good")
    assert status == 200
    authorizer = event["requestContext"]["authorizer"]
    assert authorizer.pop("integrationLatency") >= 0
    assert authorizer == {"principalId": "good", "level": "3", "vip": "true", "name": "Zoé"}
    asked = [line for line in log_lines("guard") if "'authorizationToken': 'good'" in line]
    assert f"arn:aws:execute-api:us-east-1:123456789012:{api.id}/live/GET/orders/7" in asked[0]


def test_answers_are_kept_for_their_time(api, guarded, log_lines):
    guarded(
        type="TOKEN", identitySource="method.request.header.Authorization", authorizerResultTtlInSeconds=60
    )  # fmt: skip

    def asked():
        return len([line for line in log_lines("guard") if "methodArn" in line])

    api.call("GET", "/orders/7", authorization="good")
    api.call("GET", "/orders/7", authorization="good")
    assert asked() == 1
    # the policy that is kept allows one method ARN only: a known trap
    assert api.call("GET", "/orders/8", authorization="good")[0] == 403
    api.cloud.wait(61)
    assert api.call("GET", "/orders/8", authorization="good")[0] == 200
    assert asked() == 2


def test_a_request_authorizer(api, guarded):
    guarded(type="REQUEST", identitySource="method.request.header.X-Who, method.request.querystring.shop")
    assert api.call("GET", "/orders/7", x_who="good")[:2] == (401, {"message": "Unauthorized"})
    assert api.call("GET", "/orders/7?shop=1", x_who="good")[0] == 200
    assert api.call("GET", "/orders/7?shop=1", x_who="bad")[0] == 403


def test_a_slow_function_is_a_504_and_runs_on(api, cloud, function, log_lines):
    function("slow", SLOW, Timeout=60)
    api.function("slow", "GET", "/slow")
    api.function("slow", "GET", "/short", timeoutInMillis=5000, permit=False)
    api.deploy()
    before = cloud.now
    assert api.call("GET", "/slow")[:2] == (504, {"message": "Endpoint request timed out"})
    assert 29 <= (cloud.now - before).total_seconds() < 30
    cloud.wait(30)
    billed = next(line for line in log_lines("slow") if "Billed Duration" in line)
    assert int(billed.split("Billed Duration: ")[1].split()[0]) > 40_000
    before = cloud.now
    assert api.call("GET", "/short")[0] == 504
    assert 5 <= (cloud.now - before).total_seconds() < 6


def test_access_logs_and_metrics(api, cloud, mock):
    mock(path="/it/{id}", verb="GET")
    api.deploy()
    form = "$context.httpMethod $context.resourcePath $context.status $context.authorizer.principalId $context.stage"
    arn = "arn:aws:logs:us-east-1:123456789012:log-group:api"
    operations = [
        {"op": "replace", "path": "/accessLogSettings/destinationArn", "value": arn},
        {"op": "replace", "path": "/accessLogSettings/format", "value": form + " $context.error.message"},
    ]
    api.client.update_stage(restApiId=api.id, stageName="live", patchOperations=operations)
    api.call("GET", "/it/7")
    api.call("GET", "/nothing")
    lines = cloud.client("logs").filter_log_events(logGroupName="api")["events"]
    assert [line["message"] for line in lines] == [
        "GET /it/{id} 200 - live -",
        "GET / 403 - live Missing Authentication Token",
    ]

    def total(metric, *dimensions):
        start = cloud.now - timedelta(hours=1)
        points = cloud.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/ApiGateway",
            MetricName=metric,
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions],
            StartTime=start,
            EndTime=cloud.now + timedelta(hours=1),
            Period=86400,
            Statistics=["Sum", "Average"],
        )["Datapoints"]
        return points[0]["Sum"] if points else None

    assert total("Count", ("ApiName", "shop")) == 2
    assert total("4XXError", ("ApiName", "shop"), ("Stage", "live")) == 1
    assert total("5XXError", ("ApiName", "shop")) == 0
    assert total("IntegrationLatency", ("ApiName", "shop")) is None
    assert total("Latency", ("ApiName", "shop")) >= 0
