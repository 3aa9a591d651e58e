"""Attribute values as DynamoDB takes them: what it refuses, and the one form in which it keeps a number.

Source: the developer guide on data types and on errors of the low-level API.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from localcloud.api import ApiError
from localcloud.stores.dynamodb.moto_updates import in_one_form

Value = Mapping[str, Any]

_DIGITS = 38
_LARGEST, _SMALLEST = 125, -130  # powers of ten
_DEPTH = 32
_kept_as_it_is = re.compile(r"0|-?(?:0(?=\.)|[1-9]\d{0,17})(?:\.\d{0,17}[1-9])?").fullmatch
_is_number = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?").fullmatch
_OVERFLOW = "Number overflow. Attempting to store a number with magnitude larger than supported range"
_INVALID = "One or more parameter values were invalid: "
_SETS = {"SS": "string", "NS": "number"}


def checked(value: Value, depth: int = 0) -> Value:
    """The value as it is kept; the same object when nothing changes. Raises ApiError ValidationException."""
    if len(value) != 1:
        many = "is empty, must contain exactly one of the supported datatypes"
        few = "has more than one datatypes set, must contain exactly one of the supported datatypes"
        raise refused(f"Supplied AttributeValue {few if value else many}")
    ((kind, content),) = value.items()
    if kind == "S":
        return value
    if kind == "N":
        number = content if _kept_as_it_is(content) else plain_number(content)
        return value if number == content else {"N": number}
    if kind == "NULL" and content is not True:
        raise refused(f"{_INVALID}Null attribute value types must have the value of true")
    if kind in ("M", "L"):
        return _nested(value, kind, content, depth)
    if kind in ("SS", "NS", "BS"):
        return _set(value, kind, content)
    return value


def checked_map(attributes: Mapping[str, Value], depth: int = 0) -> Mapping[str, Value]:
    """An item or a map, with every value as it is kept; the same object when nothing changes."""
    changed = {name: new for name, value in attributes.items() if (new := checked(value, depth)) is not value}
    return {**attributes, **changed} if changed else attributes


def _nested(value: Value, kind: str, content: Any, depth: int) -> Value:
    if depth >= _DEPTH:
        raise refused("Nesting Levels have exceeded supported limits")
    if kind == "M":
        inner = checked_map(content, depth + 1)
        return value if inner is content else {"M": inner}
    elements = [checked(element, depth + 1) for element in content]
    return value if all(new is old for new, old in zip(elements, content, strict=True)) else {"L": elements}


def _set(value: Value, kind: str, content: list[Any]) -> Value:
    if not content:
        what = f"An {_SETS[kind]} set  may" if kind in _SETS else "Binary sets should"
        raise refused(f"{_INVALID}{what} not be empty")
    if kind == "SS" and "" in content:
        raise refused(f"{_INVALID}An string set may not have a empty string as a member")
    elements = [plain_number(number) for number in content] if kind == "NS" else content
    if len(set(elements)) < len(elements):
        listed = f" [{', '.join(elements)}]" if kind == "SS" else ""
        raise refused(f"{_INVALID}Input collection{listed} contains duplicates.")
    return value if elements == content else {kind: elements}


def plain_number(text: str) -> str:
    """A number without zeros that say nothing, signs and exponents. Raises ApiError ValidationException."""
    if not isinstance(text, str) or not _is_number(text):
        told = f": {text}" if text else ""
        raise refused(f"The parameter cannot be converted to a numeric value{told}")
    try:
        number = Decimal(text)
    except InvalidOperation:  # an exponent beyond all bounds
        raise refused(_OVERFLOW) from None
    if not number:
        return "0"
    significant = "".join(map(str, number.as_tuple().digits)).strip("0")
    magnitude = number.adjusted()
    if magnitude > _LARGEST:
        raise refused(_OVERFLOW)
    if magnitude < _SMALLEST:
        raise refused("Number underflow. Attempting to store a number with magnitude smaller than supported range")
    if len(significant) > _DIGITS:
        raise refused("Attempting to store more than 38 significant digits in a Number")
    return in_one_form(number)


def refused(message: str) -> ApiError:
    """The answer to what is not valid."""
    return ApiError("ValidationException", message, 400)
