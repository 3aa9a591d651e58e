"""PartiQL. Source: the DynamoDB developer guide's PartiQL reference."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

TABLE = "orders"


@pytest.fixture
def orders(cloud):
    """A table of four orders, with an index by state that holds keys only."""
    client = cloud.client("dynamodb")
    kinds = {"customer": "S", "number": "N", "state": "S"}
    client.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "customer", "KeyType": "HASH"}, {"AttributeName": "number", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind} for name, kind in kinds.items()],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-state",
                "KeySchema": [{"AttributeName": "state", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    for customer, number, total in (("amélie", 1, 9), ("amélie", 2, 20), ("amélie", 10, 35), ("nino", 1, 12)):
        client.put_item(
            TableName=TABLE,
            Item={
                "customer": {"S": customer}, "number": {"N": str(number)}, "total": {"N": str(total)},
                "state": {"S": "PAID" if total > 10 else "NEW"},
                "cake": {"M": {"name": {"S": "opera"}, "sizes": {"L": [{"N": "6"}, {"N": "8"}]}}},
            },
        )  # fmt: skip
    return client


@pytest.fixture
def run(orders):
    """run("SELECT ...", "text", 7) -> the whole answer."""

    def call(statement, *parameters, **more):
        values = [{"S": one} if isinstance(one, str) else {"N": str(one)} for one in parameters]
        given = {"Parameters": values} if values else {}
        return orders.execute_statement(Statement=statement, **given, **more)

    return call


@pytest.fixture
def found(run):
    """The orders that a SELECT finds: ["amélie 1", ...]."""

    def call(where, *parameters, table=TABLE, **more):
        items = run(f'SELECT * FROM "{table}" {where}', *parameters, **more)["Items"]
        return [f"{item['customer']['S']} {item['number']['N']}" for item in items]

    return call


@pytest.fixture
def item(orders):
    def call(customer, number):
        key = {"customer": {"S": customer}, "number": {"N": str(number)}}
        return orders.get_item(TableName=TABLE, Key=key).get("Item")

    return call


# -- reading -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "parameters", "expected"),
    [
        ("WHERE customer = 'amélie' AND number = 2", (), ["amélie 2"]),
        ("WHERE customer='amélie' AND number=2", (), ["amélie 2"]),
        ('WHERE "customer" = ? AND "number" >= ?', ("amélie", 2), ["amélie 2", "amélie 10"]),
        ("WHERE number BETWEEN 2 AND 9 AND customer = 'amélie'", (), ["amélie 2"]),
        ("WHERE customer = 'amélie' AND total > 15", (), ["amélie 2", "amélie 10"]),
        ("WHERE customer = 'amélie' AND (total < 10 OR number = 10)", (), ["amélie 1", "amélie 10"]),
        ("WHERE customer = 'amélie' AND NOT total = 20", (), ["amélie 1", "amélie 10"]),
        ("WHERE customer IN ['nino', 'amélie'] AND number = 1", (), ["nino 1", "amélie 1"]),
        ("WHERE customer IN (?, ?)", ("nino", "nobody"), ["nino 1"]),
        ("WHERE customer = 'amélie' ORDER BY number DESC", (), ["amélie 10", "amélie 2", "amélie 1"]),
        ("WHERE customer = 'nobody'", (), []),
        ("where customer = 'it''s'", (), []),
    ],
)
def test_a_select_that_names_the_partition_key_is_a_query(found, where, parameters, expected):
    assert found(where, *parameters) == expected


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("", {"amélie 1", "amélie 2", "amélie 10", "nino 1"}),
        ("WHERE total IN [9, 12]", {"amélie 1", "nino 1"}),
        ("WHERE cake.name = 'opera' AND total < 10", {"amélie 1"}),
        ("WHERE cake.sizes[1] = 8 AND total < 10", {"amélie 1"}),
        ("WHERE begins_with(customer, 'n')", {"nino 1"}),
        ("WHERE contains(state, 'EW')", {"amélie 1"}),
        ("WHERE size(customer) = 4", {"nino 1"}),
        ("WHERE attribute_type(cake, 'M') AND total <> 9 AND number != 1", {"amélie 2", "amélie 10"}),
        ("WHERE gift IS MISSING AND customer = 'nino' OR total = 9", {"nino 1", "amélie 1"}),
        ("WHERE gift IS NOT MISSING", set()),
        ("WHERE gift IS NULL", set()),
        ("WHERE total = '9'", set()),
    ],
)
def test_any_other_select_is_a_scan(found, where, expected):
    assert set(found(where)) == expected


def test_an_index_is_read_by_its_name(run, found):
    assert set(found("WHERE state = 'PAID' AND customer = 'nino'", table='orders"."by-state')) == {"nino 1"}
    (only,) = run('SELECT number FROM orders."by-state" WHERE state = ?', "NEW")["Items"]
    assert only == {"number": {"N": "1"}}
    with pytest.raises(ClientError, match="does not have the specified index"):
        run('SELECT * FROM orders."by-colour"')


def test_a_select_gives_what_it_names(run):
    (item,) = run("SELECT total, cake.name, cake.sizes[1], gift FROM orders WHERE customer = 'nino'")["Items"]
    assert item == {"total": {"N": "12"}, "name": {"S": "opera"}, "_3": {"N": "8"}}


def test_pages_go_on_where_the_one_before_ended(run):
    statement, pages, token = "SELECT number FROM orders WHERE customer IN ['nino', 'amélie']", [], {}
    while True:
        answer = run(statement, Limit=2, **token)
        pages.append([item["number"]["N"] for item in answer["Items"]])
        if "NextToken" not in answer:
            break
        token = {"NextToken": answer["NextToken"]}
    assert [number for page in pages for number in page] == ["1", "1", "2", "10"]
    assert all(len(page) <= 2 for page in pages)
    with pytest.raises(ClientError, match="NextToken is invalid"):
        run(statement, NextToken="nonsense")


def test_a_statement_consumes_what_its_operation_does(cloud, run):
    asked = {"ReturnConsumedCapacity": "TOTAL"}
    before = cloud.meter.snapshot()
    query = run("SELECT * FROM orders WHERE customer = 'nino' AND total = 1", **asked)
    assert (query["Items"], query["ConsumedCapacity"]["CapacityUnits"]) == ([], 0.5)
    sure = run("SELECT * FROM orders WHERE customer = 'nino'", ConsistentRead=True, **asked)
    assert sure["ConsumedCapacity"]["CapacityUnits"] == 1.0
    new = run("INSERT INTO orders VALUE {'customer': 'nino', 'number': 3}", **asked)
    assert new["ConsumedCapacity"]["CapacityUnits"] == 1.0
    used = cloud.meter.since(before).totals()
    assert (used["dynamodb.rru"], used["dynamodb.wru"]) == (1.5, 1.0)


# -- writing -----------------------------------------------------------------------------------


def test_an_insert_takes_no_items_place(run, item):
    run("INSERT INTO \"orders\" VALUE {'customer': ?, 'number': 5, 'tags': <<'a', 'b'>>, 'gift': true, "
        "'note': null, 'list': [1, -2.50, {'x': 'y'}]}", "nino")  # fmt: skip
    assert item("nino", 5) == {
        "customer": {"S": "nino"}, "number": {"N": "5"}, "tags": {"SS": ["a", "b"]}, "gift": {"BOOL": True},
        "note": {"NULL": True}, "list": {"L": [{"N": "1"}, {"N": "-2.5"}, {"M": {"x": {"S": "y"}}}]},
    }  # fmt: skip
    with pytest.raises(ClientError, match=r"DuplicateItemException.*Duplicate primary key exists in table"):
        run("INSERT INTO orders VALUE {'customer': 'nino', 'number': 5}")
    assert "tags" in item("nino", 5)


def test_an_update_sets_adds_and_removes(run, item):
    answer = run(
        "UPDATE orders SET total = total + ? SET cake.name = 'éclair' SET sizes = list_append(cake.sizes, [10]) "
        "REMOVE state WHERE customer = 'nino' AND number = 1 RETURNING ALL NEW *", 3,
    )  # fmt: skip
    assert answer["Items"] == [item("nino", 1)]
    assert answer["Items"][0] == {
        "customer": {"S": "nino"}, "number": {"N": "1"}, "total": {"N": "15"},
        "cake": {"M": {"name": {"S": "éclair"}, "sizes": {"L": [{"N": "6"}, {"N": "8"}]}}},
        "sizes": {"L": [{"N": "6"}, {"N": "8"}, {"N": "10"}]},
    }  # fmt: skip


def test_sets_grow_and_shrink(run, item):
    run("UPDATE orders SET tags = set_add(tags, <<'a', 'b'>>) WHERE customer = 'nino' AND number = 1")
    run("UPDATE orders SET tags = set_delete(tags, <<'a'>>) WHERE customer = 'nino' AND number = 1")
    assert item("nino", 1)["tags"] == {"SS": ["b"]}


def test_an_update_needs_its_item_and_its_conditions(run, item):
    with pytest.raises(ClientError, match="ConditionalCheckFailedException"):
        run("UPDATE orders SET total = 1 WHERE customer = 'nobody' AND number = 1")
    with pytest.raises(ClientError, match="ConditionalCheckFailedException"):
        run("UPDATE orders SET total = 1 WHERE customer = 'nino' AND number = 1 AND total > 20")
    assert item("nobody", 1) is None
    assert item("nino", 1)["total"] == {"N": "12"}
    run("UPDATE orders SET total = 1 WHERE customer = 'nino' AND number = 1 AND (total > 20 OR state = 'PAID')")
    assert item("nino", 1)["total"] == {"N": "1"}


def test_a_delete_needs_its_conditions_but_no_item(run, item):
    with pytest.raises(ClientError, match="ConditionalCheckFailedException"):
        run("DELETE FROM orders WHERE customer = 'nino' AND number = 1 AND total > 20")
    gone = run("DELETE FROM orders WHERE customer = 'nino' AND number = 1 RETURNING ALL OLD *")
    assert gone["Items"][0]["total"] == {"N": "12"}
    assert item("nino", 1) is None
    assert run("DELETE FROM orders WHERE customer = 'nino' AND number = 1 AND total > 20")["Items"] == []


@pytest.mark.parametrize("statement", ["UPDATE orders SET total = 1 ", "DELETE FROM orders "])
@pytest.mark.parametrize("where", ["", "WHERE customer = 'nino'", "WHERE customer = 'nino' AND number > 0",
                                   "WHERE customer = 'nino' OR number = 1"])  # fmt: skip
def test_a_write_names_the_whole_key(run, statement, where):
    with pytest.raises(ClientError, match="mandatory equality on all key attributes"):
        run(statement + where)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("SELEKT * FROM orders", "unexpected token at position 1: 'SELEKT'"),
        ("SELECT * FROM orders WHERE", "unexpected token at the end"),
        ("SELECT * FROM orders WHERE total", "unexpected token at the end"),
        ("SELECT * FROM orders WHERE total = 1 2", "unexpected token at position 38: '2'"),
        ("SELECT * FROM orders WHERE total = ?", "Number of parameters in request and statement don't match"),
        ("INSERT INTO orders VALUE 'x'", "unexpected token"),
        ("INSERT INTO orders VALUE {'customer': 'nino'}", "Missing the key number in the item"),
        ("INSERT INTO orders VALUE {'a': <<1, 'x'>>}", "a set has values of one type"),
        ("SELECT * FROM orders ORDER BY number", "hash key condition in WHERE clause when using ORDER BY"),
        ("UPDATE orders WHERE customer = 'nino' AND number = 1", "unexpected token"),
        ("EXISTS(SELECT * FROM orders WHERE customer = 'nino' AND number = 1)", "ExecuteTransaction only"),
    ],
)
def test_what_is_no_statement_is_refused_with_its_place(run, statement, reason):
    with pytest.raises(ClientError, match="ValidationException") as refused:
        run(statement)
    assert reason in str(refused.value)


def test_unknown_tables_are_not_found(run):
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        run("SELECT * FROM cakes")


# -- several statements ------------------------------------------------------------------------


def test_each_statement_of_a_batch_succeeds_or_fails_for_itself(orders, item):
    statements = [
        "SELECT total FROM orders WHERE customer = 'nino' AND number = 1",
        "SELECT * FROM orders WHERE customer = 'nino' AND number = 99",
        "SELECT * FROM orders WHERE customer = 'nino'",
        "SELECT * FROM cakes WHERE id = 1",
    ]
    answer = orders.batch_execute_statement(Statements=[{"Statement": one} for one in statements])
    first, second, third, fourth = answer["Responses"]
    assert first == {"TableName": TABLE, "Item": {"total": {"N": "12"}}}
    assert second == {"TableName": TABLE}
    assert third["Error"]["Code"] == "ValidationError"
    assert "must specify the primary key" in third["Error"]["Message"]
    assert fourth["Error"]["Code"] == "ResourceNotFound"
    writes = [
        "INSERT INTO orders VALUE {'customer': 'nino', 'number': 1}",
        "UPDATE orders SET total = 5 WHERE customer = 'nino' AND number = 1",
        "DELETE FROM orders WHERE customer = 'amélie' AND number = 1 AND total = 0",
    ]
    answer = orders.batch_execute_statement(Statements=[{"Statement": one} for one in writes])
    assert [one.get("Error", {}).get("Code") for one in answer["Responses"]] == [
        "DuplicateItem", None, "ConditionalCheckFailed",
    ]  # fmt: skip
    assert item("nino", 1)["total"] == {"N": "5"}
    with pytest.raises(ClientError, match="less than or equal to 25"):
        orders.batch_execute_statement(Statements=[{"Statement": writes[1]}] * 26)


def test_a_transaction_is_all_or_nothing(orders, item):
    insert = "INSERT INTO orders VALUE {'customer': 'nino', 'number': ?}"
    paid = "EXISTS(SELECT * FROM orders WHERE customer = 'nino' AND number = 1 AND state = ?)"

    delete = "DELETE FROM orders WHERE customer = 'amélie' AND number = 1"

    def run(number, state):
        statements = [(insert, [{"N": str(number)}]), (paid, [{"S": state}]), (delete, [])]
        orders.execute_transaction(
            TransactStatements=[
                {"Statement": text, **({"Parameters": values} if values else {})} for text, values in statements
            ]
        )

    with pytest.raises(orders.exceptions.TransactionCanceledException) as refused:
        run(7, "NEW")
    assert [one["Code"] for one in refused.value.response["CancellationReasons"]] == [
        "None", "ConditionalCheckFailed", "None",
    ]  # fmt: skip
    assert (item("nino", 7), item("amélie", 1) is None) == (None, False)
    run(7, "PAID")
    assert (item("nino", 7) is None, item("amélie", 1)) == (False, None)
    with pytest.raises(orders.exceptions.TransactionCanceledException) as refused:
        orders.execute_transaction(TransactStatements=[{"Statement": insert, "Parameters": [{"N": "1"}]}])
    assert refused.value.response["CancellationReasons"][0]["Code"] == "DuplicateItem"


def test_a_transaction_reads_or_writes(orders):
    read = {"Statement": "SELECT total FROM orders WHERE customer = 'nino' AND number = 1"}
    none = {"Statement": "SELECT total FROM orders WHERE customer = 'nino' AND number = 9"}
    answer = orders.execute_transaction(TransactStatements=[read, none], ReturnConsumedCapacity="TOTAL")
    assert answer["Responses"] == [{"Item": {"total": {"N": "12"}}}, {}]
    assert answer["ConsumedCapacity"][0]["CapacityUnits"] == 4.0
    write = {"Statement": "DELETE FROM orders WHERE customer = 'nino' AND number = 1"}
    with pytest.raises(ClientError, match="reads only or of writes"):
        orders.execute_transaction(TransactStatements=[read, write])
