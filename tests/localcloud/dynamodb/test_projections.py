"""What a ProjectionExpression gives. Source: the DynamoDB developer guide on projection expressions."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.localcloud.dynamodb.conftest import TABLE, key

ITEM = {
    **key("amélie", 1),
    "cake": {"M": {"name": {"S": "opera"}, "layers": {"L": [{"S": "coffee"}, {"S": "cream"}, {"S": "chocolate"}]}}},
    "lines": {"L": [{"M": {"n": {"N": "1"}, "of": {"S": "loaf"}}}, {"M": {"n": {"N": "2"}}}]},
    "tags": {"SS": ["a", "b"]},
    "first-name": {"S": "Amélie"},
    "size": {"N": "12345678901234567890123456789012345678"},
}


@pytest.fixture
def project(orders):
    def call(text, **names):
        given = {"ExpressionAttributeNames": {f"#{name}": value for name, value in names.items()}} if names else {}
        return orders.get_item(TableName=TABLE, Key=key("amélie", 1), ProjectionExpression=text, **given).get("Item")

    orders.put_item(TableName=TABLE, Item=ITEM)
    return call


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        ("tags, cake.name", {}, {"tags": ITEM["tags"], "cake": {"M": {"name": {"S": "opera"}}}}),
        ("cake.layers[2], cake.layers[0]", {},
         {"cake": {"M": {"layers": {"L": [{"S": "coffee"}, {"S": "chocolate"}]}}}}),
        ("lines[0].n, lines[1].n", {}, {"lines": {"L": [{"M": {"n": {"N": "1"}}}, {"M": {"n": {"N": "2"}}}]}}),
        ("lines[0].#o", {"o": "of"}, {"lines": {"L": [{"M": {"of": {"S": "loaf"}}}]}}),
        ("#l[1], #f", {"l": "lines", "f": "first-name"},
         {"lines": {"L": [{"M": {"n": {"N": "2"}}}]}, "first-name": {"S": "Amélie"}}),
        ("#s", {"s": "size"}, {"size": ITEM["size"]}),
        ("lines[7], cake.nothing, nothing", {}, {}),
        ("tags[0], customer", {}, {"customer": {"S": "amélie"}}),
    ],
)  # fmt: skip
def test_paths_lead_into_maps_and_lists(project, text, names, expected):
    assert project(text, **names) == expected


@pytest.mark.parametrize(
    ("text", "names"),
    [("tags, tags", {}), ("cake, cake.name", {}), ("lines[0].n, lines", {}), ("#t, tags", {"t": "tags"}),
     ("lines[1], #l[1].n", {"l": "lines"})],
)  # fmt: skip
def test_no_path_lies_within_another(project, text, names):
    with pytest.raises(ClientError, match="Invalid ProjectionExpression: Two document paths overlap with each other"):
        project(text, **names)


def test_scans_and_batches_project_alike(orders, project):
    text, expected = "lines[1].n, lines[0].n", {"lines": {"L": [{"M": {"n": {"N": "1"}}}, {"M": {"n": {"N": "2"}}}]}}
    assert orders.scan(TableName=TABLE, ProjectionExpression=text)["Items"] == [expected]
    wanted = {TABLE: {"Keys": [key("amélie", 1)], "ProjectionExpression": text}}
    assert orders.batch_get_item(RequestItems=wanted)["Responses"][TABLE] == [expected]
