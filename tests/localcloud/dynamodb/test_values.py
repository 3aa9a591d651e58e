"""moto's attribute values made in fewer steps: equal, hashed and shown as moto's own."""

from __future__ import annotations

import itertools

import pytest
from moto.dynamodb.models.dynamo_type import DynamoType

from localcloud.patching import Patches
from localcloud.stores.dynamodb import values

GIVEN = [
    {"S": "1"}, {"S": ""}, {"N": "1"}, {"N": "1.0"}, {"B": b"1"}, {"BOOL": True}, {"NULL": True}, {"SS": ["1", "2"]},
    {"SS": ["2", "1"]}, {"L": [{"S": "1"}, {"L": []}]}, {"M": {"a": {"N": "1"}}}, {"M": {}},
]  # fmt: skip


@pytest.fixture
def shortened():
    patches = Patches()
    values.install(patches)
    yield patches
    patches.undo()


def outcome(function, *arguments):
    try:
        return function(*arguments)
    except Exception as exc:  # noqa: BLE001 - whatever moto raises
        return type(exc)


def seen(given, other):
    one, two = outcome(DynamoType, given), outcome(DynamoType, other)
    return repr(one), outcome(hash, one), outcome(lambda: one == two), outcome(lambda: one != two)


@pytest.mark.parametrize(("given", "other"), list(itertools.product([*GIVEN, {}, {"S": "1", "N": "2"}, "text"], GIVEN)))
def test_values_are_motos_own(given, other, shortened):
    quick = seen(given, other)
    shortened.undo()
    assert quick == seen(given, other)
