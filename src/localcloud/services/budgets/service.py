"""Budgets are moto's; how they stand, and who is told, is here.

Sources: "Managing your costs with AWS Budgets", "Best practices for AWS Budgets".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from moto.budgets.models import budgets_backends

from localcloud.api import ApiCall, ApiError
from localcloud.services.budgets import messages
from localcloud.services.budgets.actions import BudgetActions
from localcloud.services.budgets.evaluation import Evaluation, Standing
from localcloud.services.cost_explorer.expressions import Dimensions
from localcloud.services.policies import allows

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_HOUR_US = 3_600_000_000
_PRINCIPAL = "budgets.amazonaws.com"
_OK, _ALARM = "OK", "ALARM"
_TYPES = ("COST", "USAGE")  # those of reservations and savings plans are kept and never evaluated
_MOST_NOTIFICATIONS = 10
_STATE = "NotificationState"


class Budgets:
    """Evaluates all budgets at each update of the billing data.

    `on_email` listeners hear of e-mails, which leave the simulation: (address, subject, text).
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        facts = cloud.facts
        update = facts.value("quota.budgets.update")
        self._between_us = round(update["least_h"] * _HOUR_US), round(update["most_h"] * _HOUR_US)
        self._stream = cloud.kernel.streams["budgets/updates"]
        dimensions = Dimensions(cloud.region, cloud.account_id)
        self._evaluation = Evaluation(dimensions, int(facts.value("quota.budgets.forecast_history")))
        self._periods: dict[str, date] = {}  # for which a budget was evaluated last
        self._actions = BudgetActions(cloud, lambda name: self._find(name, "Unable to get budget"), self._send)
        self.on_email: list[Callable[[str, str, str], None]] = []

    def install(self) -> None:
        """Answer the operations, and evaluate from now on."""
        operations: Mapping[str, Callable[[ApiCall], dict[str, Any]]] = {
            "CreateBudget": self._create,
            "UpdateBudget": self._update,
            "CreateNotification": self._create_notification,
            "UpdateNotification": self._update_notification,
            "DescribeNotificationsForBudget": self._describe_notifications,
            "CreateSubscriber": self._create_subscriber,
            "DeleteSubscriber": self._delete_subscriber,
            "DescribeSubscribersForNotification": self._describe_subscribers,
        }
        for name, operation in operations.items():
            self._cloud.api.register("budgets", name, operation)
        self._actions.install()
        self._later()

    @cached_property
    def _backend(self) -> Any:
        return budgets_backends[self._cloud.account_id]["aws"]

    def _later(self) -> None:
        kernel = self._cloud.kernel
        kernel.call_in_background(kernel.now_us + self._stream.randint(*self._between_us), self._evaluate)

    # -- evaluation ----------------------------------------------------------------------------

    def _evaluate(self) -> None:
        budgets = list(self._backend.budgets[self._cloud.account_id].values())
        if budgets:
            charges = self._cloud.billing.ledger.charges()
            for made in budgets:
                if made.budget["BudgetType"] in _TYPES and made.budget["TimeUnit"] != "CUSTOM":
                    self._bring_up_to_date(made, charges)
        self._later()

    def _bring_up_to_date(self, made: Any, charges: list[Any]) -> None:
        budget, today = made.budget, self._cloud.now.date()
        standing = self._evaluation.standing(budget, charges, self._cloud.billing.ledger.began, today)
        spend = {"ActualSpend": _spend(standing.actual, standing.unit)}
        if standing.forecast is not None:
            spend["ForecastedSpend"] = _spend(standing.forecast, standing.unit)
        budget["CalculatedSpend"] = spend
        name = budget["BudgetName"]
        if self._periods.get(name) != standing.start:  # a new period begins with a clean slate
            self._periods[name] = standing.start
            for notification in made.notifications:
                notification.details[_STATE] = _OK
            self._actions.new_period(made)
        self._actions.look_at(made, standing)
        for notification in made.notifications:
            before = notification.details.get(_STATE, _OK)
            after = _ALARM if standing.sets_off(notification.details) else _OK
            notification.details[_STATE] = after
            if after == _ALARM and before == _OK:
                self._tell(budget, standing, notification)

    def _tell(self, budget: Mapping[str, Any], standing: Standing, notification: Any) -> None:
        details, name = notification.details, budget["BudgetName"]
        amount = standing.amount(details["NotificationType"])
        assert amount is not None
        text = messages.text(
            name,
            self._cloud.account_id,
            self._cloud.now,
            budget_type=budget["BudgetType"],
            time_unit=budget["TimeUnit"],
            unit=standing.unit,
            limit=standing.limit,
            kind=details["NotificationType"],
            comparison=details["ComparisonOperator"],
            threshold=standing.threshold(details),
            amount=amount,
        )
        self._send(notification.subscribers, messages.subject(name), text)

    def _send(self, subscribers: Iterable[Mapping[str, str]], subject: str, text: str) -> None:
        for subscriber in subscribers:
            if subscriber["SubscriptionType"] == "SNS":
                self._publish(subscriber["Address"], subject, text)
            else:
                for listener in self.on_email:
                    listener(subscriber["Address"], subject, text)

    def _publish(self, topic_arn: str, subject: str, text: str) -> None:
        """To a topic whose policy lets Budgets publish; any other hears nothing, and nobody is told."""
        from moto.sns.models import sns_backends

        topic = sns_backends[self._cloud.account_id][self._cloud.region].topics.get(topic_arn)
        if topic is None:
            return
        # the default policy speaks of the owner's own principals, whom a service is not among
        statements = [each for each in topic._policy_json.get("Statement") or [] if not _for_owner(each)]
        source = f"arn:aws:budgets::{self._cloud.account_id}:*"
        if allows(statements, _PRINCIPAL, "sns:Publish", source, self._cloud.account_id):
            params = {"TopicArn": topic_arn, "Subject": subject[:100], "Message": text}
            self._cloud.api.direct("sns", "Publish", params)

    # -- operations ----------------------------------------------------------------------------

    def _create(self, call: ApiCall) -> dict[str, Any]:
        params = call.params
        notifications = params.get("NotificationsWithSubscribers") or []
        if len(notifications) > _MOST_NOTIFICATIONS:
            message = f"A budget can have at most {_MOST_NOTIFICATIONS} notifications."
            raise ApiError("CreationLimitExceededException", message, 400)
        for each in notifications:
            _check(each["Notification"], each["Subscribers"])
        if params["Budget"]["BudgetType"] == "USAGE" and params["Budget"].get("BudgetLimit", {}).get("Unit") == "USD":
            message = "A usage budget is limited in a unit of usage, not in USD."
            raise ApiError("InvalidParameterException", message, 400)
        answer = self._cloud.api.stock(call)
        self._periods.pop(params["Budget"]["BudgetName"], None)
        return answer

    def _update(self, call: ApiCall) -> dict[str, Any]:
        """moto cannot change a budget."""
        wanted = call.params["NewBudget"]
        made = self._find(wanted["BudgetName"], "Unable to update budget")
        kept = {name: made.budget[name] for name in ("TimePeriod",) if name in made.budget}
        made.budget = {**kept, **wanted, "LastUpdatedTime": self._cloud.now.timestamp()}
        self._periods.pop(wanted["BudgetName"], None)
        return {}

    def _find(self, name: str, what: str) -> Any:
        found = self._backend.budgets[self._cloud.account_id].get(name)
        if found is None:
            raise ApiError("NotFoundException", f"{what}: {name} - the budget doesn't exist.", 400)
        return found

    def _notification(self, params: Mapping[str, Any]) -> Any:
        made = self._find(params["BudgetName"], "Unable to get budget")
        wanted = _identity(params.get("Notification") or params["OldNotification"])
        for found in made.notifications:
            if _identity(found.details) == wanted:
                return found
        raise ApiError("NotFoundException", "Unable to find the notification - it doesn't exist.", 400)

    def _create_notification(self, call: ApiCall) -> dict[str, Any]:
        params = call.params
        made = self._find(params["BudgetName"], "Unable to create notification")
        _check(params["Notification"], params["Subscribers"])
        if any(_identity(each.details) == _identity(params["Notification"]) for each in made.notifications):
            message = "Error creating notification - the notification already exists."
            raise ApiError("DuplicateRecordException", message, 400)
        if len(made.notifications) >= _MOST_NOTIFICATIONS:
            message = f"A budget can have at most {_MOST_NOTIFICATIONS} notifications."
            raise ApiError("CreationLimitExceededException", message, 400)
        made.add_notification(dict(params["Notification"]), list(params["Subscribers"]))
        return {}

    def _update_notification(self, call: ApiCall) -> dict[str, Any]:
        found = self._notification(call.params)
        _check(call.params["NewNotification"], found.subscribers)
        found.details = dict(call.params["NewNotification"])
        return {}

    def _describe_notifications(self, call: ApiCall) -> dict[str, Any]:
        made = self._find(call.params["BudgetName"], "Unable to get budget")
        return {"Notifications": [{_STATE: _OK, **each.details} for each in made.notifications]}

    def _describe_subscribers(self, call: ApiCall) -> dict[str, Any]:
        return {"Subscribers": list(self._notification(call.params).subscribers)}

    def _create_subscriber(self, call: ApiCall) -> dict[str, Any]:
        found = self._notification(call.params)
        subscribers = [*found.subscribers, call.params["Subscriber"]]
        _check(found.details, subscribers)
        found.subscribers = subscribers
        return {}

    def _delete_subscriber(self, call: ApiCall) -> dict[str, Any]:
        found = self._notification(call.params)
        wanted = call.params["Subscriber"]
        if wanted not in found.subscribers:
            raise ApiError("NotFoundException", "Unable to delete subscriber - it doesn't exist.", 400)
        found.subscribers = [each for each in found.subscribers if each != wanted]
        return {}


