"""Filter patterns of CloudWatch Logs: terms, JSON selectors, space-delimited fields.

Source: "Filter pattern syntax for metric filters, subscription filters, filter log events, and Live Tail".
Text is compared case by case; * stands for any characters; %...% is a regular expression.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Protocol

from lark import Lark, Token, Transformer
from lark.exceptions import LarkError

_CONDITIONS = r"""
?either: both ("||" both)*
?both: term ("&&" term)*
?term: "(" either ")"
     | condition
VALUE: /"(\\.|[^"\\])*"|%[^%]+%|[^\s"%&|(),\[\]{}=!<>]+/
OPERATOR: "!=" | ">=" | "<=" | "=" | ">" | "<"
%import common.WS
%ignore WS
"""
_JSON = (
    r"""
start: "{" either "}"
condition: SELECTOR OPERATOR VALUE -> compare
         | SELECTOR "IS"i /NULL|TRUE|FALSE/i -> is_constant
         | SELECTOR "NOT"i "EXISTS"i -> not_exists
SELECTOR: /\$(\.[^\s.\[\]=!<>(){}&|]+|\[\d+\]|\[\*\]|\["[^"]*"\]|\['[^']*'\])+/
"""
    + _CONDITIONS
)
_FIELDS = (
    r"""
start: "[" field ("," field)* "]"
field: either | ELLIPSIS -> ellipsis
condition: NAME OPERATOR VALUE -> compare
         | NAME -> named
ELLIPSIS: "..."
NAME: /[A-Za-z_][\w-]*/
"""
    + _CONDITIONS
)
_TERM = re.compile(r'\s*([?-]?)("(?:\\.|[^"\\])*"|%[^%]+%|[^\s"%]+)')
_WORDS = re.compile(r'"[^"]*"|\[[^\]]*\]|\S+')
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\*)\]|\[[\"']([^\"']*)[\"']\]")
_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}

Fields = Mapping[str, Any]
Predicate = Callable[[Any], bool]


class InvalidPattern(ValueError):
    """The text is no filter pattern."""


class FilterPattern(Protocol):
    """A compiled pattern."""

    def match(self, message: str) -> Fields | None:
        """None where the message does not match; otherwise what "$..." in a metric filter can refer to."""


@lru_cache(maxsize=4_096)
def compile_pattern(text: str) -> FilterPattern:
    """Raises InvalidPattern."""
    stripped = text.strip()
    if stripped.startswith("{"):
        return _JsonPattern(stripped)
    if stripped.startswith("["):
        return _FieldPattern(stripped)
    return _TermPattern(stripped)


def select(document: Any, selector: str) -> Any:
    """The member that "$.a.b[0]" names; None when there is none, a list of matches for [*]."""
    found = document
    for name, index, quoted in _STEP.findall(selector[1:]):
        if index == "*":
            continue  # compared member by member
        if index:
            found = found[int(index)] if isinstance(found, list) and int(index) < len(found) else None
        else:
            found = found.get(name or quoted) if isinstance(found, dict) else None
    return found


# -- terms -------------------------------------------------------------------------------------


class _TermPattern:
    def __init__(self, text: str) -> None:
        self._needed: list[Predicate] = []
        self._optional: list[Predicate] = []
        self._excluded: list[Predicate] = []
        places = {"": self._needed, "?": self._optional, "-": self._excluded}
        position = 0
        while position < len(text):
            match = _TERM.match(text, position)
            if match is None:
                raise InvalidPattern(f"Invalid character(s) in term '{text[position:].strip()}'")
            places[match[1]].append(_contains(match[2]))
            position = match.end()

    def match(self, message: str) -> Fields | None:
        if not all(needed(message) for needed in self._needed) or any(found(message) for found in self._excluded):
            return None
        if self._optional and not self._needed and not any(found(message) for found in self._optional):
            return None
        return {}


def _contains(term: str) -> Predicate:
    if term.startswith("%"):
        return _searching(term)
    wanted = _unquoted(term)
    return lambda message: wanted in message


def _searching(text: str) -> Predicate:
    try:
        expression = re.compile(text[1:-1])
    except re.error as exc:
        raise InvalidPattern(f"Invalid regular expression {text}: {exc}") from None
    return lambda value: expression.search(str(value)) is not None


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text


# -- conditions --------------------------------------------------------------------------------


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _comparing(sign: str, wanted: str) -> Predicate:
    """A test of one value, which is None when it is missing."""
    if sign in _ORDER:
        limit, compare = _number(wanted), _ORDER[sign]
        if limit is None:
            raise InvalidPattern(f"Operator {sign} needs a number, found {wanted}")

        def in_order(value: Any) -> bool:
            number = _number(value)
            return number is not None and compare(number, limit)

        return in_order
    equal = _searching(wanted) if wanted.startswith("%") else _equals(wanted)
    if sign == "=":
        return lambda value: value is not None and equal(value)
    return lambda value: value is not None and not equal(value)


def _equals(wanted: str) -> Predicate:
    text, number = _unquoted(wanted), None if wanted.startswith('"') else _number(wanted)
    expression = re.compile(".*".join(map(re.escape, text.split("*"))), re.DOTALL)

    def equal(value: Any) -> bool:
        if number is not None and _number(value) == number:
            return True
        return isinstance(value, str | int | float) and expression.fullmatch(_text(value)) is not None

    return equal


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


class _JsonConditions(Transformer[Token, Any]):
    """Turns a parse into a predicate over the document."""

    def either(self, parts: list[Predicate]) -> Predicate:
        return lambda document: any(part(document) for part in parts)

    def both(self, parts: list[Predicate]) -> Predicate:
        return lambda document: all(part(document) for part in parts)

    def start(self, parts: list[Predicate]) -> Predicate:
        return parts[0]

    def compare(self, parts: list[Token]) -> Predicate:
        selector, test = str(parts[0]), _comparing(str(parts[1]), str(parts[2]))

        def holds(document: Any) -> bool:
            found = select(document, selector)
            if "[*]" in selector and isinstance(found, list):
                return any(test(member) for member in found)
            return test(found)

        return holds

    def is_constant(self, parts: list[Token]) -> Predicate:
        selector, wanted = str(parts[0]), {"NULL": None, "TRUE": True, "FALSE": False}[str(parts[1]).upper()]
        return lambda document: (
            select(document, selector) is wanted and (wanted is not None or _exists(document, selector))
        )

    def not_exists(self, parts: list[Token]) -> Predicate:
        selector = str(parts[0])
        return lambda document: not _exists(document, selector)


def _exists(document: Any, selector: str) -> bool:
    steps = list(_STEP.finditer(selector[1:]))
    last = steps[-1]
    above = select(document, "$" + selector[1:][: last.start()])
    if last[2]:
        return isinstance(above, list) and (last[2] == "*" or int(last[2]) < len(above))
    return isinstance(above, dict) and (last[1] or last[3]) in above


class _FieldConditions(Transformer[Token, Any]):
    """Turns a parse into (name, predicate over the value) for each field; None is the ellipsis."""

    def start(self, parts: list[Any]) -> list[Any]:
        return parts

    def field(self, parts: list[Any]) -> Any:
        return parts[0]

    def ellipsis(self, parts: list[Token]) -> None:
        return None

    def named(self, parts: list[Token]) -> tuple[str, Predicate]:
        return str(parts[0]), lambda value: True

    def compare(self, parts: list[Token]) -> tuple[str, Predicate]:
        return str(parts[0]), _comparing(str(parts[1]), str(parts[2]))

    def either(self, parts: list[Any]) -> tuple[str, Predicate]:
        return parts[0][0], lambda value: any(test(value) for _, test in parts)

    def both(self, parts: list[Any]) -> tuple[str, Predicate]:
        return parts[0][0], lambda value: all(test(value) for _, test in parts)


@lru_cache(maxsize=2)
def _parser(grammar: str) -> Lark:
    return Lark(grammar, parser="earley", lexer="dynamic")


def _parse(grammar: str, text: str, transformer: Transformer[Token, Any]) -> Any:
    try:
        return transformer.transform(_parser(grammar).parse(text))
    except LarkError as exc:
        cause = exc.__context__ if isinstance(exc.__context__, InvalidPattern) else None
        raise InvalidPattern(str(cause or exc).splitlines()[0]) from None


class _JsonPattern:
    def __init__(self, text: str) -> None:
        self._holds: Predicate = _parse(_JSON, text, _JsonConditions())

    def match(self, message: str) -> Fields | None:
        if not message.lstrip().startswith("{"):
            return None
        try:
            document = json.loads(message)
        except ValueError:
            return None
        return document if self._holds(document) else None


class _FieldPattern:
    def __init__(self, text: str) -> None:
        fields: list[tuple[str, Predicate] | None] = _parse(_FIELDS, text, _FieldConditions())
        if fields.count(None) > 1:
            raise InvalidPattern("A space-delimited pattern may have one ellipsis")
        self._open = None in fields
        split = fields.index(None) if self._open else len(fields)
        self._head = [field for field in fields[:split] if field is not None]
        self._tail = [field for field in fields[split + 1 :] if field is not None]

    def match(self, message: str) -> Fields | None:
        words = [word[1:-1] if word[0] in '"[' else word for word in _WORDS.findall(message)]
        named = len(self._head) + len(self._tail)
        if len(words) < named or (len(words) > named and not self._open):
            return None
        values = words[: len(self._head)] + (words[-len(self._tail) :] if self._tail else [])
        found: dict[str, str] = {}
        for (name, test), value in zip([*self._head, *self._tail], values, strict=True):
            if not test(value):
                return None
            found[name] = value
        return found
