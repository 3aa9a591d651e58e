"""Updates that are answered here, beside the same updates by moto: answers, errors, items, streams and units."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from localcloud import Cloud
from localcloud.stores.dynamodb import updates

OURS, MOTOS = "ours", "motos"
NAMES = st.sampled_from(["a", "b", "#c", "mood", "#d", "size", "day", "a.x", "a[0]"])  # size is a reserved word
NUMBERS = st.sampled_from(["0", "1", "-7", "2.50", "100", "-0.001", "12345678901234567890"])
SCALARS = st.one_of(
    st.sampled_from([{"S": ""}, {"S": "rainé"}, {"BOOL": True}, {"NULL": True}, {"B": b"\xff"}]),
    NUMBERS.map(lambda text: {"N": text}),
)
VALUES = st.one_of(
    SCALARS,
    st.sampled_from([{"L": [{"S": "x"}]}, {"M": {"x": {"N": "1"}}}, {"SS": ["x"]}, {"L": []}]),
)
ITEMS = st.dictionaries(st.sampled_from(["a", "b", "cc", "mood", "dd"]), VALUES, max_size=4)
OPERANDS = st.one_of(
    st.sampled_from([":v", ":w", ":u"]),
    NAMES,
    st.builds("if_not_exists({}, {})".format, NAMES, st.sampled_from([":v", ":w", "b"])),
    st.builds("list_append({}, {})".format, NAMES, st.just(":w")),
)
RIGHT = st.one_of(OPERANDS, st.builds("{} {} {}".format, OPERANDS, st.sampled_from("+-"), OPERANDS))
CLAUSES = st.one_of(
    st.lists(st.builds("{} = {}".format, NAMES, RIGHT), min_size=1, max_size=2).map(lambda a: "SET " + ", ".join(a)),
    st.lists(NAMES, min_size=1, max_size=2).map(lambda a: "REMOVE " + ", ".join(a)),
    st.builds("ADD {} {}".format, NAMES, st.sampled_from([":v", ":w"])),
    st.builds("DELETE {} {}".format, NAMES, st.sampled_from([":v", ":w"])),
)
EXPRESSIONS = st.lists(CLAUSES, min_size=1, max_size=2).map(" ".join)
CONDITIONS = st.sampled_from(
    [None] * 3 + ["attribute_exists(who)", "attribute_not_exists(#c)", "a = :v", "#d < :w AND a <> :x"]
)
RETURNS = st.sampled_from([None, "NONE", "ALL_NEW", "ALL_OLD", "UPDATED_NEW", "UPDATED_OLD"])
KEY = {"who": {"S": "amélie"}, "day": {"N": "1"}}


@pytest.fixture(scope="module")
def client():
    with Cloud(seed=1) as cloud:
        found = cloud.client("dynamodb")
        for name in (OURS, MOTOS):
            found.create_table(
                TableName=name,
                BillingMode="PAY_PER_REQUEST",
                KeySchema=[{"AttributeName": "who", "KeyType": "HASH"}, {"AttributeName": "day", "KeyType": "RANGE"}],
                AttributeDefinitions=[
                    {"AttributeName": "who", "AttributeType": "S"},
                    {"AttributeName": "day", "AttributeType": "N"},
                    {"AttributeName": "mood", "AttributeType": "S"},
                ],
                GlobalSecondaryIndexes=[
                    {
                        "IndexName": "by-mood",
                        "KeySchema": [{"AttributeName": "mood", "KeyType": "HASH"}],
                        "Projection": {"ProjectionType": "KEYS_ONLY"},
                    }
                ],
                StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
            )
        yield found


def reset(client, item):
    for name in (OURS, MOTOS):
        client.delete_item(TableName=name, Key=KEY)
        if item is not None:
            client.put_item(TableName=name, Item={**item, **KEY})


def observed(client, name, call):
    """All that an update shows: its answer or error, the item and what it consumed."""
    try:
        answer = client.update_item(TableName=name, Key=KEY, ReturnConsumedCapacity="INDEXES", **call)
        del answer["ResponseMetadata"]
    except ClientError as exc:
        answer = {key: value for key, value in exc.response.items() if key != "ResponseMetadata"}
    except TypeError as exc:  # moto's comparisons of values of different types
        answer = repr(exc)
    found = client.get_item(TableName=name, Key=KEY).get("Item")
    return str(answer).replace(name, "table"), found, list(found or ())


@given(
    ITEMS.filter(lambda item: "mood" not in item or item["mood"].get("S")) | st.none(),
    EXPRESSIONS,
    CONDITIONS,
    RETURNS,
    st.fixed_dictionaries({":v": VALUES, ":w": VALUES, ":x": SCALARS}),
    st.booleans(),
)
def test_an_update_answered_here_is_the_same_as_motos(client, item, expression, condition, returned, values, exact):
    text = f"{expression} {condition or ''}"
    names = {"#c": "cc", "#d": "dd"}
    call = {"UpdateExpression": expression}
    if exact:  # otherwise some are given that nothing uses
        names = {name: names[name] for name in names if name in text}
        values = {name: values[name] for name in values if name in text}
    call |= {"ExpressionAttributeNames": names} if names else {}
    call |= {"ExpressionAttributeValues": values} if values else {}
    call |= {"ConditionExpression": condition} if condition else {}
    call |= {"ReturnValues": returned} if returned else {}
    reset(client, item)
    ours = observed(client, OURS, call)
    with patch.object(updates, "parsed", lambda text: None):
        assert ours == observed(client, MOTOS, call)


@pytest.mark.parametrize(
    "expression",
    [
        "SET #status = :v, paidAt = if_not_exists(paidAt, :v) ADD asked :v",
        "ADD sold :v",
        "SET sold = sold + :v REMOVE asked, paidAt",
        "set copied=sold",
    ],
)
def test_the_updates_of_every_day_do_not_trouble_moto(client, expression):
    reset(client, {"sold": {"N": "4"}})
    call = {"UpdateExpression": expression}
    if "#status" in expression:
        call["ExpressionAttributeNames"] = {"#status": "status"}
    if ":v" in expression:
        call["ExpressionAttributeValues"] = {":v": {"N": "3"}}
    with patch("moto.dynamodb.responses.DynamoHandler.update_item", side_effect=AssertionError):
        for _ in range(2):
            client.update_item(TableName=OURS, Key=KEY, **call)


def test_an_answer_has_nothing_of_the_values_of_its_call_in_it(client):
    reset(client, None)
    values = {":v": {"L": [{"S": "croissant"}]}}
    answer = client.update_item(
        TableName=OURS, Key=KEY, UpdateExpression="SET a = :v, b = :v", ExpressionAttributeValues=values,
        ReturnValues="ALL_NEW",
    )["Attributes"]  # fmt: skip
    answer["a"]["L"].clear()
    assert answer["b"] == values[":v"] == {"L": [{"S": "croissant"}]}
