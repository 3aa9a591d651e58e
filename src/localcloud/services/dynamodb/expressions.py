"""What DynamoDB refuses about expressions and their placeholders, before it looks at any item."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

from localcloud.services.dynamodb.values import refused
from localcloud.stores.dynamodb.grammar import BadExpression, Condition, Test, parse_condition, tokens_of

_CONDITIONS = ("ConditionExpression", "FilterExpression", "KeyConditionExpression")
_EXPRESSIONS = (*_CONDITIONS, "ProjectionExpression", "UpdateExpression")
_NAMES, _VALUES = "ExpressionAttributeNames", "ExpressionAttributeValues"
_PLACEHOLDERS = {_NAMES: re.compile(r"#[A-Za-z0-9_]+"), _VALUES: re.compile(r":[A-Za-z0-9_]+")}
_TYPES = "B,NULL,SS,BOOL,L,BS,N,NS,S,M"
_ORDERED = ("S", "N", "B")  # what can be larger or smaller
_ELEMENT = re.compile(r"\[\d+\]|[#A-Za-z0-9_-]+")
_IN_UPDATES = ("if_not_exists", "list_append")
_RESERVED = frozenset(ReservedKeywords.get_reserved_keywords())
_KEPT = 4_096
_sound: set[tuple[Any, ...]] = set()  # expressions with their names and the types of their values
_Given = Mapping[str, Any]


def check_expressions(params: _Given) -> None:
    """Raises ApiError ValidationException for the first fault of a request's expressions.

    What has been found sound is not looked at again: requests are alike but for their values.
    """
    names, values = params.get(_NAMES), params.get(_VALUES)
    texts = [params.get(member) for member in _EXPRESSIONS]
    key = (
        *texts,
        tuple(names.items()) if names else None,
        tuple([(name, *value) for name, value in values.items()]) if values else None,
    )
    if key in _sound:
        return
    _check_expressions(params)
    if not any(text and ("BETWEEN" in text.upper() or "attribute_type" in text) for text in texts):
        if len(_sound) >= _KEPT:
            _sound.clear()
        _sound.add(key)


def _check_expressions(params: _Given) -> None:
    for member, pattern in _PLACEHOLDERS.items():
        for name in params.get(member) or ():
            if not pattern.fullmatch(name):
                raise refused(f'{member} contains invalid key: Syntax error; key: "{name}"')
    for member in _EXPRESSIONS:
        if params.get(member) is not None:
            try:
                _check(member, params[member], params.get(_NAMES) or {}, params.get(_VALUES) or {})
            except BadExpression as exc:
                raise refused(f"Invalid {member}: {exc}") from None
    check_placeholders(params)


def check_placeholders(params: _Given) -> None:
    """Every name and value that is given must be used in an expression. Raises ApiError ValidationException."""
    for member, pattern in _PLACEHOLDERS.items():
        given = params.get(member)
        if not given:
            continue
        text = " ".join(params[name] for name in _EXPRESSIONS if params.get(name))
        if not text:
            raise refused(f"{member} can only be specified when using expressions")
        used = set(pattern.findall(text))
        unused = [name for name in given if name not in used]
        if unused:
            raise refused(f"Value provided in {member} unused in expressions: keys: {{{', '.join(unused)}}}")


def _check(member: str, text: str, names: _Given, values: _Given) -> None:
    if member not in _CONDITIONS:
        _check_tokens(member, text, names, values)
        return
    condition = parse_condition(text)
    for path in condition.paths:
        _check_path(path, names)
    for value in condition.values:
        _need_value(value, values)
    for test in condition.tests:
        _check_operands(test, values)


def _check_tokens(member: str, text: str, names: _Given, values: _Given) -> None:
    """Placeholders and functions of an update or a projection; its grammar is moto's to check."""
    if not text.strip():
        raise BadExpression("The expression can not be empty;")
    tokens = tokens_of(text)
    if member == "ProjectionExpression":
        _check_overlaps(text, names)
    for token, following in pairwise(tokens):
        if token.kind == "name":
            _check_path((token.text,), names)
        elif token.kind == "value":
            _need_value(token.text, values)
        elif member == "UpdateExpression" and token.kind == "word" and following.text == "(":
            if token.text in ("size", "attribute_exists", "attribute_not_exists", "attribute_type", "begins_with",
                              "contains"):  # fmt: skip
                raise BadExpression(f"The function is not allowed in an update expression; function: {token.text}")
            if token.text not in _IN_UPDATES:
                raise BadExpression(f"Invalid function name; function: {token.text}")


def _check_overlaps(projection: str, names: _Given) -> None:
    """No path of a projection lies within another one."""
    paths = [
        tuple(f"[{one[1:-1]}]" if one.startswith("[") else names.get(one, one) for one in _ELEMENT.findall(path))
        for path in projection.split(",")
    ]
    for place, path in enumerate(paths):
        for other in paths[place + 1 :]:
            shorter = min(len(path), len(other))
            if shorter and path[:shorter] == other[:shorter]:
                raise BadExpression(
                    "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: "
                    f"[{', '.join(path)}], path two: [{', '.join(other)}]"
                )


