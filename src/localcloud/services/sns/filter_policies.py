"""Filter policies of subscriptions: what SNS accepts as one, and which messages it lets through.

Source: the SNS developer guide on subscription filter policies and their constraints. The conditions are
those of event patterns, apart from what SNS does not know and from arrays in attributes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from localcloud.services.events.patterns import InvalidPattern, Pattern, compile_pattern
from localcloud.services.sns.messages import Notification

ATTRIBUTES, BODY = "MessageAttributes", "MessageBody"
_OPERATORS = ("anything-but", "cidr", "equals-ignore-case", "exists", "numeric", "prefix", "suffix")
_ANYTHING_BUT = ("prefix", "suffix")
_MOST_KEYS = 5
_MOST_COMBINATIONS = 150
_MOST_BYTES = 256 * 1024
_DIGITS = 5
_LARGEST = 1_000_000_000

FilterPolicy = Callable[[Notification], bool]


class InvalidFilterPolicy(ValueError):
    """SNS does not take the policy. The message says why."""


@lru_cache(maxsize=1_024)
def compile_policy(text: str, scope: str = ATTRIBUTES) -> FilterPolicy:
    """A predicate on messages, from the policy's JSON text. Raises InvalidFilterPolicy."""
    policy = _parsed(text)
    _check(policy, scope)
    try:
        if scope == BODY:
            return _on_body(compile_pattern(policy))
        matches = _on_attributes(policy)
    except InvalidPattern as exc:
        raise InvalidFilterPolicy(str(exc).removeprefix("Event pattern is not valid. Reason: ")) from None
    return lambda notification: matches(_readable(notification))


def _parsed(text: str) -> Mapping[str, Any]:
    if len(text.encode()) > _MOST_BYTES:
        raise InvalidFilterPolicy("Filter policy is too large")
    try:
        policy = _loads(text)
    except ValueError:
        raise InvalidFilterPolicy("failed to parse JSON.") from None
    if not isinstance(policy, dict):
        raise InvalidFilterPolicy("Filter policy must be a JSON object")
    return policy


# -- what SNS accepts --------------------------------------------------------------------------


def _check(policy: Mapping[str, Any], scope: str) -> None:
    if len(policy) > _MOST_KEYS:
        raise InvalidFilterPolicy(f"Filter policy can not have more than {_MOST_KEYS} keys")
    combinations = 1
    for depth, name, conditions in _leaves(policy, scope, 1):
        if not conditions:
            raise InvalidFilterPolicy(f'Empty arrays are not allowed: "{name}"')
        for condition in conditions:
            _check_condition(condition)
        combinations *= len(conditions) * depth
    if combinations > _MOST_COMBINATIONS:
        raise InvalidFilterPolicy("Filter policy is too complex")


def _leaves(policy: Mapping[str, Any], scope: str, depth: int) -> Iterator[tuple[int, str, list[Any]]]:
    """Every list of conditions with its depth and its key."""
    for name, rule in policy.items():
        if _is_or(name, rule):
            for alternative in rule:
                yield from _leaves(alternative, scope, depth)
        elif isinstance(rule, dict):
            if scope != BODY:
                raise InvalidFilterPolicy("Filter policy scope MessageAttributes does not support nested filter policy")
            if not rule:
                raise InvalidFilterPolicy(f'Empty objects are not allowed: "{name}"')
            yield from _leaves(rule, scope, depth + 1)
        elif isinstance(rule, list):
            yield depth, name, rule
        else:
            raise InvalidFilterPolicy(f'"{name}" must be an object or an array')


def _is_or(name: str, rule: Any) -> bool:
    return name == "$or" and isinstance(rule, list) and len(rule) > 1 and all(isinstance(one, dict) for one in rule)


def _check_condition(condition: Any) -> None:
    if isinstance(condition, list):
        raise InvalidFilterPolicy("Match value must be String, number, true, false, or null")
    if isinstance(condition, dict):
        if len(condition) != 1:
            raise InvalidFilterPolicy("Only one key allowed in match expression")
        ((operator, operand),) = condition.items()
        if operator not in _OPERATORS:
            raise InvalidFilterPolicy(f"Unrecognized match type {operator}")
        inner = next(iter(operand), None) if operator == "anything-but" and isinstance(operand, dict) else None
        if inner is not None and inner not in _ANYTHING_BUT:
            raise InvalidFilterPolicy(f"Unsupported anything-but pattern: {inner}")
    if _is_number(condition) and abs(condition) > _LARGEST:
        raise InvalidFilterPolicy(f"Numbers must be between -{_LARGEST} and {_LARGEST}, found {condition}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


# -- what passes -------------------------------------------------------------------------------


def _on_body(matches: Pattern) -> FilterPolicy:
    """The whole message as JSON; one that is no object never passes."""

    def passes(notification: Notification) -> bool:
        try:
            body = _loads(notification.text)
        except ValueError:
            return False
        return isinstance(body, dict) and matches(body)

    return passes


def _on_attributes(policy: Mapping[str, Any]) -> Pattern:
    needed: list[Pattern] = []
    for name, rule in policy.items():
        if _is_or(name, rule):
            needed.append(_any([_on_attributes(alternative) for alternative in rule]))
        else:
            needed.append(_any([_condition(name, condition) for condition in rule]))
    return lambda attributes: all(matches(attributes) for matches in needed)


def _any(choices: list[Pattern]) -> Pattern:
    return lambda attributes: any(matches(attributes) for matches in choices)


def _condition(name: str, condition: Any) -> Pattern:
    matches = compile_pattern({name: [condition]})
    if not (isinstance(condition, dict) and "anything-but" in condition):
        return matches

    def passes(attributes: Mapping[str, Any]) -> bool:
        """An array passes when none of its elements is refused."""
        value = attributes.get(name)
        if isinstance(value, list):
            return bool(value) and all(matches({name: element}) for element in value)
        return matches(attributes)

    return passes


def _readable(notification: Notification) -> dict[str, Any]:
    """Attributes by name. Binary ones are not compared: they are as if they were not there."""
    found: dict[str, Any] = {}
    for name, attribute in notification.described_attributes.items():
        kind = attribute["Type"]
        if kind.startswith("Binary"):
            continue
        found[name] = _value(kind, attribute["Value"])
    return found


def _value(kind: str, text: str) -> Any:
    if not (kind.startswith("Number") or kind == "String.Array"):
        return text
    try:
        return _loads(text)
    except ValueError:
        return text


def _loads(text: str) -> Any:
    """JSON with numbers to five digits after the point, so that they are compared by their value."""
    return json.loads(text, parse_float=_number)


def _number(text: str) -> int | float:
    value = round(float(text), _DIGITS)
    return int(value) if value.is_integer() else value
