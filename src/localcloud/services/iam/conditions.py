"""The Condition element of a policy.

A condition on a key that the request does not have does not hold, unless its operator is negated or ends in IfExists.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Any

Context = Mapping[str, tuple[str, ...]]
_VARIABLE = re.compile(r"\$\{([^}*?$,']+)(?:,\s*'([^']*)')?\}")
_SPECIAL = re.compile(r"[*?$]")  # which a value means as they are
_PARTS = re.compile(r"\$\{[*?$]\}|.", re.DOTALL)
_COLONS = 5  # of an ARN, before its resource
_SETS = ("ForAllValues:", "ForAnyValue:")


def as_list(value: Any) -> list[Any]:
    """What a policy may give as one value or as many."""
    return list(value) if isinstance(value, list | tuple) else [] if value is None else [value]


@lru_cache(maxsize=4_096)
def wildcards(pattern: str, ignore_case: bool = False) -> re.Pattern[str]:
    """The pattern with its `*` and `?`, which are all that is special in a policy, but for `${*}` and its like."""
    text = "".join(
        re.escape(part[2]) if part.startswith("${") else {"*": ".*", "?": "."}.get(part, re.escape(part))
        for part in _PARTS.findall(pattern)
    )
    return re.compile(text, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def filled(text: str, context: Context) -> str | None:
    """The text with the values of its variables, `${aws:PrincipalAccount}` or `${aws:PrincipalTag/team, 'none'}`.

    None when the request does not have one of them; then the statement does not hold.
    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html.
    """
    if "${" not in text:
        return text
    missing = False

    def value(found: re.Match[str]) -> str:
        nonlocal missing
        values = context.get(found[1].strip().lower(), ())
        if len(values) == 1:  # a variable of many values has none
            return _SPECIAL.sub(r"${\g<0>}", values[0])
        missing = missing or found[2] is None
        return found[2] or ""

    answer = _VARIABLE.sub(value, text)
    return None if missing else answer


def is_about(pattern: str, resource: str) -> bool:
    """Whether a policy's Resource is about an ARN. A `*` does not reach over the colons before the resource itself."""
    if pattern == "*" or pattern.count(":") < _COLONS or not resource.startswith("arn:"):
        return wildcards(pattern).fullmatch(resource) is not None
    return _arn_like(resource, pattern)


def hold(conditions: Mapping[str, Mapping[str, Any]], context: Context, variables: bool = False) -> bool:
    """Whether every condition holds. `context` has the request's values by keys in small letters. `variables` tells
    whether the policy may have some.
    """

    def held(operator: str, key: str, values: Any) -> bool:
        texts = [_text(value) for value in as_list(values)]
        wanted = [filled(text, context) if variables else text for text in texts]
        found = [text for text in wanted if text is not None]
        return len(found) == len(wanted) and _holds(operator, key.lower(), found, context)

    return all(
        held(operator, key, values) for operator, members in conditions.items() for key, values in members.items()
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
        if quantifier == "ForAnyValue:":  # none of no values is any value, negated or not
            return optional
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


def _plain(text: str) -> str:
    """Without the signs that keep `*`, `?` and `$` from being special."""
    return re.sub(r"\$\{([*?$])\}", r"\1", text)


def _within(value: str, block: str) -> bool:
    """An address within a block of addresses; ValueError for what is none."""
    return ip_address(value) in ip_network(block, strict=False)


def _arn_like(value: str, pattern: str) -> bool:
    """Each of the six parts by itself: a `*` does not reach over a colon, but for the last part."""
    parts, wanted = value.split(":", 5), pattern.split(":", 5)
    return len(parts) == len(wanted) and all(_like(part, one) for part, one in zip(parts, wanted, strict=True))


_COMPARE: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda value, wanted: value == _plain(wanted),
    "StringEqualsIgnoreCase": lambda value, wanted: value.lower() == _plain(wanted).lower(),
    "StringLike": _like,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "BinaryEquals": lambda value, wanted: value == wanted,
    "Bool": lambda value, wanted: value.lower() == wanted.lower(),
    "IpAddress": _within,
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
    "NotIpAddress": "IpAddress",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
}
