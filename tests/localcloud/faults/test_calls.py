"""Faults of AWS calls: windows, retries on every path, time-outs, records."""

from __future__ import annotations

import json

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError

from localcloud import Cloud
from localcloud.faults import Fault
from localcloud.faults.answers import ANY_ERROR, ANY_OUTAGE, ANY_THROTTLE, BREAKDOWNS, THROTTLES

ONCE = {"total_max_attempts": 1}
# Services whose error codes botocore's models leave out, wholly or for the code in question.
UNMODELLED = {"cloudformation", "cloudwatch", "ec2", "iam", "s3", "sts"}
UNMODELLED_BREAKDOWNS = {"kinesis", "s3"}


@pytest.mark.parametrize(("table", "unmodelled"), [(THROTTLES, UNMODELLED), (BREAKDOWNS, UNMODELLED_BREAKDOWNS)])
def test_codes_are_those_of_the_services_own_models(table, unmodelled):
    session = botocore.session.get_session()
    unknown = {
        service
        for service, (code, _, _) in table.items()
        if session.get_service_model(service).shape_for_error_code(code) is None
    }
    assert unknown == unmodelled


@pytest.mark.parametrize(
    ("kind", "expected"), [("throttle", ANY_THROTTLE), ("error", ANY_ERROR), ("outage", ANY_OUTAGE)]
)
def test_a_service_without_a_code_of_its_own_gets_the_common_one(cloud, kind, expected):
    cloud.faults.add(Fault(kind, service="kms"))
    with pytest.raises(ClientError) as caught:
        cloud.client("kms", config=Config(retries=ONCE)).list_keys()
    error = caught.value.response
    found = (error["Error"]["Code"], error["Error"]["Message"], error["ResponseMetadata"]["HTTPStatusCode"])
    assert found == expected


def test_code_message_and_status_can_be_chosen(cloud):
    cloud.faults.add(Fault("error", service="kms", code="KMSInternalException", message="burnt", status=507))
    with pytest.raises(ClientError, match=r"KMSInternalException.*burnt") as caught:
        cloud.client("kms", config=Config(retries=ONCE)).list_keys()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 507


@pytest.mark.parametrize("mode", ["legacy", "standard"])
@pytest.mark.parametrize(
    ("service", "operation"), [("sqs", "list_queues"), ("kms", "list_keys"), ("s3", "list_buckets")]
)
def test_the_clients_retries_absorb_errors_on_short_and_stock_paths(cloud, mode, service, operation):
    client = cloud.client(service, config=Config(retries={"mode": mode, "total_max_attempts": 8}))
    cloud.faults.add(Fault("error", service=service, share=0.2))
    answers = [getattr(client, operation)() for _ in range(100)]
    retried = sum(answer["ResponseMetadata"]["RetryAttempts"] for answer in answers)
    assert retried == len(cloud.faults.log)
    assert 10 < retried < 45


def test_the_stock_path_gives_up_after_the_clients_attempts(cloud):
    client = cloud.client("kms", config=Config(retries={"mode": "standard", "total_max_attempts": 3}))
    cloud.faults.add(Fault("throttle", service="kms"))
    before = cloud.now
    with pytest.raises(ClientError, match="ThrottlingException") as caught:
        client.list_keys()
    assert caught.value.response["ResponseMetadata"]["RetryAttempts"] == 2
    assert len(cloud.faults.log) == 3
    assert cloud.now > before  # backing off takes virtual time


def test_a_modelled_error_is_the_clients_own_exception_on_the_stock_path(cloud):
    client = cloud.client("sns", config=Config(retries=ONCE))
    cloud.faults.add(Fault("throttle", service="sns"))
    with pytest.raises(client.exceptions.ThrottledException):
        client.list_topics()


def test_invalid_parameters_are_no_call_and_hit_by_nothing(cloud):
    cloud.faults.add(Fault("error", service="*"))
    with pytest.raises(botocore.exceptions.ParamValidationError):
        cloud.client("kms").describe_key()
    assert cloud.faults.log == []


