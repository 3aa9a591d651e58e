"""Budget actions: what Budgets does by itself, or once somebody approves, when a budget goes beyond a threshold.

They attach an IAM policy to users, groups and roles. They stand on moto's budget, and go with it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.budgets.models import budgets_backends

from localcloud.api import ApiCall, ApiError
from localcloud.ids import uuid4_text
from localcloud.services.budgets.evaluation import Standing

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_KEY = "_localcloud_actions"
STANDBY, PENDING = "STANDBY", "PENDING"
_DONE, _FAILED = "EXECUTION_SUCCESS", "EXECUTION_FAILURE"
_REVERSED, _NOT_REVERSED = "REVERSE_SUCCESS", "REVERSE_FAILURE"
_CHANGEABLE = ("NotificationType", "ActionThreshold", "Definition", "ExecutionRoleArn", "ApprovalModel", "Subscribers")
_MEMBERS = (*_CHANGEABLE, "BudgetName", "ActionType")
_TARGETS = (("Users", "user", "UserName"), ("Groups", "group", "GroupName"), ("Roles", "role", "RoleName"))
_FROM: Mapping[str, tuple[str, ...]] = {  # what an action must be in for each kind of execution
    "APPROVE_BUDGET_ACTION": (PENDING,),
    "RETRY_BUDGET_ACTION": (_FAILED,),
    "REVERSE_BUDGET_ACTION": (_DONE, _NOT_REVERSED),
    "RESET_BUDGET_ACTION": (_REVERSED,),
}

Tell = Callable[[Any, str, str], None]


@dataclass(slots=True)
class _Action:
    """`settings` are the members of the API's Action but its status."""

    settings: dict[str, Any]
    status: str = STANDBY
    history: list[dict[str, Any]] = field(default_factory=list)

    def described(self) -> dict[str, Any]:
        return {**copy.deepcopy(self.settings), "Status": self.status}


