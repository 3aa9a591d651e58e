"""AWS services behind methods, without functions."""

from __future__ import annotations

import json

import pytest

FORM = {"integration.request.header.Content-Type": "'application/x-www-form-urlencoded'"}


@pytest.fixture
def orders(cloud):
    cloud.client("dynamodb").create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def test_dynamodb_put_get_and_its_errors(api, orders):
    put = """{"TableName": "orders", "Item": {"id": {"S": "$input.path('$.id')"}, "n": {"N": "$input.path('$.n')"}},
              "ConditionExpression": "attribute_not_exists(id)"}"""
    taken = {
        "statusCode": "409",
        "selectionPattern": "4\\d{2}",
        "responseTemplates": {"application/json": '{"type": $input.json("$.__type")}'},
    }
    created = {"statusCode": "201", "responseTemplates": {"application/json": '{"id": "$context.requestId"}'}}
    api.action("POST", "/orders", "dynamodb", "PutItem", [created, taken], requestTemplates={"application/json": put})
    get = '{"TableName": "orders", "Key": {"id": {"S": "$input.params(\'id\')"}}}'
    found = {
        "statusCode": "200",
        "responseTemplates": {
            "application/json": """#set($item = $input.path('$.Item'))
#if($item == "")#set($context.responseOverride.status = 404){"message": "no such order"}
#else{"id": "$item.id.S", "n": $item.n.N}#end"""
        },
    }
    api.action("GET", "/orders/{id}", "dynamodb", "GetItem", [found], requestTemplates={"application/json": get})
    api.deploy()
    assert api.call("POST", "/orders", {"id": "7", "n": 2})[0] == 201
    assert api.call("GET", "/orders/7")[:2] == (200, {"id": "7", "n": 2})
    assert api.call("GET", "/orders/8")[:2] == (404, {"message": "no such order"})
    status, body, _ = api.call("POST", "/orders", {"id": "7", "n": 2})
    assert (status, body) == (409, {"type": "ConditionalCheckFailedException"})


def test_a_request_that_the_service_cannot_read(api, orders):
    api.action("POST", "/orders", "dynamodb", "PutItem", [{"statusCode": "200"}, {
        "statusCode": "400", "selectionPattern": "400"}])  # fmt: skip
    api.action("POST", "/nothing", "dynamodb", "BakeItem")
    api.deploy()
    assert api.call("POST", "/orders", b"not json")[1]["__type"] == "SerializationException"
    assert api.call("POST", "/orders", {"TableName": "orders"})[1]["__type"] == "ValidationException"
    assert api.call("POST", "/nothing", {})[:2] == (500, {"message": "Internal server error"})


def test_sqs_by_path(api, cloud):
    url = cloud.client("sqs").create_queue(QueueName="orders")["QueueUrl"]
    template = (
        "Action=SendMessage&MessageBody=$util.urlEncode($input.body)"
        "&MessageAttribute.1.Name=who&MessageAttribute.1.Value.StringValue=$input.params('who')"
        "&MessageAttribute.1.Value.DataType=String"
    )
    api.action(
        "POST", "/orders", "sqs", "123456789012/orders", way="path", requestParameters=FORM,
        requestTemplates={"application/json": template},
    )  # fmt: skip
    api.deploy()
    status, body, _ = api.call("POST", "/orders?who=zoe", {"n": "a&b"})
    assert status == 200
    result = body["SendMessageResponse"]["SendMessageResult"]
    message = cloud.client("sqs").receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"][0]
    assert message["MessageId"] == result["MessageId"]
    assert json.loads(message["Body"]) == {"n": "a&b"}
    assert message["MessageAttributes"]["who"]["StringValue"] == "zoe"


def test_sqs_by_action_and_its_errors(api, cloud):
    mapping = {
        "integration.request.querystring.QueueUrl": "'https://sqs.us-east-1.amazonaws.com/123456789012/missing'",
        "integration.request.querystring.MessageBody": "method.request.body",
    }
    bad = {"statusCode": "502", "selectionPattern": "4\\d\\d"}
    api.action("POST", "/x", "sqs", "SendMessage", [{"statusCode": "200"}, bad], requestParameters=mapping)
    api.deploy()
    status, body, _ = api.call("POST", "/x", {})
    assert status == 502
    assert body["Error"]["Code"] == "AWS.SimpleQueueService.NonExistentQueue"


def test_events_and_the_first_target(api, cloud):
    url = cloud.client("sqs").create_queue(QueueName="seen")["QueueUrl"]
    events = cloud.client("events")
    events.put_rule(Name="all", EventPattern='{"source": ["shop"]}')
    cloud.client("sqs").set_queue_attributes(
        QueueUrl=url,
        Attributes={
            "Policy": json.dumps(
                {
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "events.amazonaws.com"},
                            "Action": "sqs:SendMessage",
                            "Resource": "*",
                        }
                    ]
                }
            )
        },
    )
    events.put_targets(Rule="all", Targets=[{"Id": "1", "Arn": "arn:aws:sqs:us-east-1:123456789012:seen"}])
    template = (
        """{"Entries": [{"Source": "shop", "DetailType": "order", "Detail": "$util.escapeJavaScript($input.body)"}]}"""
    )
    api.action("POST", "/x", "events", "PutEvents", requestTemplates={"application/json": template})
    api.deploy()
    assert api.call("POST", "/x", {"n": 1})[1]["FailedEntryCount"] == 0
    cloud.wait(5)
    message = cloud.client("sqs").receive_message(QueueUrl=url)["Messages"][0]
    assert json.loads(message["Body"])["detail"] == {"n": 1}


def test_kinesis_takes_base64(api, cloud):
    kinesis = cloud.client("kinesis")
    kinesis.create_stream(StreamName="clicks", ShardCount=1)
    template = (
        '{"StreamName": "clicks", "Data": "$util.base64Encode($input.json(\'$\'))",'
        ' "PartitionKey": "$context.requestId"}'
    )
    api.action("POST", "/x", "kinesis", "PutRecord", requestTemplates={"application/json": template})
    api.deploy()
    assert "SequenceNumber" in api.call("POST", "/x", {"n": 1})[1]
    shard = kinesis.list_shards(StreamName="clicks")["Shards"][0]["ShardId"]
    iterator = kinesis.get_shard_iterator(
        StreamName="clicks", ShardId=shard, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]  # fmt: skip
    assert kinesis.get_records(ShardIterator=iterator)["Records"][0]["Data"] == b'{"n":1}'


def test_s3_objects_by_path(api, cloud):
    cloud.client("s3").create_bucket(Bucket="menus")
    mapping = {"integration.request.path.key": "method.request.path.key"}
    for verb in ("PUT", "GET"):
        api.method(
            verb,
            "/menus/{key}",
            {
                "type": "AWS",
                "integrationHttpMethod": verb,
                "uri": "arn:aws:apigateway:us-east-1:s3:path/menus/{key}",
                "credentials": "arn:aws:iam::123456789012:role/gateway",
                "requestParameters": mapping,
            },
            [{"statusCode": "200"}, {"statusCode": "404", "selectionPattern": "404"}],
        )
    api.deploy()
    assert api.call("PUT", "/menus/today", b"tarte")[0] == 200
    assert api.call("GET", "/menus/today")[:2] == (200, "tarte")
    assert api.call("GET", "/menus/never")[0] == 404
