"""May a service act on a resource? The resource's own policy decides, as it does on AWS.

Only what services need is looked at: statements with an effect, a service principal, an action and a
condition on the source or on the way of the request. What roles may do is IAM's (localcloud.services.iam).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

_NO_URL: Mapping[str, str] = {"lambda:InvokedViaFunctionUrl": "false"}


def allows(
    statements: Iterable[Mapping[str, Any]],
    principal: str,
    action: str,
    source_arn: str,
    account_id: str,
    context: Mapping[str, str] = _NO_URL,
) -> bool:
    """Whether `principal` ("events.amazonaws.com") may do `action` for `source_arn`. A Deny wins.

    `context` are the values of further condition keys in the request.
    """
    allowed = False
    known: dict[str, str] | None = None
    for statement in statements:
        if not (_names(statement.get("Principal"), principal) and _matches(statement.get("Action"), action)):
            continue
        conditions = statement.get("Condition")
        if conditions:
            if known is None:
                known = {"aws:sourcearn": source_arn, "aws:sourceaccount": account_id}
                known |= {key.lower(): value for key, value in context.items()}
            if not _holds(conditions, known):
                continue
        if statement.get("Effect") == "Deny":
            return False
        allowed = True
    return allowed


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [] if value is None else [value]


def _names(principal: Any, service: str) -> bool:
    if principal == "*" or principal == {"Service": service}:
        return True
    if not isinstance(principal, Mapping):
        return False
    return service in _list(principal.get("Service")) or "*" in _list(principal.get("AWS"))


def _matches(patterns: Any, action: str) -> bool:
    if patterns == action:
        return True
    return any(pattern == action or fnmatchcase(action.lower(), str(pattern).lower()) for pattern in _list(patterns))


def _holds(conditions: Mapping[str, Any], known: Mapping[str, str]) -> bool:
    """Every condition must hold; one that looks at anything that is not `known` is taken to hold."""
    for operator, members in conditions.items():
        for key, patterns in members.items():
            value = known.get(key.lower())
            if value is None:
                continue
            if value == patterns:
                continue
            wild = "Like" in operator or operator.startswith("Arn")
            choices = [str(pattern) for pattern in _list(patterns)]
            if value not in choices and not (wild and any(fnmatchcase(value, choice) for choice in choices)):
                return False
    return True
