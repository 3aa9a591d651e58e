"""The quick check of parameters never accepts what botocore refuses."""

from __future__ import annotations

import random

import boto3
import pytest
from botocore.exceptions import ParamValidationError
from botocore.validate import ParamValidator

from localcloud.api.clients import plain_copy
from localcloud.api.validation import Validator

VALUES = [{"S": "x"}, {"N": "1"}, {"L": [{"M": {"a": {"BOOL": True}}}]}, {"B": b"x"}, {"SS": ["a"]}, {"NULL": True}]
WRONG = [None, 1, "text", [], {}, {"S": 1}, {"S": "a", "N": "1"}, {"X": "a"}, {"L": {}}, {"M": {"a": "b"}}, {"B": 1}]


@pytest.fixture(scope="module")
def models():
    """The operation model of (service, operation)."""
    made = {}

    def find(service, operation):
        if service not in made:
            made[service] = boto3.client(service, region_name="us-east-1").meta.service_model
        return made[service].operation_model(operation)

    return find


def refusal(validate):
    try:
        validate()
    except ParamValidationError as exc:
        return str(exc)
    return None


def both(model, params):
    """botocore's own report and what our validator raises, as texts or None."""
    report = ParamValidator().validate(params, model.input_shape)
    stock = str(ParamValidationError(report=report.generate_report())) if report.has_errors() else None
    return stock, refusal(lambda: Validator().validate("service", params, model))


@pytest.mark.parametrize("seed", range(20))
def test_items_right_and_wrong_get_botocores_verdict(models, seed):
    rng = random.Random(seed)
    for _ in range(50):
        item = {f"a{n}": rng.choice(VALUES + WRONG if rng.random() < 0.4 else VALUES) for n in range(3)}
        params = {"TableName": rng.choice(["orders", "", 5, None]) if rng.random() < 0.2 else "orders", "Item": item}
        if rng.random() < 0.1:
            del params[rng.choice(["TableName", "Item"])]
        if rng.random() < 0.1:
            params["Unknown"] = 1
        stock, ours = both(models("dynamodb", "PutItem"), params)
        assert ours == stock


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("sqs", "SendMessage", {"QueueUrl": "u", "MessageBody": "b", "DelaySeconds": "5"}),
        ("sqs", "SendMessage", {"QueueUrl": "u", "MessageBody": "b", "DelaySeconds": True}),
        ("lambda", "Invoke", {"FunctionName": "", "Payload": b"{}"}),
        ("lambda", "Invoke", {"FunctionName": "f", "Payload": "text"}),
        ("lambda", "Invoke", {"FunctionName": "f", "Payload": 5}),
        ("events", "PutEvents", {"Entries": []}),
        ("events", "PutEvents", {"Entries": ({"Source": "tuple"},)}),
        ("lambda", "CreateFunction", {"FunctionName": "f", "Role": "r", "Code": {}, "Timeout": 0}),
        ("cloudwatch", "PutMetricData", {"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 1.5}]}),
        ("cloudwatch", "PutMetricData", {"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": "x"}]}),
        ("bedrock-runtime", "Converse", {"modelId": "m", "messages": [{"role": "user", "content": [{"text": "t"}]}]}),
    ],
)
def test_limits_and_types_get_botocores_verdict(models, service, operation, params):
    stock, ours = both(models(service, operation), params)
    assert ours == stock


def test_a_plain_copy_shares_nothing_that_can_change():
    given = {"a": [1, {"b": b"x"}], "odd": bytearray(b"y"), "set": {1, 2}}
    copied = plain_copy(given)
    assert copied == given
    copied["a"][1]["b"], copied["odd"][0] = b"z", 0
    copied["set"].add(3)
    assert given == {"a": [1, {"b": b"x"}], "odd": bytearray(b"y"), "set": {1, 2}}
