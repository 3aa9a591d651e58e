"""The query language: text to a tree of commands.

Source: "CloudWatch Logs Insights language query syntax" in the CloudWatch Logs user guide.
"""

from __future__ import annotations

from functools import lru_cache

from lark import Lark, Token, Tree
from lark.exceptions import LarkError, UnexpectedCharacters, UnexpectedInput

_GRAMMAR = r"""
start: [source "|"] command ("|" command)*
source: _SOURCE NAME "(" [option ("," option)*] ")"
option: NAME ":" (STRING | "[" [STRING ("," STRING)*] "]")
?command: _FIELDS projections -> fields
        | _UNMASK projections -> fields
        | _DISPLAY projections -> display
        | (_FILTER | _FILTER_INDEX) either -> filter
        | _UNNEST sum [_INTO NAME] -> unnest
        | _STATS projections [_BY projections] -> stats
        | _SORT order ("," order)* -> sort
        | (_LIMIT | _HEAD) NUMBER -> limit
        | _DEDUP either ("," either)* -> dedup
        | _PATTERN sum -> pattern
        | _PARSE [atom] (STRING | REGEX) [_AS names] -> parse
projections: projection ("," projection)*
projection: either [_AS NAME]
names: NAME ("," NAME)*
order: either [DIRECTION]
?either: both | either _OR both -> or_
?both: negation | both _AND negation -> and_
?negation: comparison | _NOT negation -> not_
?comparison: sum
           | sum COMPARE sum -> compare
           | sum (_LIKE | _MATCHES) (STRING | REGEX) -> like
           | sum _NOT _LIKE (STRING | REGEX) -> not_like
           | sum _IN list -> in_
           | sum _NOT _IN list -> not_in
list: "[" either ("," either)* "]"
?sum: product | sum (PLUS | MINUS) product -> arithmetic
?product: power | product (STAR | SLASH | PERCENT) power -> arithmetic
?power: atom | atom CARET power -> arithmetic
?atom: NUMBER -> number
     | DURATION -> duration
     | STRING -> string
     | NAME -> field
     | QUOTED -> quoted_field
     | NAME "(" [arguments] ")" -> call
     | MINUS atom -> negative
     | "(" either ")"
arguments: (STAR | either) ("," either)*

_FIELDS.3: /fields\b/i
_DISPLAY.3: /display\b/i
_UNMASK.3: /unmask\b/i
_UNNEST.3: /unnest\b/i
_INTO.3: /into\b/i
_FILTER.3: /filter\b/i
_FILTER_INDEX.4: /filterindex\b/i
_STATS.3: /stats\b/i
_SORT.3: /sort\b/i
_LIMIT.3: /limit\b/i
_HEAD.3: /head\b/i
_DEDUP.3: /dedup\b/i
_PARSE.3: /parse\b/i
_PATTERN.3: /pattern\b/i
_SOURCE.3: /source\b/i
_BY.3: /by\b/i
_AS.3: /as\b/i
_AND.3: /and\b/i
_OR.3: /or\b/i
_NOT.3: /not\b/i
_LIKE.3: /like\b/i
_MATCHES.3: "=~"
_IN.3: /in\b/i
DIRECTION.3: /(asc|desc)\b/i
COMPARE: "!=" | ">=" | "<=" | "=" | ">" | "<"
DURATION.2: /\d+(ms|s|m|h|d|w|mo|q|y)\b/
NUMBER.1: /\d+(\.\d+)?/
STRING: /"(\\.|[^"\\])*"|'(\\.|[^'\\])*'/
REGEX.1: /\/(\\.|[^\/\\])+\//
QUOTED: /`[^`]+`/
NAME: /[@A-Za-z_][\w@]*(\.\w+)*/
PLUS: "+"
MINUS: "-"
STAR: "*"
SLASH: "/"
PERCENT: "%"
CARET: "^"
COMMENT: /#[^\n]*/
%import common.WS
%ignore WS
%ignore COMMENT
"""


class Malformed(ValueError):
    """The query cannot be understood; `start` and `end` are where, in characters."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.start = start
        self.end = end


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", propagate_positions=True, maybe_placeholders=True)


@lru_cache(maxsize=256)
def parse(query: str) -> Tree[Token]:
    """The commands of a query. Raises Malformed."""
    try:
        return _parser().parse(query)
    except UnexpectedInput as exc:
        start = exc.pos_in_stream if exc.pos_in_stream is not None and exc.pos_in_stream >= 0 else len(query)
        token = getattr(exc, "token", None)
        found = query[start : start + 1] if isinstance(exc, UnexpectedCharacters) else str(token or "")
        end = min(len(query), start + max(1, len(found)))
        raise Malformed(f"unexpected symbol found {found or '<EOF>'} at position {start}", start, end) from None
    except LarkError as exc:
        raise Malformed(str(exc).splitlines()[0], 0, len(query)) from None
