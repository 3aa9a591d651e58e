"""Cost Explorer, and the metric of estimated charges, over what a run used."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from localcloud import Cloud
from localcloud.cost import cost_report

DAY_S = 86_400
MONTH = {"Start": "2025-01-01", "End": "2025-02-01"}
COST = {"Metrics": ["UnblendedCost"]}


@pytest.fixture
def ce(cloud):
    return cloud.client("ce")


def usd(amounts, metric="UnblendedCost"):
    return float(amounts[metric]["Amount"])


def test_the_days_of_a_month_add_up_to_its_bill(cloud, ce):
    for millions in (1, 2, 3):
        cloud.meter.add("lambda.requests", millions * 1_000_000, "shop")
        cloud.wait(DAY_S)
    cloud.wait(DAY_S)
    days = ce.get_cost_and_usage(TimePeriod=MONTH, Granularity="DAILY", **COST)["ResultsByTime"]
    assert len(days) == 31
    assert [usd(day["Total"]) for day in days[5:9]] == pytest.approx([0.2, 0.4, 0.6, 0.0])
    (month,) = ce.get_cost_and_usage(TimePeriod=MONTH, Granularity="MONTHLY", **COST)["ResultsByTime"]
    assert month["TimePeriod"] == MONTH
    assert usd(month["Total"]) == pytest.approx(1.2)
    assert month["Estimated"] is True


def test_tiers_are_used_up_over_the_month_and_begin_anew_with_the_next(cloud, ce):
    for _ in range(3):
        cloud.meter.add("cloudwatch.custom_metric_months", 8_000, "metrics")
        cloud.wait(DAY_S)
    cloud.wait(26 * DAY_S)
    cloud.meter.add("cloudwatch.custom_metric_months", 8_000, "metrics")
    cloud.wait(2 * DAY_S)
    period = {"Start": "2025-01-01", "End": "2025-03-01"}
    january, february = ce.get_cost_and_usage(TimePeriod=period, Granularity="MONTHLY", **COST)["ResultsByTime"]
    whole = cost_report({"cloudwatch.custom_metric_months": 24_000}, cloud.facts).total_usd
    assert usd(january["Total"]) == pytest.approx(whole)
    assert usd(february["Total"]) == pytest.approx(8_000 * 0.3)


def test_costs_by_service_and_by_usage_type(cloud, ce):
    cloud.meter.add("lambda.requests", 1_000_000, "shop")
    cloud.meter.add("lambda.gb_s.arm64", 100, "shop")
    cloud.meter.add("sqs.requests", 1_000_000, "orders")
    cloud.wait(DAY_S)
    (month,) = ce.get_cost_and_usage(
        TimePeriod=MONTH, Granularity="MONTHLY", GroupBy=[{"Type": "DIMENSION", "Key": "SERVICE"}], **COST
    )["ResultsByTime"]
    assert month["Total"] == {}
    groups = {group["Keys"][0]: usd(group["Metrics"]) for group in month["Groups"]}
    assert groups == {
        "AWS Lambda": pytest.approx(0.2 + 100 * 1.33334e-05), "Amazon Simple Queue Service": pytest.approx(0.4),
    }  # fmt: skip
    (month,) = ce.get_cost_and_usage(
        TimePeriod=MONTH, Granularity="MONTHLY", Metrics=["UsageQuantity"],
        GroupBy=[{"Type": "DIMENSION", "Key": "SERVICE"}, {"Type": "DIMENSION", "Key": "USAGE_TYPE"}],
        Filter={"Not": {"Dimensions": {"Key": "SERVICE", "Values": ["Amazon Simple Queue Service"]}}},
    )["ResultsByTime"]  # fmt: skip
    groups = {tuple(group["Keys"]): usd(group["Metrics"], "UsageQuantity") for group in month["Groups"]}
    assert groups == {("AWS Lambda", "Lambda-GB-Second-ARM"): 100, ("AWS Lambda", "Request"): 1_000_000}
    values = ce.get_dimension_values(TimePeriod=MONTH, Dimension="SERVICE", SearchString="lambda")
    assert [value["Value"] for value in values["DimensionValues"]] == ["AWS Lambda"]


def test_tags_group_costs_from_their_activation_on(cloud, ce, function):
    function("bakery", "def handler(event, context): pass", Tags={"team": "ovens"})
    cloud.meter.add("lambda.requests", 1_000_000, "bakery")
    cloud.wait(DAY_S)
    (listed,) = ce.list_cost_allocation_tags()["CostAllocationTags"]
    assert (listed["TagKey"], listed["Status"]) == ("team", "Inactive")
    answer = ce.update_cost_allocation_tags_status(
        CostAllocationTagsStatus=[{"TagKey": "team", "Status": "Active"}, {"TagKey": "none", "Status": "Active"}]
    )
    assert [error["TagKey"] for error in answer["Errors"]] == ["none"]
    cloud.meter.add("lambda.requests", 2_000_000, "bakery")
    cloud.meter.add("sqs.requests", 1_000_000, "orders")
    cloud.wait(DAY_S)
    (month,) = ce.get_cost_and_usage(
        TimePeriod=MONTH, Granularity="MONTHLY", GroupBy=[{"Type": "TAG", "Key": "team"}], **COST
    )["ResultsByTime"]
    groups = {group["Keys"][0]: usd(group["Metrics"]) for group in month["Groups"]}
    assert groups["team$ovens"] == pytest.approx(0.4)
    assert groups["team$"] >= 0.2 + 0.4
    assert ce.get_tags(TimePeriod=MONTH, TagKey="team")["Tags"] == ["", "ovens"]


def test_data_is_refreshed_once_a_day(cloud, ce):
    cloud.wait(2 * 3_600)
    cloud.meter.add("lambda.requests", 1_000_000, "shop")
    cloud.wait(3_600)

    def total():
        (month,) = ce.get_cost_and_usage(TimePeriod=MONTH, Granularity="MONTHLY", **COST)["ResultsByTime"]
        return usd(month["Total"])

    assert total() == 0
    cloud.wait(22 * 3_600)
    assert total() == pytest.approx(0.2 + 0.01)  # the first request, too, was billed


def test_every_request_costs_a_cent(cloud, ce):
    before = cloud.meter.snapshot()
    ce.get_cost_and_usage(TimePeriod=MONTH, Granularity="MONTHLY", **COST)
    ce.get_tags(TimePeriod=MONTH)
    assert cost_report(cloud.meter.since(before), cloud.facts).of("ce.") == pytest.approx(0.02)


def test_a_forecast_needs_a_month_of_history(cloud, ce):
    period = {"Start": "2025-02-10", "End": "2025-03-01"}
    asked = {"TimePeriod": period, "Metric": "UNBLENDED_COST", "Granularity": "MONTHLY"}
    with pytest.raises(ClientError, match="Insufficient amount of historical data"):
        ce.get_cost_forecast(**asked)
    for number in range(35):
        cloud.meter.add("lambda.requests", 1_000_000 * (1 + number % 2), "shop")
        cloud.wait(DAY_S)
    answer = ce.get_cost_forecast(PredictionIntervalLevel=90, **asked)
    assert float(answer["Total"]["Amount"]) == pytest.approx(19 * 0.3, rel=0.05)
    results = answer["ForecastResultsByTime"]
    assert [result["TimePeriod"]["Start"] for result in results] == ["2025-02-10"]
    (result,) = results
    lower, mean, upper = (float(result[name]) for name in (
        "PredictionIntervalLowerBound", "MeanValue", "PredictionIntervalUpperBound"))  # fmt: skip
    assert lower < mean < upper


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"TimePeriod": {"Start": "2025-02-01", "End": "2025-01-01"}}, "should be before end date"),
        ({"TimePeriod": {"Start": "2025-02-01", "End": "2025-03-01"}}, "cannot be after the current date"),
        ({"Granularity": "HOURLY"}, "opted in"),
        ({"Metrics": ["Guess"]}, "Metrics Guess is invalid"),
        ({"GroupBy": [{"Type": "DIMENSION", "Key": "SERVICE"}] * 3}, "Maximum of 2 GroupBy"),
        ({"Filter": {"Dimensions": {"Key": "SERVICE"}, "Tags": {"Key": "a"}}}, "exactly one root"),
    ],
)
def test_what_cannot_be_asked(ce, change, message):
    with pytest.raises(ClientError, match=message):
        ce.get_cost_and_usage(**{"TimePeriod": MONTH, "Granularity": "MONTHLY", **COST, **change})


def test_a_billing_alarm_goes_off_in_the_month(cloud):
    topic = cloud.client("sns").create_topic(Name="bill")["TopicArn"]
    queue = cloud.client("sqs").create_queue(QueueName="bill")["QueueUrl"]
    cloud.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": (
        '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}]}'
    )})  # fmt: skip
    cloud.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:bill")
    cloudwatch = cloud.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="bill", Namespace="AWS/Billing", MetricName="EstimatedCharges", Statistic="Maximum", Period=21_600,
        EvaluationPeriods=1, Threshold=10, ComparisonOperator="GreaterThanThreshold", AlarmActions=[topic],
        Dimensions=[{"Name": "Currency", "Value": "USD"}],
    )  # fmt: skip
    states = []
    for _ in range(10):
        cloud.meter.add("lambda.requests", 6_000_000, "shop")  # 1.20 USD a day
        cloud.wait(DAY_S)
        states.append(cloudwatch.describe_alarms(AlarmNames=["bill"])["MetricAlarms"][0]["StateValue"])
    assert states[6] == "OK"
    assert states[9] == "ALARM"
    assert len(cloud.client("sqs").receive_message(QueueUrl=queue)["Messages"]) == 1


def test_charges_are_estimated_by_service_and_start_anew_with_the_month(cloud):
    cloud.meter.add("lambda.requests", 1_000_000, "shop")
    cloud.meter.add("sqs.requests", 1_000_000, "q")
    cloud.wait(DAY_S)

    def latest(**dimensions):
        answer = cloud.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Billing", MetricName="EstimatedCharges", Period=21_600, Statistics=["Maximum"],
            StartTime=cloud.now.replace(hour=0), EndTime=cloud.now,
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        )  # fmt: skip
        points = sorted(answer["Datapoints"], key=lambda point: point["Timestamp"])
        return points[-1]["Maximum"] if points else None

    assert latest(Currency="USD") == pytest.approx(0.6, rel=1e-3)
    assert latest(Currency="USD", ServiceName="AWSQueueService") == pytest.approx(0.4)
    cloud.wait(27 * DAY_S)
    cloud.meter.add("lambda.requests", 500_000, "shop")
    cloud.wait(DAY_S)
    assert latest(Currency="USD", ServiceName="AWSLambda") == pytest.approx(0.1)


def test_billing_metrics_stand_in_one_region():
    with Cloud(seed=7, region="eu-west-1", start=datetime(2025, 1, 6, tzinfo=UTC)) as cloud:
        cloud.meter.add("lambda.requests", 1_000_000, "shop")
        cloud.wait(DAY_S)
        assert cloud.client("cloudwatch").list_metrics(Namespace="AWS/Billing")["Metrics"] == []
