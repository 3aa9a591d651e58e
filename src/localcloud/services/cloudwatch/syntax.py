"""The grammar of metric math: text to a tree."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache


class ExpressionError(Exception):
    """The expression cannot be read or computed; the text says why."""


@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class Text:
    value: str


@dataclass(frozen=True, slots=True)
class Name:
    """The id of another query, or a keyword such as REPEAT."""

    name: str


@dataclass(frozen=True, slots=True)
class Listing:
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Unary:
    operator: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Binary:
    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple[Node, ...]


Node = Number | Text | Name | Listing | Unary | Binary | Call

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<text>"[^"]*"|'[^']*')
  | (?P<sign>==|!=|<=|>=|&&|\|\||[-+*/^<>(),\[\]])
    )""",
    re.VERBOSE,
)
# From what binds least to what binds most.
_LEVELS: tuple[frozenset[str], ...] = (
    frozenset({"||"}),
    frozenset({"&&"}),
    frozenset({"==", "!=", "<", ">", "<=", ">="}),
    frozenset({"+", "-"}),
    frozenset({"*", "/"}),
)
_WORDS = {"OR": "||", "AND": "&&"}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


@lru_cache(maxsize=256)  # alarms ask for the same ones again and again
def parse(expression: str) -> Node:
    """The tree of an expression. Raises ExpressionError."""
    return _Parser(_tokens(expression)).whole()


def _tokens(expression: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    text = expression.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ExpressionError(f"Unexpected character '{text[position:].lstrip()[0]}' in '{expression}'")
        kind = str(match.lastgroup)
        found = match[kind]
        if kind == "name" and found.upper() in _WORDS:
            kind, found = "sign", _WORDS[found.upper()]
        tokens.append(_Token(kind, found))
        position = match.end()
    return tokens


class _Parser:
    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = [*tokens, _Token("end", "end of expression")]
        self._next = 0

    def whole(self) -> Node:
        node = self._binary(0)
        if self._peek().kind != "end":
            raise self._unexpected()
        return node

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._tokens[self._next]
        self._next += 1
        return token

    def _accept(self, sign: str) -> bool:
        token = self._peek()
        if token.kind == "sign" and token.text == sign:
            self._next += 1
            return True
        return False

    def _unexpected(self) -> ExpressionError:
        return ExpressionError(f"Unexpected token '{self._peek().text}'")

    def _binary(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._signed()
        left = self._binary(level + 1)
        while self._peek().kind == "sign" and self._peek().text in _LEVELS[level]:
            operator = self._take().text
            left = Binary(operator, left, self._binary(level + 1))
        return left

    def _signed(self) -> Node:
        if self._accept("-"):
            return Unary("-", self._signed())
        return self._power()

    def _power(self) -> Node:
        base = self._atom()
        return Binary("^", base, self._signed()) if self._accept("^") else base

    def _atom(self) -> Node:
        token = self._peek()
        if token.kind == "end":
            raise self._unexpected()
        self._take()
        if token.kind == "number":
            return Number(float(token.text))
        if token.kind == "text":
            return Text(token.text[1:-1])
        if token.kind == "name":
            return Call(token.text.upper(), self._until(")")) if self._accept("(") else Name(token.text)
        if token.text == "(":
            node = self._binary(0)
            if not self._accept(")"):
                raise self._unexpected()
            return node
        if token.text == "[":
            return Listing(self._until("]"))
        self._next -= 1
        raise self._unexpected()

    def _until(self, closing: str) -> tuple[Node, ...]:
        items: list[Node] = []
        if self._accept(closing):
            return ()
        while True:
            items.append(self._binary(0))
            if self._accept(closing):
                return tuple(items)
            if not self._accept(","):
                raise self._unexpected()
