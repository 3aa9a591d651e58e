"""Expressions: what is wrong with them is said before any item is looked at; items are compared type by type."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

KEY = {"customer": {"S": "amélie"}, "number": {"N": "1"}}
N1, N5, S5 = {"N": "1"}, {"N": "5"}, {"S": "5"}


@pytest.fixture
def refusal(orders):
    """The message with which a call is refused."""

    def call(operation, **params):
        with pytest.raises(ClientError) as caught:
            getattr(orders, operation)(TableName="orders", **params)
        assert caught.value.response["Error"]["Code"] == "ValidationException"
        return caught.value.response["Error"]["Message"]

    return call


@pytest.fixture
def of_all_types(orders):
    """One item of each type of `v`, and one without; they are named by their type."""
    values = [N5, S5, {"B": b"5"}, {"BOOL": True}, {"NULL": True}, {"L": [S5, N5]}, {"M": {"a": {"M": {"b": N5}}}},
              {"SS": ["5", "6"]}, {"NS": ["5", "6"]}]  # fmt: skip
    for number, value in enumerate(values):
        key = {"customer": {"S": "all"}, "number": {"N": str(number)}}
        orders.put_item(TableName="orders", Item={**key, "kind": {"S": next(iter(value))}, "v": value})
    orders.put_item(TableName="orders", Item={"customer": {"S": "all"}, "number": {"N": "99"}, "kind": {"S": "none"}})


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("v = :n AND", 'Syntax error; token: "<EOF>", near: "AND"'),
        ("v = = :n", 'Syntax error; token: "=", near: "= = :n"'),
        ("(v = :n", 'Syntax error; token: "<EOF>", near: ":n"'),
        ("", "The expression can not be empty;"),
        ("tastes_of(v, :n)", "Invalid function name; function: tastes_of"),
        ("size(v)", "The function is not allowed to be used this way in an expression; function: size"),
        ("begins_with(v)", "Incorrect number of operands for operator or function; operator or function: begins_with, "
                           "number of operands: 1"),
        ("begins_with(v, :n)", "Incorrect operand type for operator or function; operator or function: begins_with, "
                               "operand type: N"),
        ("v > :t", "Incorrect operand type for operator or function; operator or function: >, operand type: BOOL"),
        ("v BETWEEN :n AND :m", "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "
                                "lower bound operand: AttributeValue: {N:5}, "
                                "upper bound operand: AttributeValue: {N:1}"),
        ("attribute_type(v, :s)", "Invalid attribute type name found; type: 5, "
                                  "valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}"),
        ("attribute_exists(:n)", "Operator or function requires a document path; operator or function: "
                                 "attribute_exists"),
        ("v = :unknown", "An expression attribute value used in expression is not defined; attribute value: :unknown"),
        ("#unknown = :n", "An expression attribute name used in the document path is not defined; attribute name: "
                          "#unknown"),
        ("status = :n", "Attribute name is a reserved keyword; reserved keyword: status"),
        ("v = v", "The first operand must be distinct from the remaining operands for this operator or function; "
                  "operator: =, first operand: [v]"),
    ],
)  # fmt: skip
def test_a_malformed_condition_is_refused_with_the_fault(refusal, expression, reason):
    values = {":n": N5, ":m": N1, ":t": {"BOOL": True}, ":s": S5}
    asked = {"Item": KEY, "ConditionExpression": expression, "ExpressionAttributeValues": values}
    assert refusal("put_item", **asked) == f"Invalid ConditionExpression: {reason}"


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("SET #x = :v", "An expression attribute name used in the document path is not defined; attribute name: #x"),
        ("SET v = :w", "An expression attribute value used in expression is not defined; attribute value: :w"),
        ("SET v = size(w)", "The function is not allowed in an update expression; function: size"),
        ("SET v = first(w)", "Invalid function name; function: first"),
    ],
)
def test_an_update_is_refused_with_the_fault(refusal, expression, reason):
    asked = {"Key": KEY, "UpdateExpression": expression, "ExpressionAttributeValues": {":v": N1}}
    assert refusal("update_item", **asked) == f"Invalid UpdateExpression: {reason}"


@pytest.mark.parametrize(
    ("condition", "more", "reason"),
    [
        ("customer = :s OR #n = :n", {}, "Invalid operator used in KeyConditionExpression: OR"),
        ("customer = :s AND #n IN (:n)", {}, "Invalid operator used in KeyConditionExpression: IN"),
        ("customer = :s AND #n = :s", {}, "One or more parameter values were invalid: Condition parameter type does "
                                              "not match schema type"),
        ("#n = :n", {}, "Query condition missed key schema element: customer"),
        ("customer = :s", {"FilterExpression": "#n > :n"}, "Filter Expression can only contain non-primary key "
                                                               "attributes: Primary key attribute: number"),
        ("customer = :s", {"IndexName": "by-colour"}, "The table does not have the specified index: by-colour"),
    ],
)  # fmt: skip
def test_a_query_that_does_not_fit_the_schema_is_refused(refusal, condition, more, reason):
    text = f"{condition} {more.get('FilterExpression', '')}"
    values = {name: value for name, value in ((":s", S5), (":n", N1)) if name in text}
    asked = {"KeyConditionExpression": condition, "ExpressionAttributeValues": values, **more}
    if "#n" in text:
        asked["ExpressionAttributeNames"] = {"#n": "number"}
    assert refusal("query", **asked) == reason


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("v > :one", ["N"]),
        ("v >= :text", ["S"]),
        ("v BETWEEN :one AND :nine", ["N"]),
        ("v = :five", ["N"]),  # 5.0 is 5
        ("v <> :five", ["B", "BOOL", "L", "M", "NS", "NULL", "S", "SS", "none"]),
        ("v IN (:five, :text)", ["N", "S"]),
        ("contains(v, :text)", ["L", "S", "SS"]),
        ("contains(v, :five)", ["L", "NS"]),
        ("begins_with(v, :text)", ["S"]),
        ("size(v) > :one", ["L", "NS", "SS"]),
        ("attribute_type(v, :m)", ["M"]),
        ("v.a.b = :five", ["M"]),
        ("v[1] = :five", ["L"]),
        ("attribute_not_exists(v)", ["none"]),
        ("NOT attribute_exists(v) OR (v = :text AND (v) <> :five)", ["S", "none"]),
        ("v > #n", ["N"]),  # 5 > 0: the others have no numbers
    ],
)
@pytest.mark.usefixtures("of_all_types")
def test_values_of_different_types_are_neither_equal_nor_in_order(orders, expression, found):
    values = {":one": N1, ":nine": {"N": "9"}, ":five": {"N": "5.0"}, ":text": S5, ":m": {"S": "M"}}
    used = {name: value for name, value in values.items() if name in expression}
    asked = {"FilterExpression": expression, **({"ExpressionAttributeValues": used} if used else {})}
    if "#n" in expression:
        asked["ExpressionAttributeNames"] = {"#n": "number"}
    items = orders.scan(TableName="orders", **asked)["Items"]
    assert sorted(item["kind"]["S"] for item in items) == found


def test_an_update_may_read_the_key_and_may_be_empty(orders):
    orders.put_item(TableName="orders", Item=KEY)
    update = {"UpdateExpression": "SET also = customer", "ReturnValues": "ALL_NEW"}
    assert orders.update_item(TableName="orders", Key=KEY, **update)["Attributes"]["also"] == {"S": "amélie"}
    other = {**KEY, "number": {"N": "2"}}
    orders.update_item(TableName="orders", Key=other)
    assert orders.get_item(TableName="orders", Key=other)["Item"] == other


def test_a_path_into_what_has_no_parts_is_refused(orders, refusal):
    orders.put_item(TableName="orders", Item={**KEY, "m": {"M": {"k": N1}}})
    for path in ("m.k.deep", "m[0]", "nothing.at"):
        asked = {"Key": KEY, "UpdateExpression": f"SET {path} = :v", "ExpressionAttributeValues": {":v": N1}}
        assert refusal("update_item", **asked) == (
            "The document path provided in the update expression is invalid for update"
        )


def test_a_key_that_is_not_the_tables_is_refused(orders, refusal):
    mismatch = "The provided key element does not match the schema"
    for key in ({"customer": S5}, {"customer": S5, "number": S5}, {**KEY, "more": N1}):
        assert refusal("get_item", Key=key) == mismatch
        assert refusal("delete_item", Key=key) == mismatch
    with pytest.raises(ClientError, match=mismatch):
        orders.batch_write_item(RequestItems={"orders": [{"PutRequest": {"Item": {"customer": S5}}}]})


def test_a_transaction_says_which_part_has_no_key(orders):
    puts = [{"Put": {"TableName": "orders", "Item": item}} for item in (KEY, {"customer": S5})]
    with pytest.raises(ClientError) as caught:
        orders.transact_write_items(TransactItems=puts)
    missing = "One or more parameter values were invalid: Missing the key number in the item"
    assert caught.value.response["CancellationReasons"] == [
        {"Code": "None"}, {"Code": "ValidationError", "Message": missing},
    ]  # fmt: skip
    assert "Item" not in orders.get_item(TableName="orders", Key=KEY)