def test_an_outage_begins_and_ends_to_the_microsecond(cloud):
    client = cloud.client("sqs", config=Config(retries=ONCE))
    start_us = cloud.kernel.now_us + 10_000_000
    cloud.faults.during(5, Fault("outage", service="sqs"), after_s=10)
    found = []

    def ask():
        before = cloud.kernel.now_us
        try:
            client.list_queues()
            found.append((before, True))
        except ClientError:
            found.append((before, False))

    for at_us in (start_us - 1, start_us, start_us + 4_999_999, start_us + 5_000_000):
        cloud.kernel.call_at(at_us, cloud.kernel.spawn, ask)
    cloud.wait(20)
    moments = [start_us - 1, start_us, start_us + 4_999_999, start_us + 5_000_000]
    assert sorted(found) == list(zip(moments, [True, False, False, True], strict=True))


@pytest.mark.parametrize(("service", "operation"), [("sqs", "list_queues"), ("kms", "list_keys")])
def test_a_call_without_an_answer_ends_with_the_clients_own_timeout(cloud, service, operation):
    client = cloud.client(service, config=Config(read_timeout=7, retries={"mode": "standard", "total_max_attempts": 2}))
    cloud.faults.add(Fault("timeout", service=service))
    before = cloud.now
    with pytest.raises(ReadTimeoutError):
        getattr(client, operation)()
    assert 14 <= (cloud.now - before).total_seconds() < 17
    assert [hit.kind for hit in cloud.faults.log] == ["timeout", "timeout"]


def test_a_resource_is_named_plainly_in_arns_batches_and_transactions(cloud):
    dynamodb = cloud.client("dynamodb", config=Config(retries=ONCE))
    for name in ("orders", "stock"):
        dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        )
    arn = dynamodb.describe_table(TableName="stock")["Table"]["TableArn"]
    item = {"id": {"S": "1"}}
    put = {"PutRequest": {"Item": item}}
    cloud.faults.add(Fault("error", service="dynamodb", resource="stock"))
    dynamodb.batch_write_item(RequestItems={"orders": [put]})
    with pytest.raises(ClientError):
        dynamodb.batch_write_item(RequestItems={"orders": [put], "stock": [put]})
    with pytest.raises(ClientError):
        dynamodb.transact_write_items(TransactItems=[{"Put": {"TableName": "stock", "Item": item}}])
    with pytest.raises(ClientError):
        dynamodb.put_item(TableName=arn, Item=item)
    events = cloud.client("events", config=Config(retries=ONCE))
    events.create_event_bus(Name="bakery")
    cloud.faults.add(Fault("throttle", service="events", operation="PutEvents", resource="bakery"))
    entry = {"Source": "shop", "DetailType": "x", "Detail": "{}"}
    events.put_events(Entries=[entry])
    with pytest.raises(ClientError, match="ThrottlingException"):
        events.put_events(Entries=[{**entry, "EventBusName": "bakery"}])


def test_removing_a_fault_ends_it_and_the_log_stays(cloud):
    client = cloud.client("sqs", config=Config(retries=ONCE))
    first = cloud.faults.add(Fault("error", service="sqs"))
    with pytest.raises(ClientError):
        client.list_queues()
    first.remove()
    first.remove()
    client.list_queues()
    cloud.faults.add(Fault("error", service="sqs"))
    cloud.faults.clear()
    client.list_queues()
    (hit,) = cloud.faults.log
    assert (hit.kind, hit.fault, hit.service, hit.operation) == ("error", first.number, "sqs", "ListQueues")


def run(seed):
    with Cloud(seed=seed) as cloud:
        sqs = cloud.client("sqs", config=Config(retries={"total_max_attempts": 4}))
        url = sqs.create_queue(QueueName="q")["QueueUrl"]
        cloud.faults.add(Fault("error", service="sqs", share=0.3))
        cloud.faults.add(Fault("latency", service="sqs", share=0.5, delay_ms=40))
        for number in range(60):
            sqs.send_message(QueueUrl=url, MessageBody=str(number))
        return json.dumps([repr(hit) for hit in cloud.faults.log] + [cloud.kernel.now_us]).encode()


def test_the_same_seed_gives_the_same_log_byte_for_byte():
    assert run(3) == run(3)
    assert run(3) != run(4)


def test_another_fault_does_not_shift_the_draws_of_the_first():
    def hits(extra):
        with Cloud(seed=5) as inner:
            sqs = inner.client("sqs", config=Config(retries=ONCE))
            inner.faults.add(Fault("error", service="sqs", share=0.3))
            if extra:
                inner.faults.add(Fault("latency", service="sqs", share=0.4, delay_ms=1))
            found = []
            for number in range(80):
                try:
                    sqs.list_queues()
                except ClientError:
                    found.append(number)
            return found

    assert hits(extra=False) == hits(extra=True)
