"""boto3 in another process: each wire protocol, results and errors."""

from __future__ import annotations

import io
import json
import urllib.error
import urllib.request
import zipfile

import pytest
from botocore.exceptions import ClientError
from botocore.parsers import RpcV2CBORParser

SOURCE = """
import json
def handler(event, context):
    print("served")
    return {"statusCode": 201, "body": json.dumps({"path": event.get("rawPath", "")})}
"""


@pytest.fixture(scope="module")
def function_arn(client):
    role = client("iam").create_role(RoleName="outside", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", SOURCE)
    return client("lambda").create_function(
        FunctionName="outside",
        Runtime="python3.13",
        Handler="app.handler",
        Role=role,
        Code={"ZipFile": buffer.getvalue()},
    )["FunctionArn"]


def test_json_protocol_carries_messages_and_sqs_error_codes(client):
    sqs = client("sqs")
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="pâtisserie")
    found = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
    assert [m["Body"] for m in found] == ["pâtisserie"]
    with pytest.raises(sqs.exceptions.QueueDoesNotExist) as caught:
        sqs.send_message(QueueUrl=f"{url}-gone", MessageBody="x")
    assert caught.value.response["Error"]["Code"] == "AWS.SimpleQueueService.NonExistentQueue"


def test_json_protocol_carries_binary_attributes_and_modelled_errors(client):
    dynamodb = client("dynamodb")
    dynamodb.create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    item = {"id": {"S": "1"}, "raw": {"B": b"\x00\xff"}}
    dynamodb.put_item(TableName="orders", Item=item)
    assert dynamodb.get_item(TableName="orders", Key={"id": {"S": "1"}})["Item"] == item
    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException) as caught:
        dynamodb.put_item(
            TableName="orders", Item=item, ConditionExpression="attribute_not_exists(id)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )  # fmt: skip
    assert caught.value.response["Item"]["id"] == {"S": "1"}


def test_query_protocol_carries_results_and_errors(client):
    assert client("sts").get_caller_identity()["Account"] == "123456789012"
    cloudformation = client("cloudformation")
    cloudformation.create_stack(StackName="s", TemplateBody='{"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}')
    assert cloudformation.describe_stacks(StackName="s")["Stacks"][0]["StackStatus"].startswith("CREATE")
    with pytest.raises(ClientError, match="Stack with id none does not exist") as caught:
        cloudformation.describe_stacks(StackName="none")
    assert caught.value.response["Error"]["Code"] == "ValidationError"


@pytest.mark.parametrize("style", ["path", "virtual"])
def test_rest_xml_protocol_in_both_address_styles_of_s3(endpoint, client, style):
    s3 = client("s3", s3={"addressing_style": "path"})
    bucket = f"bucket-{style}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="a/b c", Body=b"\x00cake")
    if style == "virtual":
        credential = "AWS4-HMAC-SHA256 Credential=test/20250106/us-east-1/s3/aws4_request, Signature=0"
        headers = {"Host": f"{bucket}.s3.localhost", "Authorization": credential}
        request = urllib.request.Request(f"{endpoint}/a/b%20c", headers=headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.read() == b"\x00cake"
    else:
        assert s3.get_object(Bucket=bucket, Key="a/b c")["Body"].read() == b"\x00cake"
        assert s3.head_object(Bucket=bucket, Key="a/b c")["ContentLength"] == 5
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket=bucket, Key="none")


def test_rest_json_protocol_invokes_functions(client, function_arn):
    answer = client("lambda").invoke(FunctionName=function_arn, Payload=b"{}", LogType="Tail")
    assert (answer["StatusCode"], json.loads(answer["Payload"].read())["statusCode"]) == (200, 201)
    lines = [e["message"] for e in client("logs").filter_log_events(logGroupName="/aws/lambda/outside")["events"]]
    assert "served" in lines
    with pytest.raises(ClientError, match="Function not found") as caught:
        client("lambda").invoke(FunctionName="none")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_cbor_protocol_of_cloudwatch(endpoint):
    headers = {
        "Authorization": "AWS4-HMAC-SHA256 Credential=test/20250106/us-east-1/monitoring/aws4_request, Signature=0",
        "Content-Type": "application/cbor", "Smithy-Protocol": "rpc-v2-cbor",
    }  # fmt: skip
    url = f"{endpoint}/service/GraniteServiceVersion20100801/operation/ListMetrics"
    request = urllib.request.Request(url, data=b"\xa1iNamespacedNone", headers=headers, method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        parser = RpcV2CBORParser()
        body = parser.parse_data_item(parser.get_peekable_stream_from_bytes(answer.read()))
        assert (answer.headers["smithy-protocol"], body["Metrics"]) == ("rpc-v2-cbor", [])


def test_function_urls_and_http_apis_answer_by_path_and_by_host(endpoint, client, function_arn):
    gateway = client("apigatewayv2")
    api = gateway.create_api(Name="shop", ProtocolType="HTTP")["ApiId"]
    integration = gateway.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=function_arn, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    gateway.create_route(ApiId=api, RouteKey="$default", Target=f"integrations/{integration}")
    gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    client("lambda").add_permission(
        FunctionName="outside", StatementId="api", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
    )
    by_path = urllib.request.Request(f"{endpoint}/_aws/execute-api/{api}/$default/orders", data=b"{}")
    by_host = urllib.request.Request(f"{endpoint}/orders", headers={"Host": f"{api}.execute-api.localhost"}, data=b"{}")
    for request in (by_path, by_host):
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert (answer.status, json.loads(answer.read())) == (201, {"path": "/orders"})


@pytest.mark.parametrize(
    ("service", "target", "status", "code"),
    [
        ("sqs", "AmazonSQS.BakeCake", 400, "UnknownOperationException"),
        ("patisserie", "Patisserie.BakeCake", 404, "UnknownServiceException"),
    ],
)
def test_unknown_operations_and_services_are_refused(endpoint, service, target, status, code):
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential=test/20250106/us-east-1/{service}/aws4_request, Signature=0",
        "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": target,
    }  # fmt: skip
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(urllib.request.Request(endpoint, data=b"{}", headers=headers), timeout=10)
    assert (caught.value.code, json.loads(caught.value.read())["__type"]) == (status, code)


def test_unsigned_requests_are_refused(endpoint):
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(endpoint, timeout=10)
    assert (caught.value.code, json.loads(caught.value.read())["message"]) == (403, "Missing Authentication Token")
