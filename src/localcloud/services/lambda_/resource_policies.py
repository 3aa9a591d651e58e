"""Resource policies: what each function, version and alias lets others do with it.

Statements stand on moto's function, all together: the Resource of each says what it is about. A statement about the
function says nothing of its aliases, and one about an alias nothing of the function.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiCall, ApiError
from localcloud.ids import uuid4_text
from localcloud.services.lambda_.functions import LATEST, Functions, split_reference

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_CONDITIONS = {  # parameter -> operator and key of its condition
    "EventSourceToken": ("StringEquals", "lambda:EventSourceToken"),
    "FunctionUrlAuthType": ("StringEquals", "lambda:FunctionUrlAuthType"),
    "InvokedViaFunctionUrl": ("Bool", "lambda:InvokedViaFunctionUrl"),
    "PrincipalOrgID": ("StringEquals", "aws:PrincipalOrgID"),
    "SourceAccount": ("StringEquals", "AWS:SourceAccount"),
    "SourceArn": ("ArnLike", "AWS:SourceArn"),
}


class ResourcePolicies:
    """Answers AddPermission, RemovePermission and GetPolicy."""

    def __init__(self, cloud: Cloud, functions: Functions) -> None:
        self._cloud = cloud
        self._functions = functions
        self._revisions = cloud.kernel.streams["lambda/policy-revisions"]

    def install(self) -> None:
        """Answer the operations."""
        register = self._cloud.api.register
        register("lambda", "AddPermission", self._add)
        register("lambda", "RemovePermission", self._remove)
        register("lambda", "GetPolicy", self._get)

    def _add(self, call: ApiCall) -> dict[str, Any]:
        params = call.params
        if split_reference(params["FunctionName"], params.get("Qualifier"))[1] == LATEST:
            raise _invalid("We currently do not support adding policies for $LATEST.")
        if "FunctionUrlAuthType" in params and params["Action"] != "lambda:InvokeFunctionUrl":
            raise _invalid("FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action")
        policy, resource, statements = self._policy(params)
        statement_id = params["StatementId"]
        if any(statement["Sid"] == statement_id for statement in statements):
            message = (
                f"The statement id ({statement_id}) provided already exists. Please provide a new statement id, or "
                "remove the existing statement."
            )
            raise ApiError("ResourceConflictException", message, 409, Type="User")
        statement = _statement(params, resource)
        policy.statements.append(statement)
        policy.revision = uuid4_text(self._revisions)
        return {"Statement": _json(statement)}

    def _remove(self, call: ApiCall) -> dict[str, Any]:
        policy, _, statements = self._policy(call.params)
        statement_id = call.params["StatementId"]
        found = next((statement for statement in statements if statement["Sid"] == statement_id), None)
        if found is None:
            raise _missing(f"Statement {statement_id} is not found in resource policy.")
        policy.statements.remove(found)
        policy.revision = uuid4_text(self._revisions)
        return {}

    def _get(self, call: ApiCall) -> dict[str, Any]:
        policy, _, statements = self._policy(call.params)
        if not statements:
            raise _missing("The resource you requested does not exist.")
        document = {"Version": "2012-10-17", "Id": "default", "Statement": statements}
        return {"Policy": _json(document), "RevisionId": policy.revision}

    def _policy(self, params: Mapping[str, Any]) -> tuple[Any, str, list[Any]]:
        """moto's policy, the ARN that a call is about, and the statements about it. Raises ApiError."""
        reference, qualifier = params["FunctionName"], params.get("Qualifier")
        resource = self._functions.resource(reference, qualifier)
        policy = self._functions.model(split_reference(reference, qualifier)[0]).policy
        if params.get("RevisionId", policy.revision) != policy.revision:
            message = (
                "The RevisionId provided does not match the latest RevisionId. Call the GetPolicy API to retrieve the "
                "latest RevisionId for your resource."
            )
            raise ApiError("PreconditionFailedException", message, 412, Type="User")
        return policy, resource, self._functions.statements(reference, qualifier)


def _statement(params: Mapping[str, Any], resource: str) -> dict[str, Any]:
    statement: dict[str, Any] = {
        "Sid": params["StatementId"],
        "Effect": "Allow",
        "Principal": _principal(params["Principal"]),
        "Action": params["Action"],
        "Resource": resource,
    }
    conditions: dict[str, dict[str, str]] = {}
    for name, (operator, key) in _CONDITIONS.items():
        if name in params:
            value = params[name]
            conditions.setdefault(operator, {})[key] = str(value).lower() if isinstance(value, bool) else value
    return {**statement, "Condition": conditions} if conditions else statement


def _principal(given: str) -> Any:
    if given == "*":
        return "*"
    if given.endswith(".amazonaws.com"):
        return {"Service": given}
    return {"AWS": f"arn:aws:iam::{given}:root" if given.isdigit() else given}


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidParameterValueException", message, 400, Type="User")


def _missing(message: str) -> ApiError:
    return ApiError("ResourceNotFoundException", message, 404, Type="User")
