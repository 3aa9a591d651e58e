"""boto3's table resource on the shorter way: what it converts, and what it refuses, is what boto3's own code does."""

from __future__ import annotations

import copy
import re
from decimal import Decimal

import boto3
import botocore.session
import pytest
from boto3.dynamodb.conditions import Attr, Key
from boto3.dynamodb.transform import ParameterTransformer, TransformationInjector
from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer

from localcloud.api import table_resources
from localcloud.patching import Patches

VALUES = [
    None, True, False, 0, -7, 10**38 - 1, 1 - 10**38, Decimal("1.50"), Decimal("-0"), "", "text", b"bytes",
    bytearray(b"bytes"), Binary(b"bytes"), {"a"}, {1, 2}, {b"x"}, frozenset({"a", "b"}), [], [1, "two", [None]],
    (1, 2), {}, {"a": {"b": [True, {"c": Decimal("0.1")}]}},
]  # fmt: skip
REFUSED = [1.5, [1.5], {"a": float("nan")}, 10**38, Decimal("Infinity"), object(), {"mixed", 1}]
WIRE = [
    {"S": "text"}, {"N": "1.50"}, {"N": "-0"}, {"BOOL": False}, {"NULL": True}, {"B": b"x"}, {"SS": ["a", "b"]},
    {"NS": ["1"]}, {"BS": [b"x"]}, {"L": []}, {"L": [{"S": "a"}, {"M": {}}]}, {"M": {"a": {"N": "3"}}},
]  # fmt: skip
CALLS = [
    ("PutItem", {"TableName": "t", "Item": {"pk": "1", "n": 2}, "ConditionExpression": Attr("pk").not_exists()}),
    ("PutItem", {"TableName": "t", "Item": {"pk": {"deep": [1, {"er": "x"}]}}, "ConditionExpression": "a = :b",
                 "ExpressionAttributeValues": {":b": 1}}),
    ("PutItem", {"TableName": "t", "Item": "no item", "Unknown": {"x": 1}}),
    ("PutItem", {"TableName": "t", "Item": {"pk": "1"}, "Expected": {"pk": {"Value": 3, "Exists": True}}}),
    ("Query", {"TableName": "t", "KeyConditionExpression": Key("pk").eq("1") & Key("sk").begins_with("a"),
               "FilterExpression": Attr("n").gt(1), "ExclusiveStartKey": {"pk": "1"}}),
    ("BatchWriteItem",
     {"RequestItems": {"t": [{"PutRequest": {"Item": {"pk": 1}}}, {"DeleteRequest": {"Key": {"pk": 2}}}]}}),
    ("TransactWriteItems", {"TransactItems": [{"Update": {"Key": {"pk": 1}, "ExpressionAttributeValues": {":v": 2}}}]}),
    ("UpdateItem", {"TableName": "t", "Key": {"pk": 1}, "AttributeUpdates": {"a": {"Value": [1], "Action": "ADD"}}}),
]  # fmt: skip


@pytest.fixture
def shortened():
    patches = Patches()
    table_resources.install(patches)
    yield patches
    patches.undo()


def outcome(function, *arguments):
    """What it answers or raises, with the types of numbers and bytes."""
    try:
        return repr(function(*arguments))
    except Exception as exc:  # noqa: BLE001 - whatever boto3 raises
        return type(exc), str(exc)


@pytest.mark.parametrize("value", [*VALUES, *REFUSED], ids=lambda value: type(value).__name__)
def test_a_value_is_sent_as_boto3_sends_it(value, shortened):
    quick = outcome(TypeSerializer().serialize, value)
    shortened.undo()
    assert quick == outcome(TypeSerializer().serialize, value)


@pytest.mark.parametrize("value", [*WIRE, {}, None, {"X": 1}, {"N": "x"}], ids=repr)
def test_a_value_is_read_as_boto3_reads_it(value, shortened):
    quick = outcome(TypeDeserializer().deserialize, value)
    shortened.undo()
    assert quick == outcome(TypeDeserializer().deserialize, value)


def test_a_serializer_of_ones_own_is_asked_for_every_value(shortened):
    class Upper(TypeSerializer):
        def _serialize_s(self, value):
            return value.upper()

    assert Upper().serialize({"a": ["b"]}) == {"M": {"a": {"L": [{"S": "B"}]}}}


@pytest.mark.parametrize(("operation", "params"), CALLS)
@pytest.mark.parametrize("target", ["AttributeValue", "ConditionExpression", "KeyExpression"])
def test_the_same_places_of_a_call_are_converted_in_the_same_order(operation, params, target, shortened):
    client = botocore.session.get_session().create_client("dynamodb", region_name="us-east-1")
    shape = client.meta.service_model.operation_model(operation).input_shape

    def convert():
        seen, given = [], copy.deepcopy(params)
        ParameterTransformer().transform(given, shape, lambda value: seen.append(repr(value)) or "converted", target)
        return re.sub(r"0x[0-9a-f]+", "somewhere", repr((seen, given)))

    quick = convert(), convert()  # found, and found again
    shortened.undo()
    assert quick == (convert(), convert())


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        *CALLS,
        ("PutItem", {"Item": {}, "ConditionExpression": "a = :b", "ExpressionAttributeNames": "no names"}),
        ("PutItem", {"Item": {}, "ConditionExpression": Attr("a").eq(1), "ExpressionAttributeNames": {"#x": "x"}}),
        ("Query", {"KeyConditionExpression": "a = :b", "FilterExpression": Attr("a").eq(1)}),
    ],
)
def test_conditions_and_their_placeholders_become_what_boto3_makes_of_them(operation, params, shortened):
    client = botocore.session.get_session().create_client("dynamodb", region_name="us-east-1")
    model = client.meta.service_model.operation_model(operation)

    def inject():
        given = copy.deepcopy(params)
        return outcome(TransformationInjector().inject_condition_expressions, given, model), repr(given)

    quick = inject(), inject()
    shortened.undo()
    assert quick == (inject(), inject())


def test_a_table_fills_in_its_own_name_at_every_call(cloud):
    dynamodb = boto3.resource("dynamodb")
    for name in ("one", "two"):
        dynamodb.create_table(
            TableName=name, BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        )  # fmt: skip
        dynamodb.Table(name).put_item(Item={"pk": name, "n": 1})
    for name in ("one", "two", "one"):
        assert dynamodb.Table(name).get_item(Key={"pk": name})["Item"] == {"pk": name, "n": Decimal(1)}
