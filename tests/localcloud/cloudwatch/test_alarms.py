"""Alarms watch metrics in virtual time and act when their state changes."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from localcloud.services.cloudwatch.alarms.evaluation import Criterion, next_state
from localcloud.services.cloudwatch.alarms.rules import InvalidRule, Rule

ROW = {"-": None, "0": 0.0, "X": 2.0}
A, OK, NO, KEEP = "ALARM", "OK", "INSUFFICIENT_DATA", "the state before"


def documented(pattern, needed, treatment):
    found = [ROW[sign] for sign in pattern]
    return next_state(KEEP, found, Criterion("GreaterThanThreshold", 1, 3, needed, treatment))


@pytest.mark.parametrize(
    ("pattern", "needed", "missing", "ignore", "breaching", "not_breaching"),
    [  # the tables of the user guide: three evaluation periods, a range of five
        ("0-X-X", 3, OK, OK, OK, OK),
        ("0----", 3, OK, OK, OK, OK),
        ("-----", 3, NO, KEEP, A, OK),
        ("0XX-X", 3, A, A, A, A),
        ("--X--", 3, A, KEEP, A, OK),
        ("0-X-X", 2, A, A, A, A),
        ("00X0X", 2, A, A, A, A),
        ("0-X--", 2, OK, OK, A, OK),
        ("----0", 2, OK, OK, A, OK),
        ("---X-", 2, A, KEEP, A, OK),
    ],
)
def test_missing_data_as_documented(pattern, needed, missing, ignore, breaching, not_breaching):
    treatments = ("missing", "ignore", "breaching", "notBreaching")
    assert [documented(pattern, needed, each) for each in treatments] == [missing, ignore, breaching, not_breaching]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("ALARM(a)", True),
        ('OK("b") AND NOT ALARM(b)', True),
        ("ALARM(b) OR ALARM(a) AND FALSE", False),
        ("(ALARM(b) OR ALARM('a')) AND TRUE", True),
        ("INSUFFICIENT_DATA(arn:aws:cloudwatch:us-east-1:1:alarm:a)", False),
    ],
)
def test_rules(rule, expected):
    assert Rule(rule).holds(lambda name: {"a": "ALARM"}.get(name, "OK")) is expected


@pytest.mark.parametrize("rule", ["", "ALARM", "ALARM(a) AND", "NOT", "BUSY(a)", "ALARM(a) XOR OK(b)"])
def test_what_is_no_rule(rule):
    with pytest.raises(InvalidRule):
        Rule(rule)


@pytest.fixture
def cloudwatch(cloud):
    return cloud.client("cloudwatch")


@pytest.fixture
def put(cloudwatch):
    def alarm(name="late", **settings):
        cloudwatch.put_metric_alarm(**{
            "AlarmName": name, "Namespace": "Shop", "MetricName": "Delay", "Statistic": "Average", "Period": 60,
            "EvaluationPeriods": 1, "Threshold": 5, "ComparisonOperator": "GreaterThanThreshold", **settings,
        })  # fmt: skip

    return alarm


@pytest.fixture
def measure(cloudwatch):
    def publish(value, name="Delay"):
        cloudwatch.put_metric_data(Namespace="Shop", MetricData=[{"MetricName": name, "Value": value}])

    return publish


@pytest.fixture
def state(cloudwatch):
    def read(name="late"):
        answer = cloudwatch.describe_alarms(AlarmNames=[name])
        (found,) = answer["MetricAlarms"] + answer["CompositeAlarms"]
        return found["StateValue"]

    return read


def test_an_alarm_begins_without_data_and_follows_its_metric(cloud, put, measure, state):
    put()
    assert state() == NO
    measure(9)
    cloud.wait(60)
    assert state() == A
    measure(1)
    cloud.wait(60)
    assert state() == OK
    cloud.wait(300)
    assert state() == NO


def test_alarms_do_not_keep_the_clock_going(cloud, put):
    put()
    before = cloud.kernel.now_us
    cloud.kernel.run()
    assert cloud.kernel.now_us == before


def test_m_of_n(cloud, put, measure, state):
    put(EvaluationPeriods=3, DatapointsToAlarm=2)
    for value, expected in ((9, NO), (1, OK), (9, A), (1, OK)):
        measure(value)
        cloud.wait(60)
        assert state() == expected, value


def test_percentiles_and_metric_math(cloud, measure, state, cloudwatch):
    cloudwatch.put_metric_alarm(
        AlarmName="p90", Namespace="Shop", MetricName="Delay", ExtendedStatistic="p90", Period=60,
        EvaluationPeriods=1, Threshold=5, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip

    def query(name):
        stat = {"Metric": {"Namespace": "Shop", "MetricName": name}, "Period": 60, "Stat": "Sum"}
        return {"Id": name.lower(), "MetricStat": stat, "ReturnData": False}

    cloudwatch.put_metric_alarm(
        AlarmName="share", EvaluationPeriods=1, Threshold=50, ComparisonOperator="GreaterThanOrEqualToThreshold",
        Metrics=[query("Failed"), query("All"), {"Id": "e", "Expression": "100 * failed / all"}],
    )  # fmt: skip
    for value in (1, 1, 9, 9):
        measure(value)
    measure(1, "Failed")
    measure(2, "All")
    cloud.wait(60)
    assert (state("p90"), state("share")) == (A, A)


def test_a_topic_and_a_function_and_the_bus_are_told(cloud, put, measure, function, log_lines):
    queue = cloud.client("sqs").create_queue(QueueName="pager")["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:123456789012:pager"
    policy = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}]}
    cloud.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(policy)})
    sns, lambda_, events = cloud.client("sns"), cloud.client("lambda"), cloud.client("events")
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    function("f", "import json\ndef handler(event, context): print('TOLD', json.dumps(event))")
    target = "arn:aws:lambda:us-east-1:123456789012:function:f"
    lambda_.add_permission(
        FunctionName="f", StatementId="a", Action="lambda:InvokeFunction",
        Principal="lambda.alarms.cloudwatch.amazonaws.com",
    )  # fmt: skip
    lambda_.add_permission(
        FunctionName="f", StatementId="e", Action="lambda:InvokeFunction", Principal="events.amazonaws.com"
    )
    events.put_rule(Name="r", EventPattern=json.dumps({"source": ["aws.cloudwatch"]}))
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": target}])
    put(AlarmActions=[topic, target])
    measure(9)
    cloud.wait(90)
    told = [json.loads(line.split(" ", 1)[1]) for line in log_lines("f") if line.startswith("TOLD")]
    by_action = next(each for each in told if "alarmData" in each)
    by_event = next(each for each in told if "detail" in each)
    assert by_action["alarmData"]["state"]["value"] == by_event["detail"]["state"]["value"] == "ALARM"
    assert by_event["detail-type"] == "CloudWatch Alarm State Change"
    assert by_event["detail"]["configuration"]["metrics"][0]["metricStat"]["metric"]["name"] == "Delay"
    (message,) = cloud.client("sqs").receive_message(QueueUrl=queue)["Messages"]
    body = json.loads(message["Body"])
    assert (body["AlarmName"], body["NewStateValue"], body["OldStateValue"]) == ("late", "ALARM", "INSUFFICIENT_DATA")
    assert "1 out of the last 1 datapoint [9.0" in body["NewStateReason"]


def test_set_alarm_state_acts_and_is_undone_by_the_next_evaluation(cloud, cloudwatch, put, measure, state):
    put(TreatMissingData="notBreaching")
    cloudwatch.set_alarm_state(AlarmName="late", StateValue="ALARM", StateReason="a fire drill")
    assert state() == A
    cloud.wait(60)
    assert state() == OK
    history = cloudwatch.describe_alarm_history(AlarmName="late", HistoryItemType="StateUpdate")["AlarmHistoryItems"]
    assert [item["HistorySummary"] for item in history] == [
        "Alarm updated from ALARM to OK",
        "Alarm updated from INSUFFICIENT_DATA to ALARM",
    ]


def test_actions_can_be_switched_off(cloudwatch, put):
    put(AlarmActions=["arn:aws:sns:us-east-1:123456789012:missing"])
    cloudwatch.disable_alarm_actions(AlarmNames=["late"])
    cloudwatch.set_alarm_state(AlarmName="late", StateValue="ALARM", StateReason="drill")
    assert not cloudwatch.describe_alarm_history(AlarmName="late", HistoryItemType="Action")["AlarmHistoryItems"]
    cloudwatch.enable_alarm_actions(AlarmNames=["late"])
    cloudwatch.set_alarm_state(AlarmName="late", StateValue="OK", StateReason="drill")
    cloudwatch.set_alarm_state(AlarmName="late", StateValue="ALARM", StateReason="drill")
    (item,) = cloudwatch.describe_alarm_history(AlarmName="late", HistoryItemType="Action")["AlarmHistoryItems"]
    assert item["HistorySummary"].startswith("Failed to execute action")


def test_a_composite_alarm_follows_its_children(cloud, cloudwatch, put, state):
    put("a")
    put("b")
    cloudwatch.put_composite_alarm(AlarmName="both", AlarmRule='ALARM("a") AND ALARM(b)')
    cloud.wait(1)
    assert state("both") == OK
    for name in "ab":
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="drill")
    assert state("both") == A
    with pytest.raises(ClientError, match="depends on it"):
        cloudwatch.delete_alarms(AlarmNames=["a"])
    cloudwatch.delete_alarms(AlarmNames=["a", "b", "both"])
    assert cloudwatch.describe_alarms()["MetricAlarms"] == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"DatapointsToAlarm": 2}, "DatapointsToAlarm"),
        ({"TreatMissingData": "guess"}, "Option guess is not supported"),
        ({"Period": 45}, "Metric period"),
        ({"ExtendedStatistic": "p90"}, "Exactly one of"),
    ],
)
def test_what_cannot_be_put(put, settings, message):
    with pytest.raises(ClientError, match=message):
        put(**settings)


def test_a_composite_alarm_needs_alarms_that_exist(cloudwatch):
    with pytest.raises(ClientError, match="does not exist"):
        cloudwatch.put_composite_alarm(AlarmName="c", AlarmRule="ALARM(nobody)")