def _check_path(path: tuple[str, ...], names: _Given) -> None:
    for element in path:
        if element.startswith("#"):
            if element not in names:
                raise BadExpression(
                    f"An expression attribute name used in the document path is not defined; attribute name: {element}"
                )
        elif element.upper() in _RESERVED:
            raise BadExpression(f"Attribute name is a reserved keyword; reserved keyword: {element}")


def _need_value(name: str, values: _Given) -> None:
    if name not in values:
        raise BadExpression(f"An expression attribute value used in expression is not defined; attribute value: {name}")


def _check_operands(test: Test, values: _Given) -> None:
    """The types of values that are given; those of attributes are looked at item by item."""
    kinds = [next(iter(values[one.value]), "") if one.value and not one.size else "" for one in test.operands]
    if test.operator in ("<", "<=", ">", ">=", "BETWEEN"):
        for kind in kinds:
            _need_kind(test.operator, kind, _ORDERED)
    if test.operator == "begins_with":
        _need_kind(test.operator, kinds[1], ("S", "B"))
    if test.operator == "BETWEEN" and kinds[1] and kinds[2]:
        _check_bounds(values[test.operands[1].value], values[test.operands[2].value])
    if test.operator == "attribute_type":
        _need_kind(test.operator, kinds[1], ("S",))
        named = values[test.operands[1].value]["S"] if kinds[1] else None
        if named is not None and named not in _TYPES.split(","):
            raise BadExpression(f"Invalid attribute type name found; type: {named}, valid types: {{{_TYPES}}}")
    first = test.operands[0].plain_path
    if first and test.operator != "IN" and any(one.plain_path == first for one in test.operands[1:]):
        shown = ", ".join(first)
        raise BadExpression(
            "The first operand must be distinct from the remaining operands for this operator or function; operator: "
            f"{test.operator}, first operand: [{shown}]"
        )


def _need_kind(operator: str, kind: str, allowed: tuple[str, ...]) -> None:
    if kind and kind not in allowed:
        raise BadExpression(
            f"Incorrect operand type for operator or function; operator or function: {operator}, operand type: {kind}"
        )


def _check_bounds(low: _Given, high: _Given) -> None:
    ((kind, least),), ((other, most),) = low.items(), high.items()
    bounds = (
        f"lower bound operand: AttributeValue: {{{kind}:{_shown(least)}}}, "
        f"upper bound operand: AttributeValue: {{{other}:{_shown(most)}}}"
    )
    if kind != other:
        raise BadExpression(f"The BETWEEN operator requires same data type for lower and upper bounds; {bounds}")
    if (float(least) > float(most)) if kind == "N" else least > most:
        raise BadExpression(
            f"The BETWEEN operator requires upper bound to be greater than or equal to lower bound; {bounds}"
        )


def _shown(content: Any) -> str:
    return content if isinstance(content, str) else repr(content)


# -- queries ---------------------------------------------------------------------------------------


def check_query(params: _Given, keys: Mapping[str, str]) -> None:
    """A Query against the key schema that it searches: {attribute: type}, the partition key first.

    Raises ApiError ValidationException.
    """
    names, values = params.get(_NAMES) or {}, params.get(_VALUES) or {}
    text = params.get("KeyConditionExpression")
    if text:
        _check_keys(parse_condition(text), keys, names, values)
    if params.get("FilterExpression"):
        for path in parse_condition(params["FilterExpression"]).paths:
            name = names.get(path[0], path[0])
            if name in keys:
                raise refused(
                    f"Filter Expression can only contain non-primary key attributes: Primary key attribute: {name}"
                )


def _check_keys(condition: Condition, keys: Mapping[str, str], names: _Given, values: _Given) -> None:
    for word in ("OR", "NOT"):
        if word in condition.joined:
            raise refused(f"Invalid operator used in KeyConditionExpression: {word}")
    for test in condition.tests:
        if test.operator in ("IN", "contains", "attribute_exists", "attribute_not_exists", "attribute_type", "<>"):
            raise refused(f"Invalid operator used in KeyConditionExpression: {test.operator}")
    tested = [names.get(one.path[0], one.path[0]) for test in condition.tests for one in test.operands if one.path]
    if len(set(tested)) < len(tested):
        raise refused("Invalid KeyConditionExpression: KeyConditionExpressions must only contain one condition per key")
    for name in list(keys)[: len(tested)]:
        if name not in tested and list(keys).index(name) == 0:
            raise refused(f"Query condition missed key schema element: {name}")
    for test in condition.tests:
        key = next((names.get(one.path[0], one.path[0]) for one in test.operands if one.path), "")
        kind = keys.get(key)
        if kind and any(one.value and kind not in values[one.value] for one in test.operands):
            raise refused(
                "One or more parameter values were invalid: Condition parameter type does not match schema type"
            )
