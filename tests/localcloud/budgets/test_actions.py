"""Budget actions: a policy that is attached when a budget goes beyond a threshold."""

from __future__ import annotations

import json

import pytest

DAY_S = 86_400
ACCOUNT = "123456789012"
WHICH = {"AccountId": ACCOUNT, "BudgetName": "bakery"}
STOP = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "lambda:Invoke*", "Resource": "*"}]}


@pytest.fixture
def budgets(cloud):
    client = cloud.client("budgets")
    client.create_budget(
        AccountId=ACCOUNT,
        Budget={"BudgetName": "bakery", "BudgetType": "COST", "TimeUnit": "MONTHLY",
                "BudgetLimit": {"Amount": "10", "Unit": "USD"}},
    )  # fmt: skip
    return client


@pytest.fixture
def policy(cloud):
    """A policy that stops the baker, and its role."""
    iam = cloud.client("iam")
    iam.create_role(RoleName="baker", AssumeRolePolicyDocument="{}")
    return iam.create_policy(PolicyName="stop", PolicyDocument=json.dumps(STOP))["Policy"]["Arn"]


@pytest.fixture
def create(budgets, policy):
    """An action at 80 percent: create(ApprovalModel="MANUAL") -> its id."""

    def call(roles=("baker",), **settings):
        given = {
            "NotificationType": "ACTUAL", "ActionType": "APPLY_IAM_POLICY", "ApprovalModel": "AUTOMATIC",
            "ActionThreshold": {"ActionThresholdValue": 80, "ActionThresholdType": "PERCENTAGE"},
            "Definition": {"IamActionDefinition": {"PolicyArn": policy, **({"Roles": list(roles)} if roles else {})}},
            "ExecutionRoleArn": "arn:aws:iam::123456789012:role/budgets",
            "Subscribers": [{"SubscriptionType": "EMAIL", "Address": "amelie@example.com"}],
        }  # fmt: skip
        return budgets.create_budget_action(**WHICH, **{**given, **settings})["ActionId"]

    return call


@pytest.fixture
def spend(cloud):
    def call(usd):
        cloud.meter.add("lambda.requests", usd / 0.2 * 1_000_000, "shop")
        cloud.wait(DAY_S)

    return call


@pytest.fixture
def status(budgets):
    return lambda action: budgets.describe_budget_action(**WHICH, ActionId=action)["Action"]["Status"]


@pytest.fixture
def attached(cloud):
    def read():
        found = cloud.client("iam").list_attached_role_policies(RoleName="baker")["AttachedPolicies"]
        return [policy["PolicyName"] for policy in found]

    return read


def test_an_automatic_action_attaches_its_policy_beyond_the_threshold(cloud, create, spend, status, attached):
    mails = []
    cloud.budgets.on_email.append(lambda address, subject, text: mails.append(subject))
    action = create()
    spend(7)
    assert (status(action), attached()) == ("STANDBY", [])
    spend(2)
    assert (status(action), attached()) == ("EXECUTION_SUCCESS", ["stop"])
    assert mails == ["AWS Budgets: action of bakery was carried out"]


def test_a_manual_action_waits_for_an_approval(cloud, budgets, create, spend, status, attached):
    action = create(ApprovalModel="MANUAL")
    spend(9)
    assert (status(action), attached()) == ("PENDING", [])
    budgets.execute_budget_action(**WHICH, ActionId=action, ExecutionType="APPROVE_BUDGET_ACTION")
    cloud.wait(10)
    assert (status(action), attached()) == ("EXECUTION_SUCCESS", ["stop"])


def test_what_was_done_is_reversed_and_reset_on_request(cloud, budgets, create, spend, status, attached):
    action = create()
    spend(9)
    budgets.execute_budget_action(**WHICH, ActionId=action, ExecutionType="REVERSE_BUDGET_ACTION")
    cloud.wait(10)
    assert (status(action), attached()) == ("REVERSE_SUCCESS", [])
    cloud.wait(DAY_S)
    assert attached() == []  # once in a period
    budgets.execute_budget_action(**WHICH, ActionId=action, ExecutionType="RESET_BUDGET_ACTION")
    assert status(action) == "STANDBY"
    cloud.wait(DAY_S)
    assert (status(action), attached()) == ("EXECUTION_SUCCESS", ["stop"])


def test_an_action_that_fails_can_be_tried_again(cloud, budgets, create, spend, status, attached):
    action = create(roles=("baker", "nobody"))
    spend(9)
    assert status(action) == "EXECUTION_FAILURE"
    cloud.client("iam").create_role(RoleName="nobody", AssumeRolePolicyDocument="{}")
    budgets.execute_budget_action(**WHICH, ActionId=action, ExecutionType="RETRY_BUDGET_ACTION")
    cloud.wait(10)
    assert status(action) == "EXECUTION_SUCCESS"
    history = budgets.describe_budget_action_histories(**WHICH, ActionId=action)["ActionHistories"]
    assert [entry["Status"] for entry in history] == [
        "EXECUTION_SUCCESS", "EXECUTION_IN_PROGRESS", "EXECUTION_FAILURE", "STANDBY",
    ]  # fmt: skip


def test_an_action_stands_by_again_in_the_next_period(cloud, create, spend, status, attached):
    action = create()
    spend(9)
    cloud.wait(31 * DAY_S)
    assert (status(action), attached()) == ("STANDBY", ["stop"])


def test_actions_are_listed_updated_and_deleted(budgets, create):
    action = create()
    changed = budgets.update_budget_action(**WHICH, ActionId=action, ApprovalModel="MANUAL")
    assert (changed["OldAction"]["ApprovalModel"], changed["NewAction"]["ApprovalModel"]) == ("AUTOMATIC", "MANUAL")
    assert [a["ActionId"] for a in budgets.describe_budget_actions_for_budget(**WHICH)["Actions"]] == [action]
    assert len(budgets.describe_budget_actions_for_account(AccountId=ACCOUNT)["Actions"]) == 1
    budgets.delete_budget_action(**WHICH, ActionId=action)
    with pytest.raises(budgets.exceptions.NotFoundException, match="Unable to find the action"):
        budgets.describe_budget_action(**WHICH, ActionId=action)


SCP = {"ScpActionDefinition": {"PolicyId": "p-examplepolicy", "TargetIds": ["123456789012"]}}


@pytest.mark.parametrize("wrong", [{"ActionType": "APPLY_SCP_POLICY", "Definition": SCP}, {"roles": ()}])
def test_an_action_that_cannot_be_carried_out_is_refused(budgets, create, wrong):
    with pytest.raises(budgets.exceptions.InvalidParameterException):
        create(**wrong)


def test_an_action_is_executed_only_when_that_makes_sense(budgets, create):
    action = create()
    with pytest.raises(budgets.exceptions.InvalidParameterException, match="not allowed for an action that is in"):
        budgets.execute_budget_action(**WHICH, ActionId=action, ExecutionType="APPROVE_BUDGET_ACTION")
