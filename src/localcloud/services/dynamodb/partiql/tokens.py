"""The tokens of a PartiQL statement, and a reader that goes through them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>'(?:[^']|'')*')
      | (?P<quoted>"(?:[^"]|"")*")
      | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<sign><<|>>|<=|>=|<>|!=|[=<>(){}\[\],.:?*+-])
      | (?P<bad>\S)
    )""",
    re.VERBOSE,
)


class MalformedStatement(ValueError):
    """The statement is none, or is none that DynamoDB knows; the text is the reason."""


@dataclass(frozen=True, slots=True)
class Token:
    """`text` is what stands between quotes, for what has them; `at` is where it begins, from 1 on."""

    kind: str  # "string", "quoted", "number", "word", "sign", "bad" or "end"
    text: str
    at: int


def tokens_of(statement: str) -> tuple[Token, ...]:
    """Its tokens, the end last."""
    found: list[Token] = []
    for match in _TOKEN.finditer(statement):
        kind = match.lastgroup or "bad"
        text = match[kind]
        if kind in ("string", "quoted"):
            quote = text[0]
            text = text[1:-1].replace(quote * 2, quote)
        found.append(Token(kind, text, match.start(kind) + 1))
    return (*found, Token("end", "", len(statement) + 1))


class Reader:
    """Takes tokens one after the other."""

    def __init__(self, statement: str) -> None:
        self._tokens = tokens_of(statement)
        self._position = 0

    @property
    def next(self) -> Token:
        return self._tokens[self._position]

    def peek(self, ahead: int) -> Token:
        """The token so many after the next one."""
        return self._tokens[min(self._position + ahead, len(self._tokens) - 1)]

    def take(self) -> Token:
        token = self.next
        self._position += token.kind != "end"
        return token

    def sees(self, *words: str) -> bool:
        """Whether these words or signs come next."""
        ahead = self._tokens[self._position : self._position + len(words)]
        return len(ahead) == len(words) and all(
            token.kind in ("word", "sign") and token.text.upper() == word
            for token, word in zip(ahead, words, strict=True)
        )

    def skip(self, *words: str) -> bool:
        """Take these words or signs, if they come next."""
        if not self.sees(*words):
            return False
        self._position += len(words)
        return True

    def need(self, *words: str) -> None:
        """Take these words or signs. Raises MalformedStatement when something else comes next."""
        if not self.skip(*words):
            self.fail()

    def name(self) -> str:
        """Take the name of a table, an index or an attribute."""
        if self.next.kind not in ("word", "quoted"):
            self.fail()
        return self.take().text

    def fail(self) -> NoReturn:
        """Raises MalformedStatement about what comes next."""
        raise self.unexpected()

    def unexpected(self) -> MalformedStatement:
        token = self.next
        where = "at the end" if token.kind == "end" else f"at position {token.at}: '{token.text}'"
        return MalformedStatement(f"Statement wasn't well formed, can't be processed: unexpected token {where}")
