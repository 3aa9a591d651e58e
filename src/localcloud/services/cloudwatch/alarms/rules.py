"""The rules of composite alarms: states of other alarms joined by AND, OR and NOT."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from lark import Lark, Token, Tree
from lark.exceptions import LarkError

_GRAMMAR = r"""
?rule: rule "OR"i both -> either
     | both
?both: both "AND"i term -> both
     | term
?term: "NOT"i term -> negated
     | "(" rule ")"
     | "TRUE"i -> true
     | "FALSE"i -> false
     | STATE "(" (QUOTED | NAME) ")" -> state
STATE.2: /(ALARM|OK|INSUFFICIENT_DATA)(?=\s*\()/i
QUOTED: /"[^"]*"|'[^']*'/
NAME: /[^"'()\s][^"'()]*/
%import common.WS
%ignore WS
"""


class InvalidRule(ValueError):
    """The text is no alarm rule."""


class Rule:
    """`Rule(text)` raises InvalidRule; `alarms` are the names or ARNs it looks at, in order."""

    def __init__(self, text: str) -> None:
        self._tree = _parse(text)
        self.alarms = tuple(dict.fromkeys(_name(node.children[1]) for node in self._tree.find_data("state")))

    def holds(self, state_of: Callable[[str], str]) -> bool:
        """Whether the rule is true; `state_of` gives the state of an alarm by name or ARN."""
        return _holds(self._tree, state_of)


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(_GRAMMAR, start="rule", parser="earley", ambiguity="resolve")


def _parse(text: str) -> Tree[Token]:
    try:
        return _parser().parse(text)
    except LarkError as exc:
        raise InvalidRule(str(exc).splitlines()[0]) from None


def _name(token: Any) -> str:
    text = str(token).strip()
    return text[1:-1] if text[0] in "\"'" else text


def _holds(node: Any, state_of: Callable[[str], str]) -> bool:
    kind, children = node.data, node.children
    if kind == "either":
        return _holds(children[0], state_of) or _holds(children[1], state_of)
    if kind == "both":
        return _holds(children[0], state_of) and _holds(children[1], state_of)
    if kind == "negated":
        return not _holds(children[0], state_of)
    if kind == "state":
        return state_of(_name(children[1])) == str(children[0]).upper()
    return bool(kind == "true")
