"""Alarms on metric math: which lists of queries PutMetricAlarm takes, and which it refuses."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.localcloud.cloudwatch.conftest import stat

FOUND = stat("m1", "orders", ReturnData=False)
OTHER = stat("m2", "failures", ReturnData=False)


def math(expression, query_id="e1", **more):
    return {"Id": query_id, "Expression": expression, **more}


@pytest.fixture
def put(cloudwatch):
    def alarm(*metrics, **settings):
        cloudwatch.put_metric_alarm(
            AlarmName="late", Metrics=list(metrics), EvaluationPeriods=1, Threshold=5,
            ComparisonOperator="GreaterThanThreshold", **settings,
        )  # fmt: skip

    return alarm


def refusal(call, *arguments, **settings):
    """The message of the ValidationError that a call ends in."""
    with pytest.raises(ClientError) as caught:
        call(*arguments, **settings)
    error = caught.value.response["Error"]
    assert error["Code"] == "ValidationError"
    return error["Message"]


@pytest.mark.parametrize(
    "expression",
    ["m2 / m1 * 100", "SUM(METRICS())", "IF(m1 > 5, m2, 0)", "FILL(m2, REPEAT)",
     "RATE(m1) + AVG(m2)", "TIME_SERIES(1)"],
)  # fmt: skip
def test_an_expression_that_comes_to_one_time_series_is_watched(cloudwatch, put, expression):
    put(FOUND, OTHER, math(expression))
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=["late"])["MetricAlarms"]
    assert [query["Id"] for query in alarm["Metrics"]] == ["m1", "m2", "e1"]


def test_an_expression_may_use_others_in_any_order(put):
    put(math("e2 * 100"), math("m2 / m1", "e2", ReturnData=False), FOUND, OTHER)


def test_a_query_of_metrics_insights_is_watched(put):
    put(math('SELECT MAX(orders) FROM "Shop"', Period=60))


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("m2 / m9", "Unknown id 'm9'"),
        ("FILL(m1, NOTHING)", "Unknown id 'NOTHING'"),
        ("m2 /", "Unexpected token 'end of expression'"),
        ("(m2", "Unexpected token"),
        ("m2 § m1", "Unexpected character"),
        ("MEDIAN(m1)", "Function 'MEDIAN' is not supported"),
        ("FILL(m1)", "Expected 2 argument(s), found 1"),
        ("e1 + m1", "Circular reference e1 -> e1"),
        ("SELECT orders FROM Shop", ""),
        ("AVG(m1)", "An alarm watches one time series"),
        ("5", "An alarm watches one time series"),
        ("METRICS()", "An alarm watches one time series"),
        ("[m1, m2]", "An alarm watches one time series"),
    ],
)
def test_an_expression_that_cannot_be_watched_is_refused_when_the_alarm_is_put(cloudwatch, put, expression, words):
    message = refusal(put, FOUND, OTHER, math(expression))
    assert message.startswith("Error in expression 'e1': ")
    assert words in message
    assert cloudwatch.describe_alarms()["MetricAlarms"] == []


def test_an_expression_that_only_others_use_is_looked_at_too(put):
    message = refusal(put, FOUND, math("m9 * 2", "e2", ReturnData=False), math("m1 + e2"))
    assert message == "Error in expression 'e2': Unknown id 'm9'"
    message = refusal(put, FOUND, math("e2 + m1"), math("e1 * 2", "e2", ReturnData=False))
    assert message == "Error in expression 'e1': Circular reference e1 -> e2 -> e1"


ONE = "Exactly one element of the metrics list should return data."


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        ([stat("m1", "orders"), math("m1 * 2")], ONE),
        ([FOUND, math("m1 * 2", ReturnData=False)], ONE),
        ([FOUND, math("M * 2"), stat("M", "orders", ReturnData=False)], "Invalid metrics list"),
        ([FOUND, math("m1", "5xx")], "Invalid metrics list"),
        ([FOUND, FOUND, math("m1 * 2")], "The values for parameter Id must be unique, found m1 twice."),
        (
            [FOUND, {"Id": "e1"}],
            "The parameter Metrics.member.2 must contain either Expression or MetricStat, and not both.",
        ),
        (
            [stat("m1", "orders", period_s=45, ReturnData=False), math("m1 * 2")],
            "The parameter Metrics.member.1.MetricStat.Period must be 1, 5, 10, 30 or a multiple of 60.",
        ),
        (
            [stat("m1", "orders", "Median", ReturnData=False), math("m1 * 2")],
            "The value Median for parameter Metrics.member.1.MetricStat.Stat is not supported.",
        ),
    ],
)
def test_a_list_that_is_not_sound_is_refused(put, metrics, message):
    assert refusal(put, *metrics) == message


def test_a_list_of_metrics_and_one_metric_are_not_for_the_same_alarm(put):
    metrics = (FOUND, math("m1 * 2"))
    assert refusal(put, *metrics, Statistic="Sum") == "Statistic should not be set if list of Metrics is set."
    assert refusal(put, *metrics, MetricName="orders") == "MetricName should not be set if list of Metrics is set."


def test_an_update_that_is_refused_leaves_the_alarm_as_it_was(cloudwatch, put):
    put(FOUND, math("m1 * 2"))
    refusal(put, FOUND, math("m7 * 2"))
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=["late"])["MetricAlarms"]
    assert alarm["Metrics"][1]["Expression"] == "m1 * 2"


def test_data_is_not_read_either_with_an_unknown_id_in_an_expression_that_returns_none(ask):
    message = refusal(ask, stat("m1", "orders"), math("m9 + 1", ReturnData=False))
    assert message == "Error in expression 'e1': Unknown id 'm9'"
