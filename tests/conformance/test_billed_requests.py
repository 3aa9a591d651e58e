"""Requests that are billed and easily forgotten."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

STACK = """
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {Name: chat, ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
"""


@pytest.mark.behaviour("SQS-17")
def test_every_action_on_queues_is_a_request(cloud):
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    sqs.list_queues()
    sqs.get_queue_url(QueueName="orders")
    sqs.get_queue_attributes(QueueUrl=url)
    sqs.receive_message(QueueUrl=url)
    with pytest.raises(ClientError):
        sqs.get_queue_url(QueueName="nothing")
    used = cloud.meter.snapshot()
    assert used.total("sqs.requests") == 6
    assert used.of(["orders"]).total("sqs.requests") == 4
    sqs.create_queue(QueueName="orders.fifo", Attributes={"FifoQueue": "true"})
    assert cloud.meter.since(used).totals() == {"sqs.fifo_requests": 1}


def test_message_groups_on_a_standard_queue_cost_extra(cloud):
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    before = cloud.meter.snapshot()
    sqs.send_message(QueueUrl=url, MessageBody="x" * 70_000, MessageGroupId="paris")
    sqs.send_message(QueueUrl=url, MessageBody="x")
    entries = [{"Id": str(number), "MessageBody": "x", "MessageGroupId": "lyon"} for number in range(3)]
    sqs.send_message_batch(QueueUrl=url, Entries=entries)
    assert cloud.meter.since(before).totals() == {"sqs.fair_queue_requests": 3, "sqs.requests": 4}


def test_requests_to_s3_have_two_prices_and_deletions_none(cloud):
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="recipes")
    s3.put_object(Bucket="recipes", Key="opera", Body=b"six layers")
    s3.copy_object(Bucket="recipes", Key="copy", CopySource="recipes/opera")
    s3.list_objects_v2(Bucket="recipes")
    assert cloud.meter.snapshot().totals() == {"s3.puts": 4}
    s3.get_object(Bucket="recipes", Key="opera")
    s3.head_object(Bucket="recipes", Key="opera")
    with pytest.raises(ClientError):
        s3.get_object(Bucket="recipes", Key="nothing")
    s3.delete_object(Bucket="recipes", Key="opera")
    assert cloud.meter.snapshot().of("recipes").totals() == {"s3.gets": 3, "s3.puts": 4}


def test_tmp_beyond_512_mb_costs_by_the_second(cloud, function, invoke):
    function("small", "def handler(event, context): return 1")
    function("large", "import time\ndef handler(event, context): time.sleep(2)", EphemeralStorage={"Size": 1_536})
    invoke("small")
    invoke("large")
    used = cloud.meter.snapshot()
    assert "lambda.ephemeral_gb_s" not in used.of("small").totals()
    large = used.of("large")
    # 1 GB above the free 512 MB, for as long as the 1,769 MB of memory
    assert large.total("lambda.ephemeral_gb_s") == pytest.approx(large.total("lambda.gb_s.x86") / 1_769 * 1_024)
    changed = cloud.client("lambda").update_function_configuration(FunctionName="large", EphemeralStorage={"Size": 512})
    assert changed["EphemeralStorage"] == {"Size": 512}
    invoke("large")
    assert cloud.meter.since(used).total("lambda.ephemeral_gb_s") == 0


def test_web_socket_apis_are_refused_as_nothing_would_answer(cloud):
    with pytest.raises(ClientError, match="serves no WebSocket APIs: expected ProtocolType HTTP, found WEBSOCKET"):
        cloud.client("apigatewayv2").create_api(
            Name="chat", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action"
        )
    client = cloud.client("cloudformation")
    client.create_stack(StackName="chat", TemplateBody=STACK)
    cloud.wait(30)
    assert client.describe_stacks(StackName="chat")["Stacks"][0]["StackStatus"] == "ROLLBACK_COMPLETE"