class BudgetActions:
    """Answers the operations on them. `find(name)` gives moto's budget; `tell(subscribers, subject, text)` tells."""

    def __init__(self, cloud: Cloud, find: Callable[[str], Any], tell: Tell) -> None:
        self._cloud = cloud
        self._find = find
        self._tell = tell
        self._ids = cloud.kernel.streams["budgets/actions"]

    def install(self) -> None:
        """Answer the operations."""
        for operation, handler in (
            ("CreateBudgetAction", self._create),
            ("UpdateBudgetAction", self._update),
            ("DeleteBudgetAction", self._delete),
            ("ExecuteBudgetAction", self._execute),
            ("DescribeBudgetAction", self._describe),
            ("DescribeBudgetActionsForBudget", self._describe_all),
            ("DescribeBudgetActionsForAccount", self._describe_account),
            ("DescribeBudgetActionHistories", self._histories),
        ):
            self._cloud.api.register("budgets", operation, handler)

    # -- at every evaluation -------------------------------------------------------------------

    def new_period(self, made: Any) -> None:
        """What was done in the last period can be done again; it is not undone."""
        for action in _of(made).values():
            if action.status != STANDBY:
                self._change(action, STANDBY, "SYSTEM", "The budget period began.")

    def look_at(self, made: Any, standing: Standing) -> None:
        """Set off the actions whose threshold is exceeded."""
        for action in _of(made).values():
            threshold = action.settings["ActionThreshold"]
            notification = {
                "NotificationType": action.settings["NotificationType"],
                "ComparisonOperator": "GREATER_THAN",
                "Threshold": threshold["ActionThresholdValue"],
                "ThresholdType": threshold["ActionThresholdType"],
            }
            if action.status != STANDBY or not standing.sets_off(notification):
                continue
            if action.settings["ApprovalModel"] == "MANUAL":
                self._change(action, PENDING, "SYSTEM", "The threshold was exceeded; the action needs an approval.")
                self._tell_of(action, "requires your approval")
            else:
                self._cloud.kernel.spawn(self._run, action, "attach", name="budget action", critical=True)

    def _tell_of(self, action: _Action, what: str) -> None:
        name = action.settings["BudgetName"]
        text = f"The action {action.settings['ActionId']} of your budget {name} {what}.\nStatus: {action.status}\n"
        self._tell(action.settings["Subscribers"], f"AWS Budgets: action of {name} {what}", text)

    def _run(self, action: _Action, verb: str) -> None:
        """Attach or detach the policy, everywhere or with what went wrong in the history."""
        definition, iam = action.settings["Definition"]["IamActionDefinition"], self._cloud.client("iam")
        done, failed = (_DONE, _FAILED) if verb == "attach" else (_REVERSED, _NOT_REVERSED)
        try:
            for member, kind, parameter in _TARGETS:
                for target in definition.get(member) or ():
                    getattr(iam, f"{verb}_{kind}_policy")(**{parameter: target, "PolicyArn": definition["PolicyArn"]})
        except ClientError as exc:
            self._change(action, failed, "SYSTEM", str(exc))
        else:
            self._change(action, done, "SYSTEM", f"The policy was {verb}ed.")
        self._tell_of(action, "was carried out" if action.status in (_DONE, _REVERSED) else "failed")

    def _change(self, action: _Action, status: str, kind: str, message: str) -> None:
        action.status = status
        action.history.append(
            {
                "Timestamp": self._cloud.now,
                "Status": status,
                "EventType": kind,
                "ActionHistoryDetails": {"Message": message, "Action": action.described()},
            }
        )

    # -- operations ----------------------------------------------------------------------------

    def _action(self, params: Mapping[str, Any]) -> tuple[Any, _Action]:
        made = self._find(params["BudgetName"])
        found = _of(made).get(params["ActionId"])
        if found is None:
            message = f"Unable to find the action: {params['ActionId']} for budget: {params['BudgetName']}"
            raise ApiError("NotFoundException", message)
        return made, found

    def _create(self, call: ApiCall) -> dict[str, Any]:
        params = call.params
        made = self._find(params["BudgetName"])
        _check(params["ActionType"], params["Definition"])
        identifier = uuid4_text(self._ids)
        settings = {"ActionId": identifier, **{name: copy.deepcopy(params[name]) for name in _MEMBERS}}
        action = made.__dict__.setdefault(_KEY, {})[identifier] = _Action(settings)
        self._change(action, STANDBY, "CREATE_ACTION", "The action was created.")
        return {**_whose(params), "ActionId": identifier}

    def _update(self, call: ApiCall) -> dict[str, Any]:
        _, action = self._action(call.params)
        before = action.described()
        changed = {**action.settings, **{name: call.params[name] for name in _CHANGEABLE if name in call.params}}
        _check(changed["ActionType"], changed["Definition"])
        action.settings = copy.deepcopy(changed)
        self._change(action, action.status, "UPDATE_ACTION", "The action was updated.")
        return {**_whose(call.params), "OldAction": before, "NewAction": action.described()}

    def _delete(self, call: ApiCall) -> dict[str, Any]:
        made, action = self._action(call.params)
        del _of(made)[call.params["ActionId"]]
        return {**_whose(call.params), "Action": action.described()}

    def _execute(self, call: ApiCall) -> dict[str, Any]:
        _, action = self._action(call.params)
        wanted = call.params["ExecutionType"]
        if action.status not in _FROM.get(wanted, ()):
            message = f"{wanted} is not allowed for an action that is in the status {action.status}"
            raise ApiError("InvalidParameterException", message)
        if wanted == "RESET_BUDGET_ACTION":
            self._change(action, STANDBY, "EXECUTE_ACTION", "The action was reset.")
        else:
            verb = "detach" if wanted == "REVERSE_BUDGET_ACTION" else "attach"
            status = "REVERSE_IN_PROGRESS" if verb == "detach" else "EXECUTION_IN_PROGRESS"
            self._change(action, status, "EXECUTE_ACTION", f"{wanted} was asked for.")
            self._cloud.kernel.spawn(self._run, action, verb, name="budget action", critical=True)
        return {**_whose(call.params), "ActionId": call.params["ActionId"], "ExecutionType": wanted}

    def _describe(self, call: ApiCall) -> dict[str, Any]:
        return {**_whose(call.params), "Action": self._action(call.params)[1].described()}

    def _describe_all(self, call: ApiCall) -> dict[str, Any]:
        return {"Actions": [action.described() for action in _of(self._find(call.params["BudgetName"])).values()]}

    def _describe_account(self, call: ApiCall) -> dict[str, Any]:
        budgets = budgets_backends[self._cloud.account_id]["aws"].budgets[self._cloud.account_id].values()
        return {"Actions": [action.described() for made in budgets for action in _of(made).values()]}

    def _histories(self, call: ApiCall) -> dict[str, Any]:
        period = call.params.get("TimePeriod") or {}
        start, end = period.get("Start"), period.get("End")
        found = [
            entry
            for entry in reversed(self._action(call.params)[1].history)
            if (start is None or entry["Timestamp"] >= start) and (end is None or entry["Timestamp"] <= end)
        ]
        return {"ActionHistories": found[: call.params.get("MaxResults", len(found))]}


def _of(made: Any) -> dict[str, _Action]:
    found: dict[str, _Action] = made.__dict__.get(_KEY, {})
    return found


def _whose(params: Mapping[str, Any]) -> dict[str, Any]:
    return {"AccountId": params["AccountId"], "BudgetName": params["BudgetName"]}


def _check(kind: str, definition: Mapping[str, Any]) -> None:
    """Raises ApiError."""
    if kind != "APPLY_IAM_POLICY":
        message = f"The local cloud carries out actions of type APPLY_IAM_POLICY only, found {kind}."
        raise ApiError("InvalidParameterException", message)
    given = definition.get("IamActionDefinition") or {}
    if not any(given.get(member) for member, _, _ in _TARGETS):
        raise ApiError("InvalidParameterException", "The IAM definition must name at least one user, group or role.")
