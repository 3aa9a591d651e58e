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


class Unsure(Exception):
    """Somebody should look closer."""


def plain_size(table: Table, item: Mapping[str, Any], limit_bytes: int) -> int | None:
    """The item's size in bytes when it can be written as it is, None when somebody should look closer."""
    if not plain_keys(table, item):
        return None
    try:
        size = _size_of_map(item, 0)
    except Unsure:
        return None
    return size if size <= limit_bytes else None


def plain_keys(table: Table, item: Mapping[str, Any]) -> bool:
    """Whether the keys of the table are there, and those of its indexes are what they should be or are not there."""
    for attribute in table.attr:
        name = attribute["AttributeName"]
        value = item.get(name)
        if value is None:
            if name in table.table_key_attrs:
                return False
        elif not plain_key(value, attribute["AttributeType"]):
            return False
    return True


def plain_key(value: Mapping[str, Any], kind: str) -> bool:
    """Whether it is a key attribute of this type with nothing unusual about it."""
    content = value.get(kind)
    if content is None or not 0 < len(content) <= _SURE_KEY_BYTES:
        return False
    return kind != "N" or _number(content) is not None


def plain_number(text: str) -> bool:
    """Whether there is nothing unusual about a number."""
    return _number(text) is not None


def _size_of_map(attributes: Mapping[str, Any], depth: int) -> int:
    size = 0
    for name, value in attributes.items():
        size += len(name) if name.isascii() else len(name.encode())
        text = value.get("S")
        if text is not None and len(value) == 1:  # most are strings: no further call for them
            size += len(text) if text.isascii() else len(text.encode())
        else:
            size += value_size(value, depth)
    return size


def value_size(value: Mapping[str, Any], depth: int = 0) -> int:
    """Bytes of a plain value. Raises Unsure for every other, and below 16 levels of lists and maps."""
    ((kind, content),) = value.items()
    if kind == "S":
        return len(content) if content.isascii() else len(content.encode())
    if kind == "N":
        if _number(content) is None:
            raise Unsure
        if content.isdigit() and content[0] != "0" and content[-1] != "0":  # the most common ones: nothing to strip
            return (len(content) + 1) // 2 + 1
        return number_size(content)
    if kind == "BOOL" or (kind == "NULL" and content is True):
        return 1
    if kind == "B" and isinstance(content, bytes):
        return len(content)
    if depth >= _DEPTH:
        raise Unsure
    if kind == "M":
        return CONTAINER_BYTES + len(content) + _size_of_map(content, depth + 1)
    if kind == "L":
        size = CONTAINER_BYTES + len(content)
        for element in content:
            size += value_size(element, depth + 1)
        return size
    raise Unsure
