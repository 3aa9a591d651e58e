"""Metric math in GetMetricData."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from .conftest import in_minutes, stat


@pytest.fixture
def data(publish_minutes):
    """a has 1, 2, 3 in the minutes 0, 1, 2; b has 10, 30 in 0 and 2; gaps has 4 and 8 in 2 and 5."""
    publish_minutes("a", {0: 1, 1: 2, 2: 3})
    publish_minutes("b", {0: 10, 2: 30})
    publish_minutes("gaps", {2: 4, 5: 8})


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("m1 + 1", {0: 2, 1: 3, 2: 4}),
        ("1 - m1", {0: 0, 1: -1, 2: -2}),
        ("-m1", {0: -1, 1: -2, 2: -3}),
        ("2 * (m1 + 1) - 4 / 2", {0: 2, 1: 4, 2: 6}),
        ("m1 ^ 2 ^ 1", {0: 1, 1: 4, 2: 9}),
        ("m1 + m2", {0: 11, 2: 33}),
        ("1 / (m1 - 2)", {0: -1, 2: 1}),
        ("m1 >= 2", {0: 0, 1: 1, 2: 1}),
        ("m1 > 1 AND m1 < 3", {0: 0, 1: 1, 2: 0}),
        ("m1 == 1 || m1 == 3", {0: 1, 1: 0, 2: 1}),
        ("m1 * SUM(m2)", {0: 40, 1: 80, 2: 120}),
        ("m1 - AVG(m1)", {0: -1, 1: 0, 2: 1}),
        ("m1 * 0 + MIN(m2) + MAX(m2)", {0: 40, 1: 40, 2: 40}),
        ("SUM([m1, m2])", {0: 11, 1: 2, 2: 33}),
        ("SUM(METRICS())", {0: 11, 1: 2, 2: 33}),
        ("MAX(METRICS())", {0: 10, 1: 2, 2: 30}),
        ("AVG(METRICS('m2'))", {0: 10, 2: 30}),
        ("SUM(METRICS() * 2)", {0: 22, 1: 4, 2: 66}),
        ("m1 * METRIC_COUNT(METRICS())", {0: 2, 1: 4, 2: 6}),
        ("ABS(1 - m1)", {0: 0, 1: 1, 2: 2}),
        ("CEIL(m1 / 2)", {0: 1, 1: 1, 2: 2}),
        ("FLOOR(m1 / 2)", {0: 0, 1: 1, 2: 1}),
        ("RATE(m2)", {2: pytest.approx(20 / 120)}),
        ("DIFF(m1)", {1: 1, 2: 1}),
        ("m1 / PERIOD(m1) * 60", {0: 1, 1: 2, 2: 3}),
        ("RUNNING_SUM(m1)", {0: 1, 1: 3, 2: 6}),
        ("IF(m1 > 1, m1, 0)", {0: 0, 1: 2, 2: 3}),
        ("IF(m1 > 1, m1)", {1: 2, 2: 3}),
        ("IF(m1, m2, 0)", {0: 10, 2: 30}),
        ("IF(SUM(m1) > 5, m1, m2)", {0: 1, 1: 2, 2: 3}),
        ("if(m1 == 2, 5, m1)", {0: 1, 1: 5, 2: 3}),
        ("LOG10(m2 * 10)", {0: 2, 2: pytest.approx(2.477121)}),
        ("LOG(m1 - 1)", {1: 0, 2: pytest.approx(0.693147)}),
    ],
)
def test_expressions(compute, data, expression, expected):
    assert compute(expression, m1="a", m2="b") == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("FILL(m1, 0)", {0: 0, 1: 0, 2: 4, 3: 0, 4: 0, 5: 8, 6: 0}),
        ("FILL(m1, REPEAT)", {2: 4, 3: 4, 4: 4, 5: 8, 6: 8}),
        ("FILL(m1, LINEAR)", {2: 4, 3: pytest.approx(16 / 3), 4: pytest.approx(20 / 3), 5: 8}),
        ("FILL(m1, m2)", {0: 1, 1: 2, 2: 4, 5: 8}),
        ("m2 / FILL(m1, 2)", {0: 0.5, 1: 1, 2: 0.75}),
    ],
)
def test_missing_data_points_can_be_filled(compute, data, expression, expected):
    assert compute(expression, minutes=7, m1="gaps", m2="a") == expected


def test_expressions_may_use_expressions_in_any_order(ask, data, start):
    first, second = ask(
        {"Id": "e2", "Expression": "e1 * 2"}, {"Id": "e1", "Expression": "m1 + 1"}, stat("m1", "a", ReturnData=False)
    )
    assert in_minutes(first, start) == {0: 4, 1: 6, 2: 8}
    assert second["Id"] == "e1"


def test_an_array_returns_every_member(ask, data):
    results = ask({"Id": "e1", "Expression": "METRICS() * 2"}, stat("m1", "a", ReturnData=False), stat("m2", "b"))
    assert [(each["Id"], each["Label"], each["Values"]) for each in results] == [
        ("e1", "a", [2, 4, 6]), ("e1", "b", [20, 60]), ("m2", "b", [10, 30]),
    ]  # fmt: skip


def test_members_of_an_array_carry_the_label_of_the_expression(ask, data):
    query = {"Id": "e1", "Expression": "[m1, m2]", "Label": "twice"}
    results = ask(query, stat("m1", "a", ReturnData=False), stat("m2", "b", ReturnData=False))
    assert [each["Label"] for each in results] == ["twice a", "twice b"]


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("m1 +", "Unexpected token 'end of expression'"),
        ("(m1", "Unexpected token"),
        ("m1 m1", "Unexpected token 'm1'"),
        ("m1 § 2", "Unexpected character"),
        ("m7 + 1", "Unknown id 'm7'"),
        ("ANOMALY_DETECTION_BAND(m1)", "Function 'ANOMALY_DETECTION_BAND' is not supported"),
        ("SELECT AVG(orders) FROM Shop", "A Metrics Insights query needs a Period"),
        ("AVG(m1)", "must be a time series"),
        ("METRICS() + METRICS()", "two arrays"),
        ("SUM(1)", "time series"),
        ("FILL(m1)", "Expected 2 argument(s), found 1"),
        ("FILL(m1, NOTHING)", "Unknown id 'NOTHING'"),
        ("m1 + 'text'", "does not work on text"),
        ("e1 + 1", "Circular reference e1 -> e1"),
        ("m1 + m2", "different periods: 60, 300"),
    ],
)
def test_refused_expressions(ask, data, expression, words):
    queries = [stat("m1", "a", ReturnData=False), stat("m2", "b", period_s=300, ReturnData=False)]
    with pytest.raises(ClientError) as caught:
        ask({"Id": "e1", "Expression": expression}, *queries)
    error = caught.value.response["Error"]
    assert error["Code"] == "ValidationError"
    assert error["Message"].startswith("Error in expression 'e1': ")
    assert words in error["Message"]
