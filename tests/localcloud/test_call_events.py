"""botocore's events around a call reach whoever has registered, as in a stock client."""

from __future__ import annotations

import logging

import boto3
import pytest
from botocore import discovery, handlers
from botocore.exceptions import ClientError

from localcloud.api.events import _is_idle


@pytest.fixture
def sqs(cloud):
    client = cloud.client("sqs")
    return client, client.create_queue(QueueName="orders")["QueueUrl"]


def send(sqs, text="text"):
    client, url = sqs
    return client.send_message(QueueUrl=url, MessageBody=text)


def test_handlers_hear_of_a_call_in_order_and_by_the_name_of_the_event(sqs):
    heard = []
    for name in ("provide-client-params.sqs.SendMessage", "before-parameter-build.sqs", "after-call.sqs.SendMessage"):
        sqs[0].meta.events.register(name, lambda event_name, **_: heard.append(event_name))
    send(sqs)
    send(sqs)
    once = ["provide-client-params", "before-parameter-build", "after-call"]
    assert heard == [f"{name}.sqs.SendMessage" for name in once] * 2


def test_a_handler_can_come_and_go_between_calls(sqs):
    heard = []

    def listen(params, **_):
        heard.append(params["MessageBody"])

    send(sqs, "before")
    sqs[0].meta.events.register("before-parameter-build.sqs.SendMessage", listen)
    send(sqs, "with")
    sqs[0].meta.events.unregister("before-parameter-build.sqs.SendMessage", listen)
    send(sqs, "after")
    assert heard == ["with"]


def test_a_handler_can_give_other_parameters_and_change_them(sqs):
    client, url = sqs
    events = client.meta.events
    events.register("provide-client-params.sqs.SendMessage", lambda params, **_: {**params, "MessageBody": "given"})
    events.register("before-parameter-build.sqs.SendMessage", lambda params, **_: params.update(DelaySeconds=0))
    send(sqs)
    assert client.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "given"


def test_a_handler_can_change_the_answer_and_what_it_raises_reaches_the_caller(sqs):
    def replaced(parsed, **_):
        parsed["MessageId"] = "mine"

    sqs[0].meta.events.register("after-call.sqs.SendMessage", replaced)
    assert send(sqs)["MessageId"] == "mine"

    def refuse(**_):
        raise ClientError({"Error": {"Code": "Refused", "Message": "by a handler"}}, "SendMessage")

    sqs[0].meta.events.register("before-parameter-build.sqs.SendMessage", refuse)
    with pytest.raises(ClientError, match="by a handler"):
        send(sqs)


@pytest.mark.parametrize("service", ["dynamodb", "events", "s3", "sqs", "stepfunctions", "timestream-query"])
def test_botocores_own_handlers_are_left_out_where_they_do_nothing(service):
    client = boto3.client(service, region_name="us-east-1")
    context = {"client_config": client.meta.config}
    candidates = [
        handlers.generate_idempotent_uuid, handlers._handle_request_validation_mode_member,
        discovery.block_endpoint_discovery_required_operations,
    ]  # fmt: skip
    left_out = 0
    for name in client.meta.service_model.operation_names:
        model = client.meta.service_model.operation_model(name)
        for handler in candidates:
            params = {}
            if _is_idle(handler, model):
                handler(params=params, model=model, context=context)
                assert not params
                left_out += 1
    assert left_out


def test_handlers_are_logged_when_somebody_wants_to_see_them(sqs, caplog):
    send(sqs)
    assert not caplog.records
    with caplog.at_level(logging.DEBUG, logger="botocore.hooks"):
        send(sqs)
    assert any("before-parameter-build.sqs.SendMessage" in record.getMessage() for record in caplog.records)
