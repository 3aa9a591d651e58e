"""REST APIs, and what HTTP APIs can do without a function, as AWS documents it."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from localcloud.net import HttpRequest

ROLE = "arn:aws:iam::123456789012:role/gateway"
SLOW = "import time\ndef handler(event, context):\n    time.sleep(40)\n    return {'statusCode': 200}"
FUNCTIONS = (
    "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function"
)


@pytest.fixture
def rest(cloud):
    """A REST API with one POST method at its root: rest(integration, responses) -> function that posts."""

    def create(integration, responses=()):
        client = cloud.client("apigateway")
        api = client.create_rest_api(name="shop")["id"]
        root = client.get_resources(restApiId=api)["items"][0]["id"]
        where = {"restApiId": api, "resourceId": root, "httpMethod": "POST"}
        client.put_method(**where, authorizationType="NONE")
        client.put_integration(**where, integrationHttpMethod="POST", **integration)
        for response in responses:
            client.put_method_response(**where, statusCode=response["statusCode"])
            client.put_integration_response(**where, **response)
        client.create_deployment(restApiId=api, stageName="live")
        return poster(cloud, f"https://{api}.execute-api.us-east-1.amazonaws.com/live/")

    return create


def poster(cloud, url):
    def post(body, **headers):
        request = HttpRequest("POST", url, headers, json.dumps(body).encode())
        response = cloud.kernel.call(cloud.http.request, request)
        return response.status, response.body.decode()

    return post


def permit(cloud, name):
    cloud.client("lambda").add_permission(
        FunctionName=name, StatementId="api", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
    )


@pytest.mark.behaviour("API-01")
def test_after_29_seconds_the_client_gets_a_504_and_the_function_runs_on(cloud, function, rest, log_lines):
    function("slow", SLOW, Timeout=60)
    permit(cloud, "slow")
    post = rest({"type": "AWS_PROXY", "uri": f"{FUNCTIONS}:slow/invocations"})
    before, used = cloud.now, cloud.meter.snapshot()
    assert post({}) == (504, '{"message":"Endpoint request timed out"}')
    assert 29 <= (cloud.now - before).total_seconds() < 29.2
    cloud.wait(30)
    assert cloud.meter.since(used).total("lambda.gb_s.x86") > 60  # 40 s of 1,769 MB
    assert any("REPORT" in line for line in log_lines("slow"))


@pytest.mark.behaviour("API-03")
def test_a_rest_api_writes_to_dynamodb_and_sqs_without_a_function(cloud, rest):
    cloud.client("dynamodb").create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    template = """{"TableName": "orders", "Item": {"id": {"S": "$input.path('$.id')"}, "lines": {"L": [
      #foreach($line in $input.path('$.lines')){"S": "$line"}#if($foreach.hasNext),#end#end]}}}"""
    put = rest(
        {
            "type": "AWS",
            "uri": "arn:aws:apigateway:us-east-1:dynamodb:action/PutItem",
            "credentials": ROLE,
            "requestTemplates": {"application/json": template},
        },
        [{"statusCode": "200", "responseTemplates": {"application/json": '{"ok": true}'}}],
    )
    assert put({"id": "7", "lines": ["roll", "tart"]}) == (200, '{"ok": true}')
    item = cloud.client("dynamodb").get_item(TableName="orders", Key={"id": {"S": "7"}})["Item"]
    assert item["lines"] == {"L": [{"S": "roll"}, {"S": "tart"}]}
    url = cloud.client("sqs").create_queue(QueueName="orders")["QueueUrl"]
    send = rest(
        {
            "type": "AWS",
            "uri": "arn:aws:apigateway:us-east-1:sqs:path/123456789012/orders",
            "credentials": ROLE,
            "requestParameters": {"integration.request.header.Content-Type": "'application/x-www-form-urlencoded'"},
            "requestTemplates": {"application/json": "Action=SendMessage&MessageBody=$util.urlEncode($input.body)"},
        },
        [{"statusCode": "202"}],
    )
    assert send({"id": "8"})[0] == 202
    assert json.loads(cloud.client("sqs").receive_message(QueueUrl=url)["Messages"][0]["Body"]) == {"id": "8"}


@pytest.mark.behaviour("API-03")
@pytest.mark.parametrize(
    ("template", "status"),
    [
        ("#foreach($i in [1..1000])x#end", 200),
        ("#foreach($i in [1..1001])x#end", 500),
        ("x" * 300 * 1024, 200),
        ("x" * (300 * 1024 + 1), 500),
    ],
)
def test_templates_have_limits(rest, template, status):
    post = rest(
        {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}},
        [{"statusCode": "200", "responseTemplates": {"application/json": template}}],
    )
    assert post({})[0] == status


@pytest.mark.behaviour("API-04")
def test_an_invocation_type_header_makes_the_call_asynchronous(cloud, function, rest, log_lines):
    function("slow", SLOW, Timeout=60)
    permit(cloud, "slow")
    post = rest(
        {
            "type": "AWS",
            "uri": f"{FUNCTIONS}:slow/invocations",
            "requestParameters": {"integration.request.header.X-Amz-Invocation-Type": "'Event'"},
        },
        [{"statusCode": "202"}],
    )
    before = cloud.now
    assert post({"n": 1}) == (202, "")
    assert (cloud.now - before).total_seconds() < 1
    cloud.wait(60)
    assert any("REPORT" in line for line in log_lines("slow"))


@pytest.fixture
def http(cloud):
    """An HTTP API with one first-class integration: http(subtype, mapping) -> function that posts."""

    def create(subtype, mapping):
        client = cloud.client("apigatewayv2")
        api = client.create_api(Name="shop", ProtocolType="HTTP")
        target = client.create_integration(
            ApiId=api["ApiId"],
            IntegrationType="AWS_PROXY",
            IntegrationSubtype=subtype,
            CredentialsArn=ROLE,
            PayloadFormatVersion="1.0",
            RequestParameters=mapping,
        )["IntegrationId"]
        client.create_route(ApiId=api["ApiId"], RouteKey="POST /orders", Target=f"integrations/{target}")
        client.create_stage(ApiId=api["ApiId"], StageName="$default", AutoDeploy=True)
        return poster(cloud, api["ApiEndpoint"] + "/orders")

    return create


@pytest.mark.behaviour("API-06")
def test_an_http_api_sends_to_a_queue_without_a_function(cloud, http):
    url = cloud.client("sqs").create_queue(QueueName="orders")["QueueUrl"]
    post = http("SQS-SendMessage", {"QueueUrl": url, "MessageBody": "$request.body.order", "DelaySeconds": "0"})
    status, body = post({"order": {"id": 7}})
    message = cloud.client("sqs").receive_message(QueueUrl=url)["Messages"][0]
    assert (status, json.loads(message["Body"])) == (200, {"id": 7})
    assert f"<MessageId>{message['MessageId']}</MessageId>" in body
    status, body = post({"other": 1})  # no body to send: the service's own complaint
    assert (status, json.loads(body)["__type"]) == (400, "ValidationException")


@pytest.mark.behaviour("API-06")
def test_an_http_api_publishes_events_and_records(cloud, http):
    post = http(
        "EventBridge-PutEvents",
        {
            "Source": "shop",
            "DetailType": "${request.header.kind}-made",
            "Detail": "$request.body",
            "Time": "$context.no",
        },
    )
    status, body = post({"id": 7}, kind="order")
    assert (status, json.loads(body)["FailedEntryCount"]) == (200, 0)
    kinesis = cloud.client("kinesis")
    kinesis.create_stream(StreamName="clicks", ShardCount=1)
    mapping = {"StreamName": "clicks", "Data": "$request.body", "PartitionKey": "$context.requestId"}
    status, body = http("Kinesis-PutRecord", mapping)({"id": 7})
    assert (status, "SequenceNumber" in json.loads(body)) == (200, True)


@pytest.mark.behaviour("API-06")
def test_an_http_api_has_neither_templates_nor_dynamodb(cloud):
    client = cloud.client("apigatewayv2")
    api = client.create_api(Name="shop", ProtocolType="HTTP")["ApiId"]
    for refused in (
        {"IntegrationType": "AWS", "IntegrationUri": "arn:aws:apigateway:us-east-1:dynamodb:action/PutItem"},
        {"IntegrationType": "MOCK"},
        {"IntegrationType": "AWS_PROXY", "IntegrationSubtype": "DynamoDB-PutItem", "CredentialsArn": ROLE},
        {"IntegrationType": "AWS_PROXY", "IntegrationSubtype": "SQS-SendMessage"},
    ):
        with pytest.raises(ClientError) as caught:
            client.create_integration(ApiId=api, **refused)
        assert caught.value.response["Error"]["Code"] == "BadRequestException"
