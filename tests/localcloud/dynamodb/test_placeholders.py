"""Names and values of expressions that no expression uses."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

KEY = {"customer": {"S": "a"}, "number": {"N": "1"}}
UNUSED = {":a": {"S": "a"}, ":b": {"S": "b"}}


def refusal(call, **params):
    with pytest.raises(ClientError) as caught:
        call(TableName="orders", **params)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("query", {"KeyConditionExpression": "customer = :a"}),
        ("scan", {"FilterExpression": "customer = :a"}),
        ("put_item", {"Item": KEY, "ConditionExpression": "customer <> :a"}),
        ("delete_item", {"Key": KEY, "ConditionExpression": "customer = :a"}),
        ("update_item", {"Key": KEY, "UpdateExpression": "SET taste = :a"}),
    ],
)
def test_a_value_that_no_expression_uses_is_refused(orders, operation, params):
    message = "Value provided in ExpressionAttributeValues unused in expressions: keys: {:b}"
    assert refusal(getattr(orders, operation), ExpressionAttributeValues=UNUSED, **params) == (
        "ValidationException",
        message,
    )


def test_a_name_that_no_expression_uses_is_refused(orders):
    found = refusal(
        orders.get_item, Key=KEY, ProjectionExpression="#a", ExpressionAttributeNames={"#a": "state", "#b": "amount"}
    )
    assert found[1] == "Value provided in ExpressionAttributeNames unused in expressions: keys: {#b}"


def test_placeholders_without_an_expression_are_refused(orders):
    found = refusal(orders.scan, ExpressionAttributeValues=UNUSED)
    assert found == ("ValidationException", "ExpressionAttributeValues can only be specified when using expressions")


def test_what_is_refused_costs_nothing(cloud, orders):
    before = cloud.meter.snapshot()
    refusal(orders.scan, ExpressionAttributeValues=UNUSED)
    assert not any(item.startswith("dynamodb.") for item, _ in cloud.meter.since(before).billionths)
