"""The queries of GetMetricData and of alarms: what each one must hold, and what their expressions may name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from localcloud.api import ApiError
from localcloud.services.cloudwatch.expressions import WORDS
from localcloud.services.cloudwatch.functions import FUNCTIONS
from localcloud.services.cloudwatch.insights import parse_query
from localcloud.services.cloudwatch.parameters import valid_period
from localcloud.services.cloudwatch.selectors import selector
from localcloud.services.cloudwatch.syntax import (
    Binary,
    Call,
    ExpressionError,
    Listing,
    Name,
    Node,
    Unary,
    parse,
)

INVALID = "ValidationError"
ID = re.compile(r"[a-z][a-zA-Z0-9_]*")
_INSIGHTS = re.compile(r"\s*SELECT\s", re.IGNORECASE)

Query = Mapping[str, Any]


def is_insights(expression: str) -> bool:
    """Whether an expression is a Metrics Insights query."""
    return _INSIGHTS.match(expression) is not None


def check_queries(queries: Sequence[Query], parameter: str) -> None:
    """Look at each query, and at what the expressions name. `parameter` is what the operation calls the list.

    Raises ApiError ValidationError.
    """
    seen: set[str] = set()
    for number, query in enumerate(queries, start=1):
        where = f"{parameter}.member.{number}"
        if not ID.fullmatch(query["Id"]):
            raise ApiError(
                INVALID,
                f"The value {query['Id']} for parameter {where}.Id is not matching the expected pattern "
                "^[a-z][a-zA-Z0-9_]*$.",
            )
        if query["Id"] in seen:
            raise ApiError(INVALID, f"The values for parameter Id must be unique, found {query['Id']} twice.")
        seen.add(query["Id"])
        if (query.get("MetricStat") is None) == (query.get("Expression") is None):
            raise ApiError(
                INVALID, f"The parameter {where} must contain either Expression or MetricStat, and not both."
            )
        if query.get("MetricStat") is not None:
            _check_stat(f"{where}.MetricStat", query["MetricStat"])
    _check_expressions({query["Id"]: query.get("Expression") for query in queries})


def expression_error(query_id: str, reason: object) -> ApiError:
    """The answer to an expression that cannot be read or computed."""
    return ApiError(INVALID, f"Error in expression '{query_id}': {reason}")


def _check_stat(where: str, stat: Mapping[str, Any]) -> None:
    if not valid_period(stat["Period"]):
        raise ApiError(INVALID, f"The parameter {where}.Period must be 1, 5, 10, 30 or a multiple of 60.")
    if selector(stat["Stat"]) is None:
        raise ApiError(INVALID, f"The value {stat['Stat']} for parameter {where}.Stat is not supported.")


def _check_expressions(expressions: Mapping[str, str | None]) -> None:
    """`expressions` by the id of the query; None for a query of a metric."""
    uses: dict[str, list[str]] = {}
    for query_id, text in expressions.items():
        try:
            uses[query_id] = [] if text is None else list(_named(text, expressions))
        except ExpressionError as exc:
            raise expression_error(query_id, exc) from None
    for query_id in uses:
        _check_circle(query_id, uses, ())


def _named(text: str, known: Mapping[str, Any]) -> Iterator[str]:
    """The queries that an expression names. Raises ExpressionError for unknown ids and functions."""
    if is_insights(text):
        parse_query(text)
        return
    for node in _nodes(parse(text)):
        if isinstance(node, Call) and node.function not in FUNCTIONS:
            raise ExpressionError(
                f"Function '{node.function}' is not supported here; supported are {', '.join(sorted(FUNCTIONS))}"
            )
        if not isinstance(node, Name):
            continue
        if node.name in known:
            yield node.name
        elif node.name not in WORDS:
            raise ExpressionError(f"Unknown id '{node.name}'")


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    inner: tuple[Node, ...] = ()
    if isinstance(node, Unary):
        inner = (node.operand,)
    elif isinstance(node, Binary):
        inner = (node.left, node.right)
    elif isinstance(node, Listing):
        inner = node.items
    elif isinstance(node, Call):
        inner = node.arguments
    for each in inner:
        yield from _nodes(each)


def _check_circle(query_id: str, uses: Mapping[str, Sequence[str]], way: tuple[str, ...]) -> None:
    if query_id in way:
        raise expression_error(query_id, f"Circular reference {' -> '.join([*way, query_id])}")
    for used in uses[query_id]:
        _check_circle(used, uses, (*way, query_id))
