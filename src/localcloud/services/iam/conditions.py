"""The Condition element of a policy.

A condition on a key that the request does not have does not hold, unless its operator is negated or ends in IfExists.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

Context = Mapping[str, tuple[str, ...]]
_SETS = ("ForAllValues:", "ForAnyValue:")


def as_list(value: Any) -> list[Any]:
    """What a policy may give as one value or as many."""
    return list(value) if isinstance(value, list | tuple) else [] if value is None else [value]


@lru_cache(maxsize=4_096)
def wildcards(pattern: str, ignore_case: bool = False) -> re.Pattern[str]:
    """The pattern with its `*` and `?`, which are all that is special in a policy."""
    text = "".join(".*" if char == "*" else "." if char == "?" else re.escape(char) for char in pattern)
    return re.compile(text, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def hold(conditions: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Whether every condition holds. `context` has the request's values by keys in small letters."""
    return all(
        _holds(operator, key.lower(), [_text(value) for value in as_list(values)], context)
        for operator, members in conditions.items()
        for key, values in members.items()
    )


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _holds(operator: str, key: str, wanted: list[str], context: Context) -> bool:
    quantifier = next((name for name in _SETS if operator.startswith(name)), "")
    name = operator.removeprefix(quantifier)
    optional, name = name.endswith("IfExists"), name.removesuffix("IfExists")
    given = context.get(key)
    if name == "Null":
        return (given is None) == (wanted[:1] == ["true"])
    positive = _NEGATED.get(name)
    compare = _COMPARE.get(positive or name)
    if compare is None:
        return False
    if given is None:
        return optional or positive is not None or quantifier == "ForAllValues:"
    matched = [any(_matches(compare, value, one) for one in wanted) == (positive is None) for value in given]
    return any(matched) if quantifier == "ForAnyValue:" else all(matched)


def _matches(compare: Callable[[str, str], bool], value: str, wanted: str) -> bool:
    try:
        return compare(value, wanted)
    except ValueError:
        return False


def _moment(text: str) -> float:
    if text.isdigit():
        return float(text)
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _like(value: str, pattern: str) -> bool:
    return wildcards(pattern).fullmatch(value) is not None


def _arn_like(value: str, pattern: str) -> bool:
    """Each of the six parts by itself: a `*` does not reach over a colon, but for the last part."""
    parts, wanted = value.split(":", 5), pattern.split(":", 5)
    return len(parts) == len(wanted) and all(_like(part, one) for part, one in zip(parts, wanted, strict=True))


_COMPARE: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda value, wanted: value == wanted,
    "StringEqualsIgnoreCase": lambda value, wanted: value.lower() == wanted.lower(),
    "StringLike": _like,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": lambda value, wanted: value.lower() == wanted.lower(),
    "NumericEquals": lambda value, wanted: float(value) == float(wanted),
    "NumericLessThan": lambda value, wanted: float(value) < float(wanted),
    "NumericLessThanEquals": lambda value, wanted: float(value) <= float(wanted),
    "NumericGreaterThan": lambda value, wanted: float(value) > float(wanted),
    "NumericGreaterThanEquals": lambda value, wanted: float(value) >= float(wanted),
    "DateEquals": lambda value, wanted: _moment(value) == _moment(wanted),
    "DateLessThan": lambda value, wanted: _moment(value) < _moment(wanted),
    "DateLessThanEquals": lambda value, wanted: _moment(value) <= _moment(wanted),
    "DateGreaterThan": lambda value, wanted: _moment(value) > _moment(wanted),
    "DateGreaterThanEquals": lambda value, wanted: _moment(value) >= _moment(wanted),
}
_NEGATED: Mapping[str, str] = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
}
