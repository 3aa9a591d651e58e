"""Budgets: how they stand, and who hears of it."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

DAY_S = 86_400
ACCOUNT = "123456789012"
TOPIC_POLICY = {
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "budgets.amazonaws.com"}, "Action": "SNS:Publish", "Resource": "*"}
    ]
}


@pytest.fixture
def budgets(cloud):
    return cloud.client("budgets")


@pytest.fixture
def topic(cloud):
    return cloud.client("sns").create_topic(Name="money", Attributes={"Policy": json.dumps(TOPIC_POLICY)})["TopicArn"]


@pytest.fixture
def emails(cloud):
    """What arrives by e-mail: (address, subject, text)."""
    found = []
    cloud.budgets.on_email.append(lambda *mail: found.append(mail))
    return found


@pytest.fixture
def create(budgets):
    """A budget of 10 USD a month whose notification goes to an address: create(threshold=80)."""

    def call(kind="ACTUAL", threshold=80, unit="PERCENTAGE", address="amelie@example.com", **settings):
        way = "SNS" if address.startswith("arn:") else "EMAIL"
        budgets.create_budget(
            AccountId=ACCOUNT,
            Budget={"BudgetName": "bakery", "BudgetType": "COST", "TimeUnit": "MONTHLY",
                    "BudgetLimit": {"Amount": "10", "Unit": "USD"}, **settings},
            NotificationsWithSubscribers=[{
                "Notification": {"NotificationType": kind, "ComparisonOperator": "GREATER_THAN",
                                 "Threshold": threshold, "ThresholdType": unit},
                "Subscribers": [{"SubscriptionType": way, "Address": address}],
            }],
        )  # fmt: skip

    return call


@pytest.fixture
def spend(cloud):
    """Spend so many USD on each of some days."""

    def call(usd, days=1, item="lambda.requests"):
        for _ in range(days):
            cloud.meter.add(item, usd / 0.2 * 1_000_000, "shop")
            cloud.wait(DAY_S)

    return call


def test_it_is_brought_up_to_date_every_eight_to_twelve_hours(cloud, budgets, create, spend):
    create()
    cloud.meter.add("lambda.requests", 5_000_000, "shop")
    cloud.wait(3_600)

    def actual():
        budget = budgets.describe_budget(AccountId=ACCOUNT, BudgetName="bakery")["Budget"]
        return float(budget["CalculatedSpend"]["ActualSpend"]["Amount"])

    assert actual() == 0
    cloud.wait(11 * 3_600)
    assert actual() == pytest.approx(1)
    (budget,) = budgets.describe_budgets(AccountId=ACCOUNT)["Budgets"]
    assert budget["CalculatedSpend"]["ActualSpend"] == {"Amount": "1.000", "Unit": "USD"}


def test_a_threshold_is_told_once_in_its_period(cloud, create, spend, emails, budgets):
    create()
    spend(2, days=4)
    cloud.wait(DAY_S / 2)
    assert emails == []  # 8 USD are not more than 80 % of 10
    spend(0.5, days=3)
    ((address, subject, text),) = emails
    assert address == "amelie@example.com"
    assert subject == "AWS Budgets: bakery has exceeded your alert threshold"
    assert "Budgeted Amount: $10.00\nAlert Type: ACTUAL\nAlert Threshold: > $8.00\nACTUAL Amount: $8.50" in text
    (notification,) = budgets.describe_notifications_for_budget(AccountId=ACCOUNT, BudgetName="bakery")["Notifications"]
    assert notification["NotificationState"] == "ALARM"
    cloud.wait(20 * DAY_S)
    spend(9, days=2)
    assert len(emails) == 2  # the next month


def test_an_absolute_threshold_is_an_amount(create, spend, emails):
    create(threshold=3, unit="ABSOLUTE_VALUE")
    spend(4, days=2)
    assert "Alert Threshold: > $3.00" in emails[0][2]


def test_a_forecast_needs_five_weeks_and_comes_before_the_money_is_spent(create, spend, emails, budgets):
    create("FORECASTED", threshold=100)
    spend(0.2, days=34)
    assert emails == []
    spend(1, days=12)  # February the 9th to the 20th
    ((_, _, text),) = emails
    assert "Alert Type: FORECASTED" in text
    spent = budgets.describe_budget(AccountId=ACCOUNT, BudgetName="bakery")["Budget"]["CalculatedSpend"]
    assert float(spent["ForecastedSpend"]["Amount"]) > 10
    told = float(text.split("FORECASTED Amount: $")[1].split("\n")[0])
    assert 10 < told < 20


def test_a_topic_hears_it_when_its_policy_lets_budgets_publish(cloud, create, spend, topic):
    sqs, sns = cloud.client("sqs"), cloud.client("sns")
    queue = sqs.create_queue(QueueName="money")["QueueUrl"]
    policy = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}]}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(policy)})
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:money"
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    create(address=topic)
    spend(9, days=2)
    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    body = json.loads(message["Body"])
    assert body["Subject"].startswith("AWS Budgets: bakery")
    assert "AWS Account 123456789012" in body["Message"]


def test_a_topic_with_the_default_policy_hears_nothing(cloud, create, spend, budgets):
    topic = cloud.client("sns").create_topic(Name="deaf")["TopicArn"]
    create(address=topic)
    before = cloud.meter.snapshot().total("sns.publishes")
    spend(9, days=2)
    assert cloud.meter.snapshot().total("sns.publishes") == before
    (notification,) = budgets.describe_notifications_for_budget(AccountId=ACCOUNT, BudgetName="bakery")["Notifications"]
    assert notification["NotificationState"] == "ALARM"


def test_filters_choose_what_counts(create, spend, budgets):
    create(CostFilters={"Service": ["Amazon Simple Queue Service"]})
    spend(2, days=2)
    spent = budgets.describe_budget(AccountId=ACCOUNT, BudgetName="bakery")["Budget"]["CalculatedSpend"]
    assert float(spent["ActualSpend"]["Amount"]) == 0


def test_a_usage_budget_counts_units(cloud, create, spend, emails):
    create(BudgetType="USAGE", BudgetLimit={"Amount": "1000000", "Unit": "Requests"}, threshold=100,
           CostFilters={"UsageType": ["Request"]})  # fmt: skip
    spend(0.4, days=1)
    assert "Budget Type: Usage" in emails[0][2]
    assert "ACTUAL Amount: 2,000,000.00 Requests" in emails[0][2]


@pytest.mark.parametrize(("time_unit", "alarms"), [("DAILY", 3), ("MONTHLY", 1), ("QUARTERLY", 1), ("ANNUALLY", 1)])
def test_every_period_begins_with_a_clean_slate(create, spend, emails, time_unit, alarms):
    create(TimeUnit=time_unit)
    spend(9, days=3)
    assert len(emails) == alarms


def test_a_budget_that_is_changed_is_judged_anew(create, spend, budgets, emails):
    create()
    spend(9, days=2)
    assert len(emails) == 1
    wanted = {"BudgetName": "bakery", "BudgetType": "COST", "TimeUnit": "MONTHLY"}
    budgets.update_budget(AccountId=ACCOUNT, NewBudget={**wanted, "BudgetLimit": {"Amount": "100", "Unit": "USD"}})
    spend(1, days=2)
    assert len(emails) == 1
    (notification,) = budgets.describe_notifications_for_budget(AccountId=ACCOUNT, BudgetName="bakery")["Notifications"]
    assert notification["NotificationState"] == "OK"


def test_subscribers_are_an_sns_topic_and_ten_addresses_at_most(create, budgets, topic):
    create()
    notification = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80.0}
    named = {"AccountId": ACCOUNT, "BudgetName": "bakery", "Notification": notification}
    budgets.create_subscriber(**named, Subscriber={"SubscriptionType": "SNS", "Address": topic})
    with pytest.raises(ClientError, match="one Amazon SNS topic"):
        budgets.create_subscriber(**named, Subscriber={"SubscriptionType": "SNS", "Address": topic + "2"})
    kinds = [each["SubscriptionType"] for each in budgets.describe_subscribers_for_notification(**named)["Subscribers"]]
    assert kinds == ["EMAIL", "SNS"]
    with pytest.raises(ClientError, match="doesn't exist"):
        budgets.update_budget(AccountId=ACCOUNT, NewBudget={
            "BudgetName": "none", "BudgetType": "COST", "TimeUnit": "MONTHLY",
            "BudgetLimit": {"Amount": "1", "Unit": "USD"},
        })  # fmt: skip


def test_a_stack_has_a_budget(cloud, budgets):
    template = {
        "Resources": {
            "Limit": {
                "Type": "AWS::Budgets::Budget",
                "Properties": {
                    "Budget": {
                        "BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": {"Amount": 20, "Unit": "USD"},
                    },
                    "NotificationsWithSubscribers": [{
                        "Notification": {
                            "NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 50,
                        },
                        "Subscribers": [{"SubscriptionType": "EMAIL", "Address": "amelie@example.com"}],
                    }],
                },
            }
        }
    }  # fmt: skip
    cloudformation = cloud.client("cloudformation")
    cloudformation.create_stack(StackName="money", TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(StackName="money")
    (budget,) = budgets.describe_budgets(AccountId=ACCOUNT)["Budgets"]
    assert budget["BudgetLimit"] == {"Amount": "20", "Unit": "USD"}
    template["Resources"]["Limit"]["Properties"]["Budget"]["BudgetLimit"]["Amount"] = 30
    cloudformation.update_stack(StackName="money", TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_update_complete").wait(StackName="money")
    (changed,) = budgets.describe_budgets(AccountId=ACCOUNT)["Budgets"]
    assert (changed["BudgetName"], changed["BudgetLimit"]["Amount"]) == (budget["BudgetName"], "30")
    cloudformation.delete_stack(StackName="money")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="money")
    assert budgets.describe_budgets(AccountId=ACCOUNT)["Budgets"] == []
