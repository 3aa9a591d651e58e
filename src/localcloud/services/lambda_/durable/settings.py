"""A function's DurableConfig. moto drops it: ours stands on its function, and goes along with its versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.api import ApiError
from localcloud.facts import Facts
from localcloud.services.lambda_.functions import DURABLE_KEY, DurableSettings

_DEFAULT_RETENTION_DAYS = 14


def keep(model: Any, params: Mapping[str, Any], facts: Facts, *, created: bool) -> None:
    """Check a DurableConfig and keep it. A function is durable from its creation, or never. Raises ApiError."""
    config = params.get("DurableConfig")
    if config is None:
        return
    known: DurableSettings | None = model.__dict__.get(DURABLE_KEY)
    if not created and known is None:
        raise _invalid("DurableConfig cannot be added to a function that was created without it.")
    timeout_s = config.get("ExecutionTimeout", known.timeout_s if known else None)
    retention = config.get("RetentionPeriodInDays", known.retention_days if known else _DEFAULT_RETENTION_DAYS)
    if timeout_s is None:
        raise _invalid("DurableConfig needs an ExecutionTimeout.")
    for name, value, fact in (
        ("ExecutionTimeout", timeout_s, "execution_timeout"), ("RetentionPeriodInDays", retention, "retention"),
    ):  # fmt: skip
        limits = facts.value(f"quota.lambda.durable.{fact}")
        if not limits["min"] <= int(value) <= limits["max"]:
            raise _invalid(f"{name} must be from {limits['min']} to {limits['max']}, found {value}.")
    model.__dict__[DURABLE_KEY] = DurableSettings(int(timeout_s), int(retention))


def described(model: Any) -> dict[str, Any]:
    """The member of the function's configuration."""
    known: DurableSettings | None = model.__dict__.get(DURABLE_KEY)
    if known is None:
        return {}
    return {"DurableConfig": {"ExecutionTimeout": known.timeout_s, "RetentionPeriodInDays": known.retention_days}}


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidParameterValueException", message, 400, Type="User")
