"""The policies of roles, read from moto's state at the moment of use."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from moto.iam.exceptions import NotFoundException
from moto.iam.models import IAMBackend, iam_backends

from localcloud.principals import Principal
from localcloud.services.iam.statements import Effect, Request, Statement, parse_document


@dataclass(frozen=True, slots=True)
class RolePolicies:
    """What a role may do: what its policies allow, within its permissions boundary where it has one."""

    identity: tuple[Statement, ...]
    boundary: tuple[Statement, ...] | None


class Roles:
    """Looks roles up by their ARNs."""

    def __init__(self, account_id: str) -> None:
        self._account_id = account_id
        self._known: dict[str, tuple[Any, RolePolicies]] = {}  # by ARN, with what they were read from
        self._trust: dict[str, tuple[Statement, ...]] = {}  # by document

    @cached_property
    def backend(self) -> IAMBackend:
        found: IAMBackend = iam_backends[self._account_id]["aws"]
        return found

    def _model(self, arn: str) -> Any | None:
        # moto's own search walks through all roles
        return next((role for role in self.backend.roles.values() if role.arn == arn), None)

    def policies(self, arn: str) -> RolePolicies:
        """Those of a role as they are now; none when it does not exist any more."""
        known = self._known.get(arn)
        role = known[0][0] if known is not None else self._model(arn)
        if role is None or self.backend.roles.get(role.id) is not role:
            role = self._model(arn)
        if role is None:
            return RolePolicies((), None)
        managed = [(policy.arn, policy.default_version_id) for policy in role.managed_policies.values()]
        boundary = role.permissions_boundary_arn
        bounding = self._bounding(boundary)
        source = (role, dict(role.policies), managed, boundary, bounding and bounding.default_version_id)
        if known is not None and known[0] == source:
            return known[1]
        documents = [*role.policies.values(), *(_document(policy) for policy in role.managed_policies.values())]
        found = RolePolicies(
            tuple(statement for document in documents for statement in parse_document(document)),
            None if boundary is None else () if bounding is None else parse_document(_document(bounding)),
        )
        self._known[arn] = source, found
        return found

    def tags(self, arn: str) -> dict[str, str]:
        """The tags of a role."""
        role = self._model(arn)
        given = [] if role is None else role.tags
        found = given.values() if isinstance(given, dict) else given  # moto keeps them either way
        return {tag["Key"]: tag["Value"] for tag in found}

    def admits(self, arn: str, principal: Principal, request: Request) -> bool:
        """Whether the trust policy of a role lets another role assume it; False when there is no such role."""
        role = self._model(arn)
        document = role.assume_role_policy_document if role is not None else None
        found = [one for one in parse_document(document or "{}") if one.admits(principal) and one.concerns(request)]
        return bool(found) and all(one.effect is Effect.ALLOW for one in found)

    def trusts(self, arn: str, service: str) -> bool:
        """Whether a service may assume the role; False when there is no such role."""
        role = self._model(arn)
        if role is None:
            return False
        document = role.assume_role_policy_document
        if document not in self._trust:
            self._trust[document] = parse_document(document or "{}")
        # under which conditions is known only when it is assumed
        found = [one for one in self._trust[document] if one.trusts(service) and one.names_action("sts:AssumeRole")]
        return bool(found) and all(one.effect is Effect.ALLOW for one in found)

    def _bounding(self, arn: str | None) -> Any | None:
        """The policy that is a role's permissions boundary."""
        if arn is None:
            return None
        try:
            return self.backend.get_policy(arn)
        except NotFoundException:
            return None


def _document(policy: Any) -> str:
    text: str = next(version.document for version in policy.versions if version.version_id == policy.default_version_id)
    return text