def _identity(notification: Mapping[str, Any]) -> tuple[Any, ...]:
    names = ("NotificationType", "ComparisonOperator", "Threshold")
    return (*(notification[name] for name in names), notification.get("ThresholdType", "PERCENTAGE"))


def _check(notification: Mapping[str, Any], subscribers: list[Mapping[str, str]]) -> None:
    """One topic and ten addresses at most. Raises ApiError."""
    kinds = [subscriber["SubscriptionType"] for subscriber in subscribers]
    if not kinds or kinds.count("SNS") > 1 or kinds.count("EMAIL") > 10 or len(kinds) > 11:
        message = "A notification has 1 to 11 subscribers: one Amazon SNS topic and 10 e-mail addresses at most."
        raise ApiError("InvalidParameterException", message, 400)
    if float(notification["Threshold"]) < 0:
        raise ApiError("InvalidParameterException", "The threshold must not be negative.", 400)


def _for_owner(statement: Mapping[str, Any]) -> bool:
    conditions = statement.get("Condition") or {}
    return any(key.lower() == "aws:sourceowner" for members in conditions.values() for key in members)


def _spend(amount: float, unit: str) -> dict[str, str]:
    return {"Amount": f"{amount:.3f}" if unit == "USD" else f"{amount:.6f}", "Unit": unit}
