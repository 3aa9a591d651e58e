"""AWS::Budgets::Budget."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from localcloud.stacks.types.base import Made, Making, Updatable, names


class Budget(Updatable):
    name = "AWS::Budgets::Budget"
    validated_early = False
    properties = names("Budget NotificationsWithSubscribers ResourceTags")
    required = names("Budget")
    attributes = names("Id")
    replacing = names("NotificationsWithSubscribers ResourceTags")

    def must_replace(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
        fixed = ("BudgetName", "BudgetType", "TimeUnit")
        return super().must_replace(old, new) or any(
            old["Budget"].get(name) != new["Budget"].get(name) for name in fixed
        )

    @staticmethod
    def _budget(making: Making, name: str) -> dict[str, Any]:
        given = {**making.properties["Budget"], "BudgetName": name}
        if "BudgetLimit" in given:
            given["BudgetLimit"] = _spend(given["BudgetLimit"])
        if "PlannedBudgetLimits" in given:
            given["PlannedBudgetLimits"] = {key: _spend(each) for key, each in given["PlannedBudgetLimits"].items()}
        if "TimePeriod" in given:
            given["TimePeriod"] = {key: _moment(each) for key, each in given["TimePeriod"].items()}
        return given

    def create(self, making: Making) -> Made:
        name = making.properties["Budget"].get("BudgetName") or making.generated_name(100)
        notifications = [
            {**each, "Notification": {**each["Notification"], "Threshold": float(each["Notification"]["Threshold"])}}
            for each in making.properties.get("NotificationsWithSubscribers") or ()
        ]
        making.client("budgets").create_budget(
            AccountId=making.account_id, Budget=self._budget(making, name), NotificationsWithSubscribers=notifications
        )
        return Made(name, {"Id": name})

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        budget = self._budget(making, made.physical_id)
        making.client("budgets").update_budget(AccountId=making.account_id, NewBudget=budget)
        return made

    def delete(self, making: Making, made: Made) -> None:
        making.client("budgets").delete_budget(AccountId=making.account_id, BudgetName=made.physical_id)


def _spend(given: Mapping[str, Any]) -> dict[str, str]:
    """The API takes amounts as text."""
    return {"Amount": str(given["Amount"]), "Unit": str(given["Unit"])}


def _moment(given: Any) -> datetime:
    """CloudFormation takes "2025-01-01 00:00 UTC", ISO 8601 or Unix seconds."""
    text = str(given).removesuffix(" UTC").replace("_", " ")
    if text.replace(".", "", 1).isdigit():
        return datetime.fromtimestamp(float(text), UTC)
    found = datetime.fromisoformat(text)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


ALL = (Budget(),)
