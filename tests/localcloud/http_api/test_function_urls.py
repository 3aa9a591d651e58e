"""Function URLs: who may call them, what they answer by themselves, and requests from other origins."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from localcloud.net import HttpRequest

SHOP = "https://shop.example"


def test_a_function_url_answers_other_origins_as_configured(cloud, function, let_in):
    function("shop", "def handler(event, context): print('ran'); return {'statusCode': 200, 'body': 'hi'}")
    url = cloud.client("lambda").create_function_url_config(
        FunctionName="shop",
        AuthType="NONE",
        Cors={"AllowOrigins": [SHOP], "AllowMethods": ["GET"], "ExposeHeaders": ["x-order"], "MaxAge": 60},
    )["FunctionUrl"]

    let_in(cloud.client("lambda"), "shop")

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


def test_a_public_url_needs_a_policy_that_lets_everybody_in(cloud, function, let_in):
    function("shop", "def handler(event, context): return 'hi'")
    url = open_url(cloud)
    refused = get(cloud, url)
    assert refused.status == 403
    assert json.loads(refused.body)["Message"].startswith("Forbidden. For troubleshooting Function URL authorization")
    let_in(cloud.client("lambda"), "shop")
    assert get(cloud, url).status == 200


def test_a_throttled_function_answers_429_at_its_url(cloud, function, let_in):
    function("shop", "def handler(event, context): return 'hi'")
    url = open_url(cloud)
    let_in(cloud.client("lambda"), "shop")
    cloud.client("lambda").put_function_concurrency(FunctionName="shop", ReservedConcurrentExecutions=0)
    assert get(cloud, url).status == 429


def test_an_event_carries_the_headers_that_the_front_adds(cloud, function, let_in):
    function("shop", "import json\ndef handler(event, context): return {'statusCode': 200, 'body': json.dumps(event)}")
    url = open_url(cloud)
    let_in(cloud.client("lambda"), "shop")
    headers = json.loads(get(cloud, url, accept="*/*").body)["headers"]
    assert headers["accept"] == "*/*"
    assert headers["host"] == url.removeprefix("https://").rstrip("/")
    assert (headers["x-forwarded-for"], headers["x-forwarded-port"], headers["x-forwarded-proto"]) == (
        "192.0.2.1", "443", "https",
    )  # fmt: skip
    assert headers["x-amzn-trace-id"].startswith("Root=1-")


@pytest.mark.parametrize("statements", [["url"], ["invoke"]])
def test_a_public_url_needs_both_permissions(cloud, function, let_in, statements):
    function("shop", "def handler(event, context): return 'hi'")
    url, client = open_url(cloud), cloud.client("lambda")
    let_in(client, "shop")
    for statement in statements:
        client.remove_permission(FunctionName="shop", StatementId=statement)
    assert get(cloud, url).status == 403


def test_a_statement_for_url_requests_lets_nobody_else_in(cloud, function, let_in):
    """What is conditioned on InvokedViaFunctionUrl does not open the function to events from S3."""
    function("shop", "def handler(event, context): return 'hi'")
    let_in(cloud.client("lambda"), "shop")
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="cakes")
    arn = "arn:aws:lambda:us-east-1:123456789012:function:shop"
    wanted = {"LambdaFunctionConfigurations": [{"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
    with pytest.raises(ClientError, match="Unable to validate the following destination"):
        s3.put_bucket_notification_configuration(Bucket="cakes", NotificationConfiguration=wanted)


def test_an_alias_has_a_url_of_its_own(cloud, function, let_in):
    function("shop", "def handler(event, context): return context.function_version", Publish=True)
    client = cloud.client("lambda")
    client.create_alias(FunctionName="shop", Name="live", FunctionVersion="1")
    url = open_url(cloud)
    live = client.create_function_url_config(FunctionName="shop", Qualifier="live", AuthType="NONE")
    assert live["FunctionArn"].endswith(":function:shop:live")
    let_in(client, "shop", Qualifier="live")
    assert (get(cloud, live["FunctionUrl"]).body, get(cloud, url).status) == (b"1", 403)
    let_in(client, "shop")
    assert get(cloud, url).body == b"$LATEST"
    listed = client.list_function_url_configs(FunctionName="shop")["FunctionUrlConfigs"]
    assert [found["FunctionUrl"] for found in listed] == [url, live["FunctionUrl"]]
    with pytest.raises(client.exceptions.ResourceConflictException, match="FunctionUrlConfig exists for this"):
        client.create_function_url_config(FunctionName="shop:live", AuthType="NONE")
    client.delete_function_url_config(FunctionName="shop", Qualifier="live")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_function_url_config(FunctionName="shop", Qualifier="live")
    assert client.get_function_url_config(FunctionName="shop")["FunctionUrl"] == url


def test_the_settings_of_a_url_are_updated_one_by_one(cloud, function):
    function("shop", "def handler(event, context): return 'hi'")
    client = cloud.client("lambda")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.update_function_url_config(FunctionName="shop", AuthType="NONE")
    open_url(cloud)
    client.update_function_url_config(FunctionName="shop", InvokeMode="RESPONSE_STREAM")
    changed = client.update_function_url_config(FunctionName="shop", AuthType="AWS_IAM")
    assert (changed["AuthType"], changed["InvokeMode"]) == ("AWS_IAM", "RESPONSE_STREAM")


SAM = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Shop:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: index.handler
      InlineCode: "def handler(event, context): return context.function_version"
      FunctionUrlConfig: {AuthType: NONE}
      %s
Outputs:
  Url: {Value: !GetAtt ShopUrl.FunctionUrl}
"""


@pytest.mark.parametrize(("more", "version"), [("", b"$LATEST"), ("AutoPublishAlias: live", b"1")])
def test_sam_makes_both_permissions_of_a_public_url(cloud, more, version):
    client = cloud.client("cloudformation")
    client.create_change_set(
        StackName="shop", ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=SAM % more,
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )  # fmt: skip
    client.get_waiter("change_set_create_complete").wait(StackName="shop", ChangeSetName="first")
    client.execute_change_set(StackName="shop", ChangeSetName="first")
    client.get_waiter("stack_create_complete").wait(StackName="shop")
    (output,) = client.describe_stacks(StackName="shop")["Stacks"][0]["Outputs"]
    assert get(cloud, output["OutputValue"]).body == version
