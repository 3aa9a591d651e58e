"""Runs a parsed query over records."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lark import Token, Tree

from localcloud.services.log_insights.functions import AGGREGATE, SCALAR, Period, floor, number, shown
from localcloud.services.log_insights.language import Malformed, parse
from localcloud.services.log_insights.patterns import COUNT, PATTERN, RATIO, SEVERITY, patterns
from localcloud.services.log_insights.records import Record

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
_DEFAULT_FIELDS = ("@timestamp", "@message")


@dataclass(slots=True)
class _State:
    """Where a query is: its rows, and the columns that it shows."""

    rows: list[Record]
    columns: list[str] = field(default_factory=list)
    grouped: bool = False
    sorted: bool = False
    limit: int | None = None


class Query:
    """`now_s` is what its function now() gives, in Unix seconds. Raises Malformed."""

    def __init__(self, text: str, now_s: int = 0) -> None:
        self._text = text
        self._now_s = now_s
        source, *self._commands = parse(text).children
        self.source = None if source is None else _source(source)
        for command in self._commands:
            assert isinstance(command, Tree)
            self._check(command, aggregates=command.data == "stats")

    def run(self, records: Iterable[Record], default_limit: int, most: int) -> tuple[list[list[dict[str, str]]], int]:
        """The results as GetQueryResults gives them, and how many records matched."""
        state = _State(list(records))
        for record in state.rows:
            record["@now"] = self._now_s
        for command in self._commands:
            assert isinstance(command, Tree)
            getattr(self, f"_{command.data}")(state, command.children)
        matched = len(state.rows)
        if not state.sorted and not state.grouped:
            state.rows.sort(key=lambda row: (row["@timestamp"], int(row["@ptr"])), reverse=True)
        limit = min(state.limit if state.limit is not None else default_limit, most)
        columns = state.columns or list(_DEFAULT_FIELDS)
        if not state.grouped:
            columns = [*columns, "@ptr"]
        results = []
        for row in state.rows[:limit]:
            found = ((name, row[name]) for name in dict.fromkeys(columns))
            results.append([{"field": name, "value": shown(value)} for name, value in found if value is not None])
        return results, matched

    # -- checks ------------------------------------------------------------------------------

    def _check(self, node: Tree[Token], aggregates: bool) -> None:
        for call in node.find_data("call"):
            name = str(call.children[0]).lower()
            if name in ("bin", "now") or name in SCALAR or (aggregates and name in AGGREGATE):
                continue
            start, end = call.meta.start_pos, call.meta.end_pos
            problem = "is not allowed here" if name in AGGREGATE else "is not a known function"
            raise Malformed(f"{call.children[0]} {problem}", start, end)
        for token in node.scan_values(lambda value: isinstance(value, Token) and value.type == "REGEX"):
            try:
                _regex(token)
            except re.error as exc:
                raise Malformed(
                    f"invalid regular expression: {exc}", token.start_pos or 0, token.end_pos or 0
                ) from None

    # -- commands ----------------------------------------------------------------------------

    def _label(self, projection: Tree[Token]) -> str:
        expression, name = projection.children
        if name is not None:
            return str(name)
        if isinstance(expression, Tree) and expression.data == "quoted_field":
            return str(expression.children[0])[1:-1]
        assert isinstance(expression, Tree)
        return self._text[expression.meta.start_pos : expression.meta.end_pos]

    def _project(self, state: _State, projections: Tree[Token]) -> list[str]:
        labels = []
        for projection in projections.children:
            assert isinstance(projection, Tree)
            label, expression = self._label(projection), projection.children[0]
            labels.append(label)
            if isinstance(expression, Tree) and expression.data == "field" and label == str(expression.children[0]):
                continue
            for row in state.rows:
                row[label] = evaluate(expression, row)
        return labels

    def _fields(self, state: _State, children: list[Any]) -> None:
        state.columns += self._project(state, children[0])

    def _display(self, state: _State, children: list[Any]) -> None:
        state.columns = self._project(state, children[0])

    def _filter(self, state: _State, children: list[Any]) -> None:
        state.rows = [row for row in state.rows if truth(evaluate(children[0], row))]

    def _limit(self, state: _State, children: list[Any]) -> None:
        state.limit = int(float(children[0]))

    def _sort(self, state: _State, children: list[Any]) -> None:
        for order in reversed(children):
            expression, direction = order.children
            state.rows.sort(
                key=lambda row, expression=expression: _sort_key(evaluate(expression, row)),  # type: ignore[misc]
                reverse=direction is None or str(direction).lower() == "desc",
            )
        state.sorted = True

    def _dedup(self, state: _State, children: list[Any]) -> None:
        """The first of each; the latest, unless the query sorted otherwise."""
        if not state.sorted and not state.grouped:
            state.rows.sort(key=lambda row: (row["@timestamp"], int(row["@ptr"])), reverse=True)
            state.sorted = True
        first: dict[tuple[Any, ...], Record] = {}
        for row in state.rows:
            first.setdefault(tuple(evaluate(expression, row) for expression in children), row)
        state.rows = list(first.values())

    def _parse(self, state: _State, children: list[Any]) -> None:
        source, pattern, names = children
        wanted = [] if names is None else [str(name) for name in names.children]
        if pattern.type == "REGEX":
            expression = _regex(pattern)
            wanted = wanted or list(expression.groupindex)
        else:
            text = _unquoted(pattern)
            expression = re.compile("(.*?)".join(map(re.escape, text.split("*"))) + ("$" if text.endswith("*") else ""))
        for row in state.rows:
            value = row["@message"] if source is None else evaluate(source, row)
            match = None if value is None else expression.search(shown(value))
            if match is not None:
                row.update(zip(wanted, match.groups(), strict=False))
        state.columns += [] if state.columns else [*_DEFAULT_FIELDS, *wanted]

    def _pattern(self, state: _State, children: list[Any]) -> None:
        values = (evaluate(children[0], row) for row in state.rows)
        state.rows = patterns(shown(value) for value in values if value is not None)
        for row in state.rows:
            row["@now"] = self._now_s
        state.columns, state.grouped, state.sorted = [PATTERN, RATIO, COUNT, SEVERITY], True, True

    def _unnest(self, state: _State, children: list[Any]) -> None:
        """One row for each element of a list; rows without a list stay as they are, and have no element."""
        expression, name = children
        label = str(name) if name is not None else self._text[expression.meta.start_pos : expression.meta.end_pos]
        rows = []
        for row in state.rows:
            found = evaluate(expression, row)
            for element in found if isinstance(found, list) else [None]:
                copy = Record(row)
                copy[label] = element
                rows.append(copy)
        state.rows = rows
        if state.columns and label not in state.columns:
            state.columns.append(label)

    def _stats(self, state: _State, children: list[Any]) -> None:
        projections, by = children
        if not state.grouped:  # the first of a field is that of the earliest event
            state.rows.sort(key=lambda row: (row["@timestamp"], int(row["@ptr"])))
        keys = [] if by is None else list(by.children)
        groups: dict[tuple[Any, ...], list[Record]] = {}
        for row in state.rows:
            groups.setdefault(tuple(evaluate(key.children[0], row) for key in keys), []).append(row)
        if not keys and not groups:
            groups[()] = []
        rows = []
        for values, members in groups.items():
            row = Record({"@message": "", "@now": self._now_s})
            row.update(zip(map(self._label, keys), values, strict=True))
            for projection in projections.children:
                row[self._label(projection)] = aggregate(projection.children[0], members)
            rows.append(row)
        rows.sort(key=lambda row: [_sort_key(row[self._label(key)]) for key in keys])
        state.rows, state.grouped, state.sorted = rows, True, False
        state.columns = [self._label(each) for each in [*keys, *projections.children]]


_OPTIONS = {"nameprefix": "prefixes", "class": "classes", "loggroupclass": "classes", "accountidentifiers": "accounts",
            "accountidentifier": "accounts"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """The log groups that a SOURCE command names; by default all of the Standard class."""

    prefixes: tuple[str, ...] = ()
    classes: tuple[str, ...] = ("STANDARD",)
    accounts: tuple[str, ...] = ()


def _source(node: Any) -> Source:
    """Raises Malformed."""
    name, *options = node.children
    if str(name).lower() != "loggroups":
        raise Malformed(f"{name} is not a known source", name.start_pos or 0, name.end_pos or 0)
    chosen: dict[str, tuple[str, ...]] = {}
    for option in (found for found in options if found is not None):
        keyword, *values = option.children
        member = _OPTIONS.get(str(keyword).lower())
        if member is None:
            problem = f"{keyword} is not a known keyword of SOURCE"
            raise Malformed(problem, keyword.start_pos or 0, keyword.end_pos or 0)
        given = tuple(_unquoted(value) for value in values if value is not None)
        chosen[member] = tuple(value.upper() for value in given) if member == "classes" else given
    return Source(**chosen)


# -- expressions -------------------------------------------------------------------------------


def truth(value: Any) -> bool:
    """Whether a filter keeps an event with this value."""
    return bool(value) and value != "false"


def _sort_key(value: Any) -> tuple[int, float, str]:
    """Missing values first, then numbers, then text."""
    if value is None:
        return 0, 0.0, ""
    found = number(value)
    return (1, found, "") if found is not None else (2, 0.0, str(value))


def _unquoted(token: Any) -> str:
    return re.sub(r"\\([\"'\\])", r"\1", str(token)[1:-1])


def _regex(token: Any) -> re.Pattern[str]:
    return re.compile(re.sub(r"\(\?<(?=[A-Za-z_])", "(?P<", str(token)[1:-1].replace("\\/", "/")))


def _period(token: Any) -> Period:
    match = re.fullmatch(r"(\d+)([a-z]+)", str(token))
    assert match is not None
    return Period(int(match[1]), match[2])


def _compared(sign: str, left: Any, right: Any) -> int:
    if left is None or right is None:
        return 0
    numbers = number(left), number(right)
    if None not in numbers:
        return int(_COMPARE[sign](*numbers))
    return int(_COMPARE[sign](shown(left), shown(right)))


def _arithmetic(sign: str, left: Any, right: Any) -> float | None:
    first, second = number(left), number(right)
    if first is None or second is None or (sign in "/%" and not second):
        return None
    operations: Mapping[str, Callable[[float, float], Any]] = {
        "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "%": operator.mod,
        "^": operator.pow,
    }  # fmt: skip
    return float(operations[sign](first, second))


def _like(value: Any, pattern: Token) -> int:
    if value is None:
        return 0
    text = shown(value)
    return int(_regex(pattern).search(text) is not None if pattern.type == "REGEX" else _unquoted(pattern) in text)


def evaluate(node: Any, row: Record) -> Any:
    """The value of an expression for one event; None where a field is missing."""
    return _evaluate(node, row, lambda name, arguments: _scalar(name, [evaluate(each, row) for each in arguments], row))


def aggregate(node: Any, rows: list[Record]) -> Any:
    """The value of an expression over a group of events."""

    any_row = rows[0] if rows else Record({"@message": ""})

    def call(name: str, arguments: list[Any]) -> Any:
        if name not in AGGREGATE:
            return _scalar(name, [aggregate(each, rows) for each in arguments], any_row)
        first, rest = (arguments[0] if arguments else Token("STAR", "*")), arguments[1:]
        values = [1 if isinstance(first, Token) else evaluate(first, row) for row in rows]
        return AGGREGATE[name](values, *(evaluate(each, Record({"@message": ""})) for each in rest))

    return _evaluate(node, any_row, call)


def _scalar(name: str, arguments: list[Any], row: Record) -> Any:
    if name == "now":
        return row["@now"]
    if name == "bin":
        return floor(row["@timestamp"], arguments[-1])
    return SCALAR[name](*arguments)


def _evaluate(node: Any, row: Record, call: Callable[[str, list[Any]], Any]) -> Any:
    kind, children = node.data, node.children

    def value(index: int) -> Any:
        return _evaluate(children[index], row, call)

    if kind == "field":
        return row[str(children[0])]
    if kind == "quoted_field":
        return row[str(children[0])[1:-1]]
    if kind == "number":
        return float(children[0])
    if kind == "string":
        return _unquoted(children[0])
    if kind == "duration":
        return _period(children[0])
    if kind == "call":
        return call(str(children[0]).lower(), [] if children[1] is None else children[1].children)
    if kind == "compare":
        return _compared(str(children[1]), value(0), value(2))
    if kind == "arithmetic":
        return _arithmetic(str(children[1]), value(0), value(2))
    if kind == "negative":
        return _arithmetic("-", 0.0, value(1))
    if kind == "and_":
        return int(truth(value(0)) and truth(value(1)))
    if kind == "or_":
        return int(truth(value(0)) or truth(value(1)))
    if kind == "not_":
        return int(not truth(value(0)))
    if kind in ("like", "not_like"):
        return int(_like(value(0), children[1]) == (kind == "like"))
    found = any(_compared("=", value(0), _evaluate(member, row, call)) for member in children[1].children)
    return int(found == (kind == "in_"))
