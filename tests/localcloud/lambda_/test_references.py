"""How functions are named, listed page by page, and changed only as they were read."""

from __future__ import annotations

import pytest

ARN = "arn:aws:lambda:us-east-1:123456789012:function:shop"
REFERENCES = ["shop", "123456789012:function:shop", ARN]


@pytest.fixture
def client(cloud, function):
    function("shop", "def handler(event, context): return context.invoked_function_arn")
    return cloud.client("lambda")


@pytest.mark.parametrize("reference", REFERENCES)
def test_a_function_is_named_by_its_name_or_by_an_arn_with_or_without_its_beginning(client, invoke, reference):
    named = {"FunctionName": reference}
    assert client.get_function_configuration(**named)["FunctionArn"] == ARN
    assert client.get_function(**named)["Configuration"]["FunctionName"] == "shop"
    assert client.update_function_configuration(**named, MemorySize=512)["MemorySize"] == 512
    assert client.publish_version(**named)["Version"] == "1"
    client.create_alias(**named, Name="live", FunctionVersion="1")
    assert client.get_function_configuration(FunctionName=f"{reference}:live")["Version"] == "1"
    assert invoke(f"{reference}:1")[0] == f"{ARN}:1"
    assert [one["Version"] for one in client.list_versions_by_function(**named)["Versions"]] == ["$LATEST", "1"]
    assert [one["Name"] for one in client.list_aliases(**named)["Aliases"]] == ["live"]
    client.put_function_concurrency(**named, ReservedConcurrentExecutions=5)
    client.delete_function(**named)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_function(**named)


def test_lists_come_in_pages(client, function):
    for number in range(4):
        function(f"oven-{number}", "def handler(event, context): pass")
    pages = client.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 2})
    names = [[one["FunctionName"] for one in page["Functions"]] for page in pages]
    assert names == [["shop", "oven-0"], ["oven-1", "oven-2"], ["oven-3"]]
    for memory in (512, 513, 514):
        client.update_function_configuration(FunctionName="shop", MemorySize=memory)
        client.publish_version(FunctionName="shop")
    first = client.list_versions_by_function(FunctionName="shop", MaxItems=3)
    rest = client.list_versions_by_function(FunctionName="shop", MaxItems=3, Marker=first["NextMarker"])
    assert [one["Version"] for one in (*first["Versions"], *rest["Versions"])] == ["$LATEST", "1", "2", "3"]
    assert "NextMarker" not in rest
    with pytest.raises(client.exceptions.InvalidParameterValueException):
        client.list_functions(Marker="nonsense")


def test_a_page_has_fifty_at_most(client, function):
    for number in range(55):
        function(f"oven-{number}", "def handler(event, context): pass")
    assert len(client.list_functions()["Functions"]) == 50
    assert len(client.list_functions(MaxItems=60)["Functions"]) == 50


def test_every_change_makes_another_revision(client):
    first = client.get_function_configuration(FunctionName="shop")["RevisionId"]
    assert client.get_function(FunctionName="shop")["Configuration"]["RevisionId"] == first
    second = client.update_function_configuration(FunctionName="shop", MemorySize=512, RevisionId=first)["RevisionId"]
    assert second == client.get_function_configuration(FunctionName="shop")["RevisionId"] != first
    published = client.publish_version(FunctionName="shop", RevisionId=second)
    assert published["RevisionId"] == client.get_function_configuration(FunctionName="shop:1")["RevisionId"]


@pytest.mark.parametrize("operation", ["update_function_configuration", "publish_version"])
def test_a_function_is_changed_only_when_it_is_the_one_that_was_read(client, operation):
    read = client.get_function_configuration(FunctionName="shop")["RevisionId"]
    client.update_function_configuration(FunctionName="shop", MemorySize=512)
    with pytest.raises(client.exceptions.PreconditionFailedException, match="does not match the latest Revision Id"):
        getattr(client, operation)(FunctionName="shop", RevisionId=read)
    assert client.get_function_configuration(FunctionName="shop")["MemorySize"] == 512
