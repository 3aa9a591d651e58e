"""Event patterns, as EventBridge documents them; compiled once, matched often.

A pattern is an object that mirrors the event: a list of conditions for a field (any may hold), a nested
object for a nested field (all must hold), and `$or` for alternatives between fields. When the event has
a list where the pattern has conditions, one element that matches is enough.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

Matcher = Callable[[Any, bool], bool]  # (value, present) -> matches
Pattern = Callable[[Mapping[str, Any]], bool]


class InvalidPattern(ValueError):
    """The pattern is not one EventBridge takes. The message says where and why."""


class _Written(float):
    """A number with a point or an exponent, that remembers how it was written."""

    __slots__ = ("text",)

    def __new__(cls, text: str) -> _Written:
        number = super().__new__(cls, text)
        number.text = text
        return number

    text: str


def loads(text: str | bytes) -> Any:
    """JSON whose numbers can be compared as patterns compare them: 300, 300.0 and 3.0e2 are not the same.

    Raises ValueError.
    """
    if type(text) is str and text[:1] == "{":  # as json.loads, which makes a decoder for every call
        return _DECODER.decode(text)
    return json.loads(text, parse_float=_Written)


_DECODER = json.JSONDecoder(parse_float=_Written)


def compile_pattern(pattern: str | Mapping[str, Any]) -> Pattern:
    """Turn a pattern (JSON text or object) into a predicate on events.

    Raises InvalidPattern. Source: the EventBridge user guide on event pattern operators.
    """
    if isinstance(pattern, str):
        try:
            pattern = loads(pattern)
        except ValueError as exc:
            raise InvalidPattern(f"Event pattern is not valid. Reason: {exc}") from None
    if not isinstance(pattern, Mapping) or not pattern:
        raise InvalidPattern("Event pattern is not valid. Reason: Filter is not an object, or is empty")
    return _compile_object(pattern, "")


def _compile_object(pattern: Mapping[str, Any], path: str) -> Pattern:
    fields: list[tuple[str, Any, frozenset[str]]] = []  # with the texts that match without a look at the conditions
    alternatives: list[list[Pattern]] = []
    for name, rule in pattern.items():
        where = f"{path}.{name}" if path else name
        if name == "$or" and isinstance(rule, list) and len(rule) > 1 and all(isinstance(r, Mapping) for r in rule):
            alternatives.append([_compile_object(r, where) for r in rule])
        elif isinstance(rule, Mapping):
            if not rule:
                raise InvalidPattern(f"Event pattern is not valid. Reason: Empty objects are not allowed at {where}")
            fields.append((name, _compile_object(rule, where), frozenset()))
        elif isinstance(rule, list):
            if not rule:
                raise InvalidPattern(f"Event pattern is not valid. Reason: Empty arrays are not allowed at {where}")
            texts = frozenset(condition for condition in rule if isinstance(condition, str))
            fields.append((name, [_compile_condition(condition, where) for condition in rule], texts))
        else:
            raise InvalidPattern(
                f'Event pattern is not valid. Reason: "{where}" must be an object or an array, found {json.dumps(rule)}'
            )

    def matches(event: Mapping[str, Any]) -> bool:
        for name, rule, texts in fields:
            value = event.get(name)
            if type(value) is str and value in texts:
                continue
            if isinstance(rule, list):
                if not _any_condition(rule, value, name in event):
                    return False
            elif not _nested(rule, value):
                return False
        return not alternatives or all(any(choice(event) for choice in choices) for choices in alternatives)

    return matches


def _nested(rule: Pattern, value: Any) -> bool:
    if isinstance(value, list):
        return any(_nested(rule, element) for element in value)
    return rule(value if isinstance(value, Mapping) else {})


def _any_condition(conditions: list[Matcher], value: Any, present: bool) -> bool:
    if isinstance(value, list):
        if any(_holds(condition, element, True) for condition in conditions for element in value):
            return True
        # an empty list is a leaf without a value
        return not value and any(condition(None, False) for condition in conditions)
    return any(_holds(condition, value, present) for condition in conditions)


def _holds(condition: Matcher, value: Any, present: bool) -> bool:
    """Only leaves are compared: where the event has an object, it has no value."""
    return condition(None, False) if isinstance(value, Mapping) else condition(value, present)


def _compile_condition(condition: Any, where: str) -> Matcher:
    if isinstance(condition, Mapping):
        if len(condition) != 1:
            raise InvalidPattern(
                f"Event pattern is not valid. Reason: Only one key allowed in match expression at {where}"
            )
        ((operator, operand),) = condition.items()
        make = _OPERATORS.get(operator)
        if make is None:
            raise InvalidPattern(f"Event pattern is not valid. Reason: Unrecognized match type {operator} at {where}")
        return make(operand, where)
    if isinstance(condition, list):
        raise InvalidPattern(f"Event pattern is not valid. Reason: Match value must be a single value at {where}")
    return lambda value, present: present and _equal(value, condition)


def _equal(value: Any, wanted: Any) -> bool:
    """Equality as it is written: true is not 1, and 1 is not 1.0."""
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted
    if isinstance(value, float) and isinstance(wanted, float):
        return _as_written(value) == _as_written(wanted)
    return type(value) is type(wanted) and bool(value == wanted)


def _as_written(value: float) -> str:
    return value.text if isinstance(value, _Written) else repr(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(operand: Any, operator: str, where: str) -> str:
    if not isinstance(operand, str):
        reason = f"{operator} match pattern must be a string at {where}"
        raise InvalidPattern(f"Event pattern is not valid. Reason: {reason}")
    return operand


def _string_test(operator: str, test: Callable[[str, str], bool]) -> Callable[[Any, str], Matcher]:
    """An operator on strings that also takes {"equals-ignore-case": ...} as its operand."""

    def make(operand: Any, where: str) -> Matcher:
        if isinstance(operand, Mapping) and list(operand) == ["equals-ignore-case"]:
            folded = _text(operand["equals-ignore-case"], operator, where).lower()
            return lambda value, present: isinstance(value, str) and test(value.lower(), folded)
        wanted = _text(operand, operator, where)
        return lambda value, present: isinstance(value, str) and test(value, wanted)

    return make


def _exists(operand: Any, where: str) -> Matcher:
    if not isinstance(operand, bool):
        reason = f"exists match pattern must be true or false at {where}"
        raise InvalidPattern(f"Event pattern is not valid. Reason: {reason}")
    return lambda value, present: present == operand


def _wildcard(operand: Any, where: str) -> Matcher:
    text = _text(operand, "wildcard", where)
    if "**" in text:
        raise InvalidPattern(f"Event pattern is not valid. Reason: Consecutive wildcard characters at {where}")
    parts: list[str] = []
    index = 0
    while index < len(text):
        if text[index] == "\\" and index + 1 < len(text):
            parts.append(re.escape(text[index + 1]))
            index += 2
            continue
        parts.append(".*" if text[index] == "*" else re.escape(text[index]))
        index += 1
    compiled = re.compile("".join(parts), re.DOTALL)
    return lambda value, present: isinstance(value, str) and compiled.fullmatch(value) is not None


def _cidr(operand: Any, where: str) -> Matcher:
    text = _text(operand, "cidr", where)
    if text.count("/") != 1:
        raise InvalidPattern(f"Event pattern is not valid. Reason: Malformed CIDR, one '/' required at {where}")
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError as exc:
        raise InvalidPattern(f"Event pattern is not valid. Reason: Malformed CIDR at {where}: {exc}") from None

    def matches(value: Any, present: bool) -> bool:
        try:
            return isinstance(value, str) and ipaddress.ip_address(value) in network
        except ValueError:
            return False

    return matches


_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "=": lambda a, b: a == b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def _numeric(operand: Any, where: str) -> Matcher:
    if not isinstance(operand, list) or len(operand) not in (2, 4):
        raise InvalidPattern(
            f"Event pattern is not valid. Reason: numeric needs one or two pairs of operator and number at {where}"
        )
    tests: list[tuple[Callable[[float, float], bool], float]] = []
    for operator, bound in zip(operand[::2], operand[1::2], strict=True):
        if operator not in _COMPARISONS or not _is_number(bound):
            raise InvalidPattern(
                f"Event pattern is not valid. Reason: Bad numeric comparison {operator} {bound} at {where}"
            )
        tests.append((_COMPARISONS[operator], bound))
    if len(operand) == 4:
        _check_range(operand, where)
    return lambda value, present: _is_number(value) and all(test(value, bound) for test, bound in tests)


def _check_range(operand: list[Any], where: str) -> None:
    """A range has its lower end first, and something in between."""
    lower, least, upper, most = operand
    if lower not in (">", ">=") or upper not in ("<", "<="):
        raise InvalidPattern(f"Event pattern is not valid. Reason: Bad numeric range operator at {where}")
    if least >= most:
        raise InvalidPattern(f"Event pattern is not valid. Reason: Bottom must be less than top at {where}")


def _anything_but(operand: Any, where: str) -> Matcher:
    if isinstance(operand, Mapping):
        if len(operand) != 1:
            raise InvalidPattern(f"Event pattern is not valid. Reason: Only one key allowed in anything-but at {where}")
        ((operator, inner),) = operand.items()
        if operator not in ("prefix", "suffix", "equals-ignore-case", "wildcard"):
            raise InvalidPattern(
                f"Event pattern is not valid. Reason: Unsupported anything-but pattern {operator} at {where}"
            )
        choices = inner if isinstance(inner, list) else [inner]
        refused = [_OPERATORS[operator](choice, where) for choice in choices]
    else:
        choices = operand if isinstance(operand, list) else [operand]
        if not choices:
            raise InvalidPattern(f"Event pattern is not valid. Reason: anything-but needs a value at {where}")
        refused = [_compile_condition(choice, where) for choice in choices]
    return lambda value, present: present and not any(test(value, True) for test in refused)


_OPERATORS: Mapping[str, Callable[[Any, str], Matcher]] = {
    "anything-but": _anything_but,
    "cidr": _cidr,
    "equals-ignore-case": lambda operand, where: _ignore_case(_text(operand, "equals-ignore-case", where)),
    "exists": _exists,
    "numeric": _numeric,
    "prefix": _string_test("prefix", str.startswith),
    "suffix": _string_test("suffix", str.endswith),
    "wildcard": _wildcard,
}


def _ignore_case(wanted: str) -> Matcher:
    folded = wanted.lower()
    return lambda value, present: isinstance(value, str) and value.lower() == folded
