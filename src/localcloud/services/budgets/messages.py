"""The text of a budget's notification, as it arrives by e-mail and over SNS."""

from __future__ import annotations

from datetime import datetime

_PERIODS = {"DAILY": "day", "MONTHLY": "month", "QUARTERLY": "quarter", "ANNUALLY": "year"}
_SIGNS = {
    "GREATER_THAN": (">", "is greater than"),
    "LESS_THAN": ("<", "is less than"),
    "EQUAL_TO": ("=", "is equal to"),
}
_DASHBOARD = "https://console.aws.amazon.com/billing/home#/budgets"


def subject(name: str) -> str:
    return f"AWS Budgets: {name} has exceeded your alert threshold"


def text(
    name: str,
    account_id: str,
    at: datetime,
    *,
    budget_type: str,
    time_unit: str,
    unit: str,
    limit: float,
    kind: str,
    comparison: str,
    threshold: float,
    amount: float,
) -> str:
    """Amounts are in `unit`; `kind` is ACTUAL or FORECASTED."""
    label = "Cost" if budget_type == "COST" else "Usage"
    sign, words = _SIGNS[comparison]

    def shown(value: float) -> str:
        return f"${value:,.2f}" if unit == "USD" else f"{value:,.2f} {unit}"

    return "\n".join((
        f"AWS Budget Notification {at:%B %d, %Y}",
        f"AWS Account {account_id}",
        "",
        "Dear AWS Customer,",
        "",
        f"You requested that we alert you when the {kind} {label} associated with your {name} budget {words} "
        f"{shown(threshold)} for the current {_PERIODS[time_unit]}. The {kind} {label} associated with this budget is "
        f"{shown(amount)}. You can find additional details below and by accessing the AWS Budgets dashboard [1].",
        "",
        f"Budget Name: {name}",
        f"Budget Type: {label}",
        f"Budgeted Amount: {shown(limit)}",
        f"Alert Type: {kind}",
        f"Alert Threshold: {sign} {shown(threshold)}",
        f"{kind} Amount: {shown(amount)}",
        "",
        f"[1] {_DASHBOARD}",
    ))  # fmt: skip
