"""A waterfall shows where the time of one request went."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

from localcloud.spans import Span
from patisserie.figures import waterfall


def span(number, parent, name, start_ms, end_ms, service="lambda", **attrs):
    return Span(number, parent, 1, name, service, "orders", start_ms * 1_000, end_ms * 1_000, "ok", attrs)


SPANS = (
    span(1, None, "POST /orders", 0, 1_000, "apigateway"),
    span(2, 1, "Invocation", 10, 990, cold=True, init_ms=200.0),
    span(3, 2, "PutItem", 20, 25, "dynamodb"),
    span(4, 2, "wait", 100, 900, "sqs"),
)


def test_rows_are_in_order_and_name_length_and_cold_start():
    figure = waterfall(SPANS, "One order")
    assert [row[0].split()[0] for row in figure.rows] == ["apigateway", "lambda", "sqs"]
    assert figure.rows[1][3] == "cold start 0.20 s"
    assert "1 shorter step is not shown" in figure.svg


def test_the_words_name_what_took_the_longest_by_itself():
    assert "The longest step of its own is sqs wait orders: 80% of the time." in waterfall(SPANS, "One order").alt


def test_the_drawing_is_valid_the_same_every_time_and_never_too_long():
    many = tuple(span(n, None, f"<{n}>", n, n + 50) for n in range(1, 400))
    figure = waterfall(many, "Many & more")
    assert figure.svg == waterfall(many, "Many & more").svg
    ElementTree.fromstring(figure.svg)
    assert len(figure.rows) == 28


def test_nothing_to_show_is_said():
    figure = waterfall((), "Empty")
    assert "no spans" in figure.alt
    ElementTree.fromstring(figure.svg)
