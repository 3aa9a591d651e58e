"""How requests are signed, and what becomes of those that AWS would refuse."""

from __future__ import annotations

import gzip
import json
import socket
import urllib.request
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

HALF_ZIPPED = gzip.compress(b"{}", mtime=0)[:-9]
SQS = {"x-amz-target": "AmazonSQS.ListQueues", "content-type": "application/x-amz-json-1.0"}
CBOR = {"smithy-protocol": "rpc-v2-cbor", "content-type": "application/cbor"}
METRICS = "/service/GraniteServiceVersion20100801/operation/ListMetrics"


# -- refused ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "path", "headers", "body", "status", "code"),
    [
        ("sqs", "/", {**SQS, "x-amz-target": "AmazonSQS.BakeCake"}, b"{}", 400, "UnknownOperationException"),
        ("lambda", "/2015-03-31/cakes", {}, b"{}", 404, "UnknownOperationException"),
        ("monitoring", METRICS.replace("List", "Bake"), CBOR, b"\xa0", 400, "UnknownOperationException"),
        ("patisserie", "/", {}, b"{}", 404, "UnknownServiceException"),
        ("sqs", "/", SQS, b"{", 400, "SerializationException"),
        ("sqs", "/", SQS, b"[]", 400, "SerializationException"),
        ("sqs", "/", {**SQS, "content-encoding": "gzip"}, b"plain", 400, "SerializationException"),
        ("sqs", "/", {**SQS, "content-encoding": "gzip"}, HALF_ZIPPED, 400, "SerializationException"),
        ("kms", "/", {**SQS, "x-amz-target": "TrentService.ListKeys"}, b"\xff\x00", 400, "SerializationException"),
        ("lambda", "/2015-03-31/functions", {}, b"{'", 400, "SerializationException"),
        ("signer", "/signing-jobs", {}, b"", 501, "NotImplementedException"),
    ],
)
def test_an_error_has_the_shape_of_json_protocols(send, service, path, headers, body, status, code):
    found, given, answer = send("GET" if path == "/signing-jobs" else "POST", path, service, headers, body)
    assert found == status
    assert json.loads(answer).get("__type", given.get("x-amzn-errortype")).split("#")[-1] == code
    assert given["x-amzn-requestid"]
    assert b"Traceback" not in answer


def test_an_error_has_the_shape_of_the_query_protocol(send):
    form = {"content-type": "application/x-www-form-urlencoded"}
    status, headers, answer = send("POST", "/", "sns", form, b"Action=BakeCake&Version=2010-03-31")
    assert status == 400
    assert headers["content-type"].startswith("text/xml")
    assert b"<ErrorResponse" in answer
    assert b"<Code>InvalidAction</Code>" in answer


@pytest.mark.parametrize("body", [b"\xff", b"\xbf", b"\x80", b"\xa1iNamespace"])
def test_a_broken_body_in_cbor_is_refused(send, body):
    status, headers, answer = send("POST", METRICS, "monitoring", CBOR, body)
    assert (status, headers["smithy-protocol"]) == (400, "rpc-v2-cbor")
    assert b"SerializationException" in answer


def test_wrong_parameters_are_refused_as_the_service_does(client):
    with pytest.raises(ClientError) as caught:
        client("sqs", parameter_validation=False).send_message(QueueUrl=3)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_what_the_local_cloud_lacks_is_said(client):
    with pytest.raises(ClientError, match="does not have dynamodb:DescribeContributorInsights") as caught:
        client("dynamodb").describe_contributor_insights(TableName="orders")
    assert caught.value.response["Error"]["Code"] == "NotImplementedException"


def test_a_body_larger_than_the_server_takes_is_refused_before_it_is_sent(endpoint):
    address = urlsplit(endpoint)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(b"PUT /bucket/key HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n")
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"RequestEntityTooLargeException" in answer


def test_a_request_without_a_signature_is_refused(send):
    status, _, answer = send("GET", "/", None, {}, None)
    assert (status, json.loads(answer)["message"]) == (403, "Missing Authentication Token")


# -- signed otherwise ------------------------------------------------------------------------------


def test_a_presigned_url_needs_no_header(client):
    s3 = client("s3")
    s3.create_bucket(Bucket="signed")
    where = {"Bucket": "signed", "Key": "a"}
    put = urllib.request.Request(s3.generate_presigned_url("put_object", where), b"cake", method="PUT")
    urllib.request.urlopen(put, timeout=10).close()
    for version in ("s3v4", "s3"):
        url = client("s3", signature_version=version).generate_presigned_url("get_object", where)
        with urllib.request.urlopen(url, timeout=10) as answer:
            assert answer.read() == b"cake"
            assert answer.headers["x-amz-request-id"]
    url = client("sts").generate_presigned_url("get_caller_identity")
    with urllib.request.urlopen(urllib.request.Request(url, method="POST", data=b""), timeout=10) as answer:
        assert b"<Account>123456789012</Account>" in answer.read()


def test_a_browser_uploads_by_a_form(client):
    s3 = client("s3")
    s3.create_bucket(Bucket="forms")
    form = s3.generate_presigned_post("forms", "cake.txt")
    parts = [f'--x\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in form["fields"].items()]
    parts.append('--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\neclair\r\n--x--\r\n')
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    request = urllib.request.Request(form["url"], "".join(parts).encode(), headers)
    urllib.request.urlopen(request, timeout=10).close()
    assert s3.get_object(Bucket="forms", Key="cake.txt")["Body"].read() == b"eclair"


def test_a_public_object_needs_no_signature(client, send):
    s3 = client("s3")
    s3.create_bucket(Bucket="window", ObjectOwnership="ObjectWriter")
    s3.delete_public_access_block(Bucket="window")
    s3.put_object(Bucket="window", Key="menu", Body=b"eclair", ACL="public-read")
    assert send("GET", "/window/menu", None, {}, None)[::2] == (200, b"eclair")
    assert send("GET", "/menu", None, {"Host": "window.s3.localhost"}, None)[::2] == (200, b"eclair")


def test_a_signature_for_several_regions_names_its_service(send):
    scope = "AWS4-ECDSA-P256-SHA256 Credential=test/20250106/sqs/aws4_request, SignedHeaders=host, Signature=0"
    assert send("POST", "/", None, {**SQS, "Authorization": scope}, b"{}")[0] == 200


def test_s3_control_is_told_from_s3_by_its_path(client, send):
    client("s3").create_bucket(Bucket="controlled")
    path = "/v20180820/tags/arn%3Aaws%3As3%3A%3A%3Acontrolled"
    status, _, answer = send("GET", path, "s3", {"x-amz-account-id": "123456789012"}, None)
    assert (status, b"<Error>" in answer) == (200, False)
