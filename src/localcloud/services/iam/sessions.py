"""Roles that code assumes: AssumeRole, and whose calls those of a client with such credentials are.

The role's trust policy decides who may assume it. Naming the caller's role lets it in by itself; naming the account
leaves it to the caller's own policies.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.api import ApiCall, ApiError
from localcloud.principals import Principal
from localcloud.services.iam.roles import Roles
from localcloud.services.iam.statements import Request, Statement, parse_document

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


class Sessions:
    """The sessions of roles, by their access keys."""

    def __init__(self, cloud: Cloud, roles: Roles) -> None:
        self._cloud = cloud
        self._roles = roles
        self._known: dict[str, Principal] = {}
        self._policies: dict[str, tuple[Statement, ...]] = {}  # by document

    def of(self, call: ApiCall) -> Principal | None:
        """Whose credentials the client has; None for the usual ones."""
        if not self._known or call.client is None:
            return None
        credentials = call.client._get_credentials()
        return self._known.get(credentials.access_key) if credentials is not None else None

    def assume(self, call: ApiCall) -> dict[str, Any]:
        """AssumeRole, by whom the role's trust policy and their own policies let do that."""
        answer: dict[str, Any] = self._cloud.api.stock(call)
        params = call.params
        tags = tuple((tag["Key"], tag["Value"]) for tag in params.get("Tags") or ())
        policies = str(params["Policy"]) if params.get("Policy") else ""
        session = Principal(params["RoleArn"], params["RoleSessionName"], policies, tags)
        self._known[answer["Credentials"]["AccessKeyId"]] = session
        return answer

    def check(self, principal: Principal, request: Request) -> None:
        """Raises AccessDenied when the trust policy of the role does not let `principal` in."""
        if not self._roles.admits(request.resource, principal, request):
            message = (
                f"User: {principal.arn} is not authorized to perform: {request.action} on resource: {request.resource}"
            )
            raise ApiError("AccessDenied", message, 403, Type="Sender")

    def policy(self, principal: Principal) -> tuple[Statement, ...]:
        """The statements of a session's own policy."""
        if principal.policy not in self._policies:
            self._policies[principal.policy] = parse_document(principal.policy)
        return self._policies[principal.policy]
