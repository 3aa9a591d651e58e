"""Faults hit what they are for, when they are to, as often as they are to, and the same calls for the same seed."""

from __future__ import annotations

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from localcloud import Cloud
from localcloud.errors import ConfigurationError
from localcloud.faults import Fault
from localcloud.net import HttpRequest, HttpResponse

ONCE = Config(retries={"total_max_attempts": 1})


@pytest.fixture
def table(cloud):
    cloud.client("dynamodb").create_table(
        TableName="orders",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    return cloud.client("dynamodb", config=ONCE)


def put(client, number=1):
    client.put_item(TableName="orders", Item={"id": {"S": str(number)}})


def test_an_outage_begins_and_ends_when_it_is_to(cloud, table):
    cloud.faults.during(60, Fault("outage", service="dynamodb"), after_s=30)
    put(table)
    cloud.wait(30)
    with pytest.raises(ClientError, match="InternalServerError"):
        put(table)
    cloud.wait(60)
    put(table)
    assert len(cloud.faults.log) == 1


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        (
            "dynamodb",
            lambda cloud: cloud.client("dynamodb", config=ONCE).list_tables(),
            "ProvisionedThroughputExceeded",
        ),
        ("lambda", lambda cloud: cloud.client("lambda", config=ONCE).invoke(FunctionName="x"), "TooManyRequests"),
        ("events", lambda cloud: cloud.client("events", config=ONCE).list_rules(), "ThrottlingException"),
    ],
)
def test_a_throttle_answers_with_the_services_own_code(cloud, function, service, call, code):
    function("x", "def handler(event, context): return 1")
    cloud.faults.add(Fault("throttle", service=service))
    with pytest.raises(ClientError, match=code):
        call(cloud)


def test_latency_is_added_in_virtual_time(cloud, table):
    cloud.faults.add(Fault("latency", service="dynamodb", delay_ms=2_000))
    before = cloud.now
    put(table)
    assert 2.0 < (cloud.now - before).total_seconds() < 2.2


def test_a_fault_can_be_for_one_operation_on_one_resource(cloud, table):
    cloud.faults.add(Fault("error", service="dynamodb", operation="Get*", resource="orders"))
    put(table)
    with pytest.raises(ClientError):
        table.get_item(TableName="orders", Key={"id": {"S": "1"}})


def failures(seed):
    with Cloud(seed=seed) as cloud:
        sqs = cloud.client("sqs", config=ONCE)
        url = sqs.create_queue(QueueName="q")["QueueUrl"]
        cloud.faults.add(Fault("error", service="sqs", share=0.3))
        found = []
        for number in range(200):
            try:
                sqs.send_message(QueueUrl=url, MessageBody="x")
            except ClientError:
                found.append(number)
        return found


def test_a_share_is_drawn_from_the_seed():
    assert failures(1) == failures(1)
    assert failures(1) != failures(2)
    assert 40 < len(failures(1)) < 80


def test_the_sdks_retries_absorb_a_small_share_of_errors(cloud, table):
    cloud.faults.add(Fault("error", service="dynamodb", operation="PutItem", share=0.2))
    patient = cloud.client("dynamodb", config=Config(retries={"total_max_attempts": 8}))
    for number in range(50):
        put(patient, number)
    assert len(cloud.faults.log) > 3


def test_a_partner_can_be_out_or_slow(cloud):
    cloud.http.serve("pay.example", lambda request: HttpResponse(200))
    ask = HttpRequest("POST", "https://pay.example/charges")
    number = cloud.faults.add(Fault("outage", host="pay.*"))
    assert cloud.kernel.call(cloud.http.request, ask).status == 503
    cloud.faults.remove(number)
    assert cloud.kernel.call(cloud.http.request, ask).status == 200
    cloud.faults.add(Fault("latency", host="pay.example", delay_ms=500))
    before = cloud.now
    assert cloud.kernel.call(cloud.http.request, ask).status == 200
    assert (cloud.now - before).total_seconds() >= 0.5


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "fire", "service": "sqs"}, "one of latency, error"),
        ({"kind": "error", "host": "x", "operation": "Get*"}, "select AWS calls"),
        ({"kind": "refused", "service": "sqs"}, "Only a `host`"),
        ({"kind": "crash", "service": "sqs"}, "Only functions"),
        ({"kind": "error", "service": "sqs", "share": 1.1}, "above 0 to 1"),
        ({"kind": "error", "service": "sqs", "start_s": -1}, "0 or more"),
        ({"kind": "error", "service": "sqs", "delay_ms": 5}, "for latency and crash"),
        ({"kind": "crash", "service": "lambda", "delay_ms": -5}, "0 or more"),
        ({"kind": "latency", "service": "sqs", "delay_ms": 5, "code": "X"}, "has no `code`"),
        ({"kind": "error", "service": "sqs", "status": 200}, "error status"),
        ({"kind": "error"}, "either a `service` or a `host`"),
        ({"kind": "error", "service": "sqs", "host": "x"}, "either a `service` or a `host`"),
        ({"kind": "error", "service": "sqs", "share": 0}, "above 0 to 1"),
        ({"kind": "error", "service": "sqs", "start_s": 5, "end_s": 5}, "before it starts"),
        ({"kind": "latency", "service": "sqs"}, "needs `delay_ms`"),
    ],
)
def test_a_wrong_fault_is_refused_in_one_sentence(settings, message):
    with pytest.raises(ConfigurationError, match=message):
        Fault(**settings)
