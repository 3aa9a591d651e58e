"""Attribute values: the form in which numbers are kept, and what is refused."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

KEY = {"customer": {"S": "amélie"}, "number": {"N": "1"}}
INVALID = "One or more parameter values were invalid: "


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("1.0", "1"), ("12.50", "12.5"), ("007", "7"), ("+5", "5"), (".5", "0.5"), ("-0", "0"), ("-0.0", "0"),
        ("1E+3", "1000"), ("1e-3", "0.001"), ("100", "100"), ("0.1", "0.1"), ("-2.5", "-2.5"),
        ("12345678901234567890123456789012345678", "12345678901234567890123456789012345678"),
    ],
)  # fmt: skip
def test_a_number_is_kept_without_zeros_that_say_nothing(orders, given, kept):
    orders.put_item(TableName="orders", Item={**KEY, "v": {"N": given}, "l": {"L": [{"N": given}]}})
    item = orders.get_item(TableName="orders", Key=KEY)["Item"]
    assert (item["v"], item["l"]) == ({"N": kept}, {"L": [{"N": kept}]})
    update = {"UpdateExpression": "SET w = :w", "ExpressionAttributeValues": {":w": {"N": given}}}
    orders.update_item(TableName="orders", Key=KEY, **update)
    assert orders.get_item(TableName="orders", Key=KEY)["Item"]["w"] == {"N": kept}


def test_equal_numbers_are_the_same_key(orders):
    orders.put_item(TableName="orders", Item={**KEY, "number": {"N": "1.0"}, "cake": {"S": "opera"}})
    assert orders.get_item(TableName="orders", Key={**KEY, "number": {"N": "01"}})["Item"]["cake"] == {"S": "opera"}


REFUSED = [
    ({"N": "many"}, "The parameter cannot be converted to a numeric value: many"),
    ({"N": "1" * 39}, "Attempting to store more than 38 significant digits in a Number"),
    ({"N": "1e126"}, "Number overflow. Attempting to store a number with magnitude larger than supported range"),
    ({"N": "1e-131"}, "Number underflow. Attempting to store a number with magnitude smaller than supported range"),
    ({"NULL": False}, f"{INVALID}Null attribute value types must have the value of true"),
    ({"SS": []}, f"{INVALID}An string set  may not be empty"),
    ({"SS": [""]}, f"{INVALID}An string set may not have a empty string as a member"),
    ({"SS": ["a", "a"]}, f"{INVALID}Input collection [a, a] contains duplicates."),
    ({"NS": ["1", "1.0"]}, f"{INVALID}Input collection contains duplicates."),
]


@pytest.mark.parametrize(("value", "reason"), REFUSED)
def test_a_value_that_cannot_be_kept_is_refused(orders, value, reason):
    with pytest.raises(ClientError) as put:
        orders.put_item(TableName="orders", Item={**KEY, "m": {"M": {"v": value}}})
    assert put.value.response["Error"]["Message"] == reason
    with pytest.raises(ClientError) as update:
        orders.update_item(
            TableName="orders", Key=KEY, UpdateExpression="SET v = :v", ExpressionAttributeValues={":v": value}
        )
    told = f"ExpressionAttributeValues contains invalid value: {reason} for key :v"
    assert update.value.response["Error"]["Message"] == told


def test_values_nest_at_most_32_levels_deep(orders):
    def nested(levels):
        value = {"S": "cream"}
        for _ in range(levels):
            value = {"L": [value]}
        return {**KEY, "v": value}

    orders.put_item(TableName="orders", Item=nested(32))
    with pytest.raises(ClientError, match="Nesting Levels have exceeded supported limits"):
        orders.put_item(TableName="orders", Item=nested(33))


@pytest.mark.parametrize("value", [{"S": ""}, {"B": b""}, {"L": []}, {"M": {}}])
def test_empty_values_are_kept(orders, value):
    orders.put_item(TableName="orders", Item={**KEY, "v": value})
    assert orders.get_item(TableName="orders", Key=KEY)["Item"]["v"] == value


@pytest.mark.parametrize(
    ("start", "expression", "by", "result"),
    [
        ("1.5", "SET v = v + :by", "1.5", "3"),
        ("1.5", "ADD v :by", "-1.5", "0"),
        ("0.1", "ADD v :by", "0.2", "0.3"),
        ("10", "SET v = v - :by", "0.5", "9.5"),
        ("12345678901234567890123456789012345677", "ADD v :by", "1", "12345678901234567890123456789012345678"),
    ],
)
def test_sums_are_exact_and_kept_in_the_same_form(orders, start, expression, by, result):
    orders.put_item(TableName="orders", Item={**KEY, "v": {"N": start}})
    asked = {"UpdateExpression": expression, "ExpressionAttributeValues": {":by": {"N": by}}, "ReturnValues": "ALL_NEW"}
    answer = orders.update_item(TableName="orders", Key=KEY, **asked)
    assert answer["Attributes"]["v"] == orders.get_item(TableName="orders", Key=KEY)["Item"]["v"] == {"N": result}


def test_a_key_is_never_empty(orders):
    told = "The AttributeValue for a key attribute cannot contain an empty string value. Key: customer"
    empty = {**KEY, "customer": {"S": ""}}
    for call in (
        lambda: orders.put_item(TableName="orders", Item=empty),
        lambda: orders.get_item(TableName="orders", Key=empty),
        lambda: orders.batch_write_item(RequestItems={"orders": [{"PutRequest": {"Item": empty}}]}),
    ):
        with pytest.raises(ClientError, match=told):
            call()
