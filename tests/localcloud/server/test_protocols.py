"""boto3 in another process: each wire protocol, results and errors."""

from __future__ import annotations

import io
import json
import urllib.parse
import urllib.request
import zipfile

import pytest
from botocore.exceptions import ClientError
from botocore.parsers import RpcV2CBORParser
from botocore.serialize import CBORSerializer

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


RPC = {"content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
JSON_IN_CBOR = "application/x-amz-cbor-1.1"


def in_cbor(members, shape):
    """A request's body. Timestamps are numbers here: those of the older protocol are milliseconds."""
    body = bytearray()
    CBORSerializer()._serialize_data_item(body, members, shape)
    return bytes(body)


def out_of_cbor(body):
    parser = RpcV2CBORParser(timestamp_parser=float)
    return parser.parse_data_item(parser.get_peekable_stream_from_bytes(body))


def test_cloudwatch_speaks_json_cbor_and_query(client, send):
    """Today's boto3, today's SDKs of other languages and yesterday's SDKs see the same metrics."""
    client("cloudwatch").put_metric_data(Namespace="Spoken", MetricData=[{"MetricName": "orders", "Value": 2}])
    path = "/service/GraniteServiceVersion20100801/operation/ListMetrics"
    status, headers, body = send("POST", path, "monitoring", RPC, b"\xa1iNamespacefSpoken")
    assert (status, headers["smithy-protocol"]) == (200, "rpc-v2-cbor")
    assert [metric["MetricName"] for metric in out_of_cbor(body)["Metrics"]] == ["orders"]
    form = b"Action=ListMetrics&Version=2010-08-01&Namespace=Spoken"
    status, headers, body = send("POST", "/", "monitoring", FORM, form)
    assert (status, headers["content-type"].split(";")[0]) == (200, "text/xml")
    assert b"<MetricName>orders</MetricName>" in body


def test_cbor_carries_timestamps_in_seconds(client, send):
    client("cloudwatch").put_metric_alarm(
        AlarmName="spoken", Namespace="N", MetricName="m", Statistic="Sum", Period=60, EvaluationPeriods=1,
        Threshold=1, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    path = "/service/GraniteServiceVersion20100801/operation/DescribeAlarms"
    status, _, body = send("POST", path, "monitoring", RPC, b"\xa0")
    (alarm,) = out_of_cbor(body)["MetricAlarms"]
    assert status == 200
    assert 1.7e9 < alarm["AlarmConfigurationUpdatedTimestamp"] < 1.8e9


def test_kinesis_takes_cbor_as_its_java_client_sends_it(client, send):
    kinesis = client("kinesis")
    kinesis.create_stream(StreamName="spoken", ShardCount=1)

    def call(operation, **members):
        shape = kinesis.meta.service_model.operation_model(operation).input_shape
        headers = {"content-type": JSON_IN_CBOR, "x-amz-target": f"Kinesis_20131202.{operation}"}
        status, given, body = send("POST", "/", "kinesis", headers, in_cbor(members, shape))
        assert given["content-type"] == JSON_IN_CBOR
        return status, out_of_cbor(body)

    status, answer = call("PutRecord", StreamName="spoken", Data=b"\x00\xff", PartitionKey="a")
    assert (status, answer["ShardId"]) == (200, "shardId-000000000000")
    status, answer = call(
        "GetShardIterator", StreamName="spoken", ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )
    status, answer = call("GetRecords", ShardIterator=answer["ShardIterator"])
    (record,) = answer["Records"]
    assert (status, record["Data"], record["PartitionKey"]) == (200, b"\x00\xff", "a")
    assert 1.7e12 < record["ApproximateArrivalTimestamp"] < 1.8e12
    status, answer = call("PutRecord", StreamName="none", Data=b"", PartitionKey="a")
    assert (status, answer["__type"]) == (400, "ResourceNotFoundException")


def test_a_timestamp_of_a_java_client_is_read_in_milliseconds(client, send):
    kinesis = client("kinesis")
    kinesis.create_stream(StreamName="later", ShardCount=1)
    record = kinesis.put_record(StreamName="later", Data=b"early", PartitionKey="a")
    milliseconds = bytes([0xC1, 0x1B]) + (1_704_067_200_000).to_bytes(8, "big")  # the first of January 2024
    body = b"\xa4" + b"".join(
        bytes([0x60 + len(name)]) + name + value
        for name, value in [
            (b"StreamName", b"\x65later"),
            (b"ShardId", b"\x74" + record["ShardId"].encode()),
            (b"ShardIteratorType", b"\x6cAT_TIMESTAMP"),
            (b"Timestamp", milliseconds),
        ]
    )
    headers = {"content-type": JSON_IN_CBOR, "x-amz-target": "Kinesis_20131202.GetShardIterator"}
    status, _, answer = send("POST", "/", "kinesis", headers, body)
    assert status == 200
    found = kinesis.get_records(ShardIterator=out_of_cbor(answer)["ShardIterator"])["Records"]
    assert [each["Data"] for each in found] == [b"early"]


def test_sqs_still_speaks_query_to_older_clients(client, send):
    url = client("sqs").create_queue(QueueName="older")["QueueUrl"]
    form = urllib.parse.urlencode({"Action": "SendMessage", "QueueUrl": url, "MessageBody": "é"})
    status, headers, body = send("POST", "/", "sqs", FORM, form.encode())
    assert (status, headers["content-type"].split(";")[0]) == (200, "text/xml")
    assert b"<SendMessageResponse" in body
    assert [m["Body"] for m in client("sqs").receive_message(QueueUrl=url)["Messages"]] == ["é"]
    form = urllib.parse.urlencode({"Action": "SendMessage", "QueueUrl": f"{url}-gone", "MessageBody": "x"})
    status, _, body = send("POST", "/", "sqs", FORM, form.encode())
    assert status == 400
    assert b"<Code>AWS.SimpleQueueService.NonExistentQueue</Code>" in body


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
