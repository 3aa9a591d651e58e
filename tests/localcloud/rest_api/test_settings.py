"""UpdateRestApi. Source: the API Gateway reference on patch operations."""

from __future__ import annotations

import pytest


@pytest.fixture
def patch(api):
    def call(op, path, **value):
        return api.client.update_rest_api(restApiId=api.id, patchOperations=[{"op": op, "path": path, **value}])

    return call


@pytest.fixture
def kinds(api):
    return lambda: api.client.get_rest_api(restApiId=api.id)["binaryMediaTypes"]


def test_the_path_of_a_patch_names_the_media_type(patch, kinds):
    patch("add", "/binaryMediaTypes/image~1png")
    patch("add", "/binaryMediaTypes/*~1*")
    patch("add", "/binaryMediaTypes/image~1png")
    assert kinds() == ["image/png", "*/*"]
    assert patch("replace", "/binaryMediaTypes/image~1png", value="image/gif")["binaryMediaTypes"] == [
        "*/*", "image/gif",
    ]  # fmt: skip
    patch("remove", "/binaryMediaTypes/*~1*")
    patch("remove", "/binaryMediaTypes/audio~1ogg")
    assert kinds() == ["image/gif"]


def test_a_media_type_that_is_patched_in_carries_bytes(api, function, patch):
    function(
        "shop",
        "def handler(event, context): return {'statusCode': 200, 'body': 'aGk=', 'isBase64Encoded': True}",
    )
    api.function("shop", "GET", "/x")
    api.deploy()
    assert api.call("GET", "/x", accept="image/png")[2].body == b"aGk="
    patch("add", "/binaryMediaTypes/image~1png")
    api.deploy()
    assert api.call("GET", "/x", accept="image/png")[2].body == b"hi"


@pytest.mark.parametrize(("value", "off"), [("true", True), ("false", False)])
def test_the_endpoint_is_switched_off_and_on(api, patch, value, off):
    assert patch("replace", "/disableExecuteApiEndpoint", value=value)["disableExecuteApiEndpoint"] is off
    assert api.client.get_rest_api(restApiId=api.id)["disableExecuteApiEndpoint"] is off


def test_other_patches_are_carried_out_too(api):
    patches = [
        {"op": "replace", "path": "/description", "value": "of cakes"},
        {"op": "add", "path": "/binaryMediaTypes/image~1png"},
    ]
    answer = api.client.update_rest_api(restApiId=api.id, patchOperations=patches)
    assert (answer["description"], answer["binaryMediaTypes"]) == ("of cakes", ["image/png"])
