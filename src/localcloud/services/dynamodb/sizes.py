"""The size of an item, as the developer guide describes it ("DynamoDB item sizes and formats")."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

_CONTAINER = 3  # bytes of overhead of a list or a map, and 1 for each element
_KB = 1_024


def item_size(item: Mapping[str, Any]) -> int:
    """Bytes of an item in the low-level format: {"name": {"S": "Amélie"}}."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    if kind == "S":
        return len(content.encode())
    if kind == "N":
        return number_size(content)
    if kind == "B":
        return len(content)
    if kind in ("BOOL", "NULL"):
        return 1
    if kind in ("SS", "NS", "BS"):
        return sum(_value_size({kind[0]: element}) for element in content)
    if kind == "L":
        return _CONTAINER + sum(1 + _value_size(element) for element in content)
    return _CONTAINER + sum(len(name.encode()) + 1 + _value_size(element) for name, element in content.items())


def number_size(text: str) -> int:
    """About one byte for each two significant digits, and one more; one for the sign."""
    digits = str(text).lower().split("e")[0].replace(".", "").lstrip("+-").strip("0")
    return math.ceil(len(digits) / 2) + 1 + (1 if str(text).startswith("-") else 0)


def write_units(size_bytes: int) -> int:
    """One unit for each begun KB, at least one."""
    return max(1, -(-size_bytes // _KB))


def read_units(size_bytes: int, consistent: bool) -> float:
    """One unit for each begun 4 KB, half of it when eventually consistent; at least one block."""
    blocks = max(1, -(-size_bytes // (4 * _KB)))
    return blocks if consistent else blocks / 2
