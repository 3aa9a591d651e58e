"""Conditions of DynamoDB, parsed to find what is wrong with them before anybody carries them out.

Covers ConditionExpression, FilterExpression and KeyConditionExpression. Source: the developer guide's reference of
condition expressions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NoReturn

_TOKEN = re.compile(
    r"\s*(?:(<>|<=|>=|[=<>(),.\[\]])|(:[A-Za-z0-9_]+)|(#[A-Za-z0-9_]+)|([A-Za-z_][A-Za-z0-9_]*)|(\d+)|(\S))"
)
_COMPARED = ("=", "<>", "<", "<=", ">", ">=")
_ARITY = {"attribute_exists": 1, "attribute_not_exists": 1, "attribute_type": 2, "begins_with": 2, "contains": 2,
          "size": 1}  # fmt: skip
_EOF = "<EOF>"


class BadExpression(ValueError):
    """What is wrong, in DynamoDB's words."""


@dataclass(frozen=True, slots=True)
class Token:
    text: str
    kind: str  # "sign", "value", "name", "word", "number", "bad" or "end"
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Operand:
    """A path by its elements as they are written, the name of a value, or size(path)."""

    path: tuple[str, ...] = ()
    value: str = ""
    size: bool = False

    @property
    def plain_path(self) -> tuple[str, ...]:
        return () if self.size else self.path


@dataclass(frozen=True, slots=True)
class Test:
    """One comparison or function: "=", "BETWEEN", "IN", "begins_with" and so on, with its operands in order."""

    operator: str
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Joined:
    """Parts joined by AND or OR, or one part after NOT."""

    word: str
    parts: tuple[Node, ...]


Node = Test | Joined


@dataclass(frozen=True, slots=True)
class Condition:
    """A whole condition, and what it is made of: all its tests, and the words that join them."""

    root: Node
    tests: tuple[Test, ...]
    joined: frozenset[str]

    @property
    def paths(self) -> list[tuple[str, ...]]:
        return [operand.path for test in self.tests for operand in test.operands if operand.path]

    @property
    def values(self) -> list[str]:
        return [operand.value for test in self.tests for operand in test.operands if operand.value]


@lru_cache(maxsize=2_048)
def tokens_of(text: str) -> tuple[Token, ...]:
    """Its tokens, the end last."""
    kinds = ("sign", "value", "name", "word", "number", "bad")
    found = []
    for match in _TOKEN.finditer(text):
        kind = kinds[match.lastindex - 1] if match.lastindex else "bad"
        found.append(Token(match.group(match.lastindex or 0), kind, match.start(match.lastindex or 0), match.end()))
    return (*found, Token(_EOF, "end", len(text), len(text)))


@lru_cache(maxsize=2_048)
def parse_condition(text: str) -> Condition:
    """Raises BadExpression."""
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens_of(text)
        self._at = 0
        self._tests: list[Test] = []
        self._joined: set[str] = set()

    def parse(self) -> Condition:
        if len(self._tokens) == 1:
            raise BadExpression("The expression can not be empty;")
        root = self._either()
        if self._next.kind != "end":
            self._fail()
        return Condition(root, tuple(self._tests), frozenset(self._joined))

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._next
        self._at += token.kind != "end"
        return token

    def _is(self, text: str) -> bool:
        token = self._next
        return token.kind in ("sign", "word") and token.text.upper() == text

    def _skip(self, text: str) -> bool:
        if not self._is(text):
            return False
        self._take()
        return True

    def _need(self, text: str) -> None:
        if not self._skip(text):
            self._fail()

    def _fail(self) -> NoReturn:
        raise self._misplaced()

    def _misplaced(self) -> BadExpression:
        """The token that does not belong, with its neighbours."""
        at = self._at
        first = self._tokens[max(at - 1, 0)]
        last = self._tokens[min(at + 1, len(self._tokens) - 1)]
        near = self._text[first.start : last.end].strip()
        return BadExpression(f'Syntax error; token: "{self._next.text}", near: "{near}"')

    def _either(self) -> Node:
        parts = [self._both()]
        while self._skip("OR"):
            parts.append(self._both())
        return self._join("OR", parts)

    def _both(self) -> Node:
        parts = [self._maybe_not()]
        while self._skip("AND"):
            parts.append(self._maybe_not())
        return self._join("AND", parts)

    def _join(self, word: str, parts: list[Node]) -> Node:
        if len(parts) == 1:
            return parts[0]
        self._joined.add(word)
        return Joined(word, tuple(parts))

    def _maybe_not(self) -> Node:
        if self._skip("NOT"):
            self._joined.add("NOT")
            return Joined("NOT", (self._maybe_not(),))
        if self._is("(") and not self._is_operand_in_parentheses():
            self._take()
            inner = self._either()
            self._need(")")
            return inner
        test = self._test()
        self._tests.append(test)
        return test

    def _is_operand_in_parentheses(self) -> bool:
        start = self._at
        try:
            self._operand()
            return not (self._is(")") or self._next.kind == "end" or self._is("AND") or self._is("OR"))
        except BadExpression:
            return False
        finally:
            self._at = start

    def _test(self) -> Test:
        if self._next.kind == "word" and self._tokens[self._at + 1].text == "(" and self._next.text != "size":
            return self._function()
        left = self._operand()
        if self._next.text in _COMPARED:
            operator = self._take().text
            return Test(operator, (left, self._operand()))
        if self._skip("BETWEEN"):
            low = self._operand()
            self._need("AND")
            return Test("BETWEEN", (left, low, self._operand()))
        if self._skip("IN"):
            self._need("(")
            among = [self._operand()]
            while self._skip(","):
                among.append(self._operand())
            self._need(")")
            return Test("IN", (left, *among))
        if left.size:
            raise BadExpression("The function is not allowed to be used this way in an expression; function: size")
        raise self._misplaced()

    def _function(self) -> Test:
        name = self._take().text
        self._need("(")
        operands = [self._operand()]
        while self._skip(","):
            operands.append(self._operand())
        self._need(")")
        if name not in _ARITY:
            raise BadExpression(f"Invalid function name; function: {name}")
        if len(operands) != _ARITY[name]:
            raise BadExpression(
                "Incorrect number of operands for operator or function; operator or function: "
                f"{name}, number of operands: {len(operands)}"
            )
        if name in ("attribute_exists", "attribute_not_exists") and not operands[0].plain_path:
            raise BadExpression(f"Operator or function requires a document path; operator or function: {name}")
        return Test(name, tuple(operands))

    def _operand(self) -> Operand:
        if self._skip("("):
            inner = self._operand()
            self._need(")")
            return inner
        token = self._next
        if token.kind == "value":
            self._take()
            return Operand(value=token.text)
        if token.kind == "word" and self._tokens[self._at + 1].text == "(":
            function = self._function()
            if function.operator != "size":
                raise BadExpression(
                    "The function is not allowed to be used this way in an expression; function: " + function.operator
                )
            return Operand(function.operands[0].path, function.operands[0].value, size=True)
        return Operand(self._path())

    def _path(self) -> tuple[str, ...]:
        if self._next.kind not in ("word", "name") or self._next.text.upper() in ("AND", "OR", "NOT", "BETWEEN", "IN"):
            self._fail()
        elements = [self._take().text]
        while True:
            if self._skip("."):
                if self._next.kind not in ("word", "name"):
                    self._fail()
                elements.append(self._take().text)
            elif self._skip("["):
                if self._next.kind != "number":
                    self._fail()
                elements.append(f"[{self._take().text}]")
                self._need("]")
            else:
                return tuple(elements)
