"""The size of an item, as the developer guide describes it ("DynamoDB item sizes and formats")."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

CONTAINER_BYTES = 3  # bytes of overhead of a list or a map, and 1 for each element


def item_size(item: Mapping[str, Any]) -> int:
    """Bytes of an item in the low-level format: {"name": {"S": "Amélie"}}."""
    size = 0
    for name, value in item.items():
        size += (len(name) if name.isascii() else len(name.encode())) + _value_size(value)
    return size


def _value_size(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    if kind == "S":
        return len(content) if content.isascii() else len(content.encode())
    if kind == "N":
        return number_size(content)
    if kind == "B":
        return len(content)
    if kind in ("BOOL", "NULL"):
        return 1
    if kind in ("SS", "NS", "BS"):
        return sum(_value_size({kind[0]: element}) for element in content)
    if kind == "L":
        return CONTAINER_BYTES + sum(1 + _value_size(element) for element in content)
    return CONTAINER_BYTES + len(content) + item_size(content)


def number_size(text: str) -> int:
    """About one byte for each two significant digits, and one more; one for the sign."""
    digits = str(text).lower().split("e")[0].replace(".", "").lstrip("+-").strip("0")
    return math.ceil(len(digits) / 2) + 1 + (1 if str(text).startswith("-") else 0)
