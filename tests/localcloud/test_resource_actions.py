"""Actions of boto3's resources on the shorter way: the calls and the answers are those of boto3's own code."""

from __future__ import annotations

import logging

import boto3
import pytest
from boto3.resources.action import ServiceAction
from botocore.exceptions import ParamValidationError


@pytest.fixture
def table(cloud):
    dynamodb = boto3.resource("dynamodb")
    return dynamodb.create_table(
        TableName="orders", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )  # fmt: skip


def story(cloud):
    """Many kinds of actions, and what they answer."""
    found = []
    queue = boto3.resource("sqs").create_queue(QueueName="orders")
    queue.send_message(MessageBody="one")
    (message,) = queue.receive_messages()
    found.append((message.body, queue.url, type(message).__name__))
    message.delete()
    bucket = boto3.resource("s3").create_bucket(Bucket="cakes")
    bucket.put_object(Key="a", Body=b"x")
    found.append([item.key for item in bucket.objects.all()])
    found.append(boto3.resource("s3").Object("cakes", "a").get()["Body"].read())
    bucket.delete_objects(Delete={"Objects": [{"Key": "a"}]})
    bucket.delete()
    table = boto3.resource("dynamodb").Table("orders")
    found.append((table.put_item(Item={"pk": "1"}), table.get_item(Key={"pk": "1"})["Item"], table.item_count))
    for wrong in ({"Key": {"pk": "1"}, "Unknown": 1}, {}):
        with pytest.raises(ParamValidationError) as refused:
            table.get_item(**wrong)
        found.append(str(refused.value))
    with pytest.raises(TypeError) as refused:
        table.get_item("Key")
    found.append(str(refused.value))
    return [str(one).partition("'ResponseMetadata'")[0] for one in found]


def test_actions_of_all_kinds_do_what_boto3s_own_do(cloud, table):
    quick = [story(cloud), story(cloud)]
    stock = cloud.patches.original(ServiceAction, "__call__")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ServiceAction, "__call__", stock)
        queues = cloud.client("sqs")
        assert queues.list_queues()["QueueUrls"]
        assert quick == [story(cloud), story(cloud)]


def test_what_is_given_takes_the_place_of_what_is_filled_in(cloud, table):
    with pytest.raises(boto3.client("dynamodb").exceptions.ResourceNotFoundException):
        table.get_item(TableName="another", Key={"pk": "1"})


def test_calls_are_logged_when_somebody_wants_to_see_them(cloud, table, caplog):
    table.get_item(Key={"pk": "1"})
    assert not caplog.records
    with caplog.at_level(logging.DEBUG, logger="boto3.resources.action"):
        table.get_item(Key={"pk": "1"})
    assert next(record.getMessage().split(" with ")[0] for record in caplog.records) == "Calling dynamodb:get_item"
