"""A quick look at an item to be written: is it plainly valid?

Only a look: what it does not know for certain goes to moto's own checks, which say what is wrong as DynamoDB does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from moto.dynamodb.models.table import Table

from localcloud.stores.dynamodb.sizes import CONTAINER_BYTES, number_size

_SURE_KEY_BYTES = 256  # keys may be longer; such are moto's to measure (four bytes a character at most)
# as DynamoDB keeps numbers: anything else has to be brought into this form first
_number = re.compile(r"0|-?(?:0(?=\.)|[1-9]\d{0,17})(?:\.\d{0,17}[1-9])?").fullmatch
_DEPTH = 16  # of nested lists and maps; DynamoDB takes 32


class _Unsure(Exception):
    pass


def plain_size(table: Table, item: Mapping[str, Any], limit_bytes: int) -> int | None:
    """The item's size in bytes when it can be written as it is, None when somebody should look closer."""
    for attribute in table.attr:
        name = attribute["AttributeName"]
        value = item.get(name)
        if value is None:
            if name in table.table_key_attrs:
                return None
        elif not plain_key(value, attribute["AttributeType"]):
            return None
    try:
        size = _size_of_map(item, 0)
    except _Unsure:
        return None
    return size if size <= limit_bytes else None


def plain_key(value: Mapping[str, Any], kind: str) -> bool:
    """Whether it is a key attribute of this type with nothing unusual about it."""
    content = value.get(kind)
    if content is None or not 0 < len(content) <= _SURE_KEY_BYTES:
        return False
    return kind != "N" or _number(content) is not None


def _size_of_map(attributes: Mapping[str, Any], depth: int) -> int:
    size = 0
    for name, value in attributes.items():
        size += (len(name) if name.isascii() else len(name.encode())) + _size(value, depth)
    return size


def _size(value: Mapping[str, Any], depth: int) -> int:
    ((kind, content),) = value.items()
    if kind == "S":
        return len(content) if content.isascii() else len(content.encode())
    if kind == "N":
        if _number(content) is None:
            raise _Unsure
        return number_size(content)
    if kind == "BOOL" or (kind == "NULL" and content is True):
        return 1
    if kind == "B" and isinstance(content, bytes):
        return len(content)
    if depth >= _DEPTH:
        raise _Unsure
    if kind == "M":
        return CONTAINER_BYTES + len(content) + _size_of_map(content, depth + 1)
    if kind == "L":
        return CONTAINER_BYTES + len(content) + sum(_size(element, depth + 1) for element in content)
    raise _Unsure
