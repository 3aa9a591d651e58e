"""Publishing versions of functions on managed instances: numbered ones, and $LATEST.PUBLISHED, which is replaced.

moto knows no $LATEST.PUBLISHED, so these are published here.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from localcloud.mended.versions import last_published, next_number
from localcloud.services.lambda_.functions import LATEST_PUBLISHED, MANAGED_KEY, Functions

STATE_KEY = "_localcloud_managed_state"
UPDATE_KEY = "_localcloud_managed_update"
REASON_KEY = "_localcloud_managed_reason"

_REASONS: Mapping[str, str] = {
    "CapacityProviderScalingLimitExceeded": "The capacity provider has reached its maximum number of vCPUs.",
    "InsufficientCapacity": "No instance type of the capacity provider is large enough for the function.",
    "FunctionError.RuntimeInitError": "The function failed during its initialization.",
    "FunctionError.InitTimeout": "The function's initialization took too long.",
    "Creating": "The function is being created.",
}


def publish(functions: Functions, name: str, numbered: bool, description: str) -> str:
    """Copy $LATEST to a new version, or anew to $LATEST.PUBLISHED, and return which. An unchanged function keeps
    its last numbered version.
    """
    storage = functions.backend._lambdas
    stored = storage._functions[name]
    latest, versions = stored["latest"], stored["versions"]
    numbers = [model for model in versions if model.version != LATEST_PUBLISHED]
    last = last_published(latest, numbers) if numbered else None
    if last is not None:
        return str(last.version)
    made = copy.copy(latest)
    if numbered:
        latest.code_or_config_updated = False
        made.set_version(next_number(latest))
        versions.append(made)
    else:
        old = storage._get_version(name, LATEST_PUBLISHED)
        made.set_version(LATEST_PUBLISHED)
        made.__dict__[STATE_KEY] = old.__dict__.get(STATE_KEY, "Pending") if old is not None else "Pending"
        versions[:] = [made, *numbers]
    if description:
        made.description = description
    storage._arns[made.function_arn] = made
    return str(made.version)


def set_state(model: Any, state: str, code: str = "") -> None:
    """The state of a version, and a StateReasonCode."""
    model.__dict__[STATE_KEY] = state
    model.__dict__[REASON_KEY] = code


def set_update(model: Any, status: str, code: str = "") -> None:
    """The LastUpdateStatus of a version that is replaced while it serves."""
    model.__dict__[UPDATE_KEY] = status, code


def described(model: Any) -> dict[str, Any]:
    """Its state and its last update, as configurations show them."""
    if MANAGED_KEY not in model.__dict__ or STATE_KEY not in model.__dict__:
        return {}
    status, code = model.__dict__.get(UPDATE_KEY, ("Successful", ""))
    members: dict[str, Any] = {"State": model.__dict__[STATE_KEY], "LastUpdateStatus": status}
    if code:
        members |= {"LastUpdateStatusReasonCode": code, "LastUpdateStatusReason": _REASONS.get(code, code)}
    reason = model.__dict__.get(REASON_KEY)
    if reason:
        members |= {"StateReasonCode": reason, "StateReason": _REASONS.get(reason, reason)}
    return members
