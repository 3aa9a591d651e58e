"""Policy documents and what they say of a request."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from localcloud.principals import Principal
from localcloud.services.iam.conditions import Context, as_list, filled, hold, is_about, wildcards

_WITH_VARIABLES = "2012-10-17"


class Effect(Enum):
    """What a policy says. None of both is an implicit deny."""

    ALLOW = "Allow"
    DENY = "Deny"


@dataclass(frozen=True, slots=True)
class Request:
    """`action` on `resource`, an ARN or "*"; "" when it is not known what the call is about."""

    action: str
    resource: str
    context: Context


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy document. Empty members were not given."""

    effect: Effect
    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    resources: tuple[str, ...]
    not_resources: tuple[str, ...]
    conditions: Mapping[str, Any]
    principal: Any
    not_principal: Any = None
    variables: bool = False  # only the newer version of the language has them

    @classmethod
    def parse(cls, given: Mapping[str, Any], variables: bool = False) -> Statement:
        def texts(name: str) -> tuple[str, ...]:
            return tuple(str(value) for value in as_list(given.get(name)))

        return cls(
            Effect(given.get("Effect", "Allow")),
            texts("Action"),
            texts("NotAction"),
            texts("Resource"),
            texts("NotResource"),
            given.get("Condition") or {},
            given.get("Principal"),
            given.get("NotPrincipal"),
            variables,
        )

    @property
    def depends(self) -> bool:
        """Whether more than action and resource decide."""
        texts = (*self.resources, *self.not_resources) if self.variables else ()
        return bool(self.conditions) or any("${" in text for text in texts)

    def concerns(self, request: Request) -> bool:
        """Whether it says anything of the request."""
        return self.names_action(request.action) and self._names_resource(request) and self._holds(request)

    def names_action(self, action: str) -> bool:
        """Whether it is about an action; small and capital letters are the same."""
        if self.not_actions:
            return not any(wildcards(pattern, True).fullmatch(action) for pattern in self.not_actions)
        return any(wildcards(pattern, True).fullmatch(action) for pattern in self.actions)

    def _names_resource(self, request: Request) -> bool:
        if not request.resource:
            # not known: it may be the one that is meant, so allow it, and deny only what denies all
            return self.effect is Effect.ALLOW or "*" in self.resources
        if self.not_resources:
            return not any(self._is(pattern, request) for pattern in self.not_resources)
        # a trust policy names no resource
        return not self.resources or any(self._is(pattern, request) for pattern in self.resources)

    def _is(self, pattern: str, request: Request) -> bool:
        wanted = filled(pattern, request.context) if self.variables else pattern
        return wanted is not None and is_about(wanted, request.resource)

    def _holds(self, request: Request) -> bool:
        return not self.conditions or hold(self.conditions, request.context, self.variables)

    def names(self, principal: Principal) -> bool:
        """Whether it is about this principal. An account alone only lets its own policies decide, but a deny of an
        account is one of all who are in it.
        """
        if self.not_principal is not None:
            return not self._is_among(principal, self.not_principal)
        among = self._is_among(principal, self.principal)
        return among or (self.effect is Effect.DENY and self._names_account(principal))

    def admits(self, principal: Principal) -> bool:
        """Whether it is about this principal or its account."""
        return self.names(principal) or self._names_account(principal)

    def _names_account(self, principal: Principal) -> bool:
        found = as_list(self.principal.get("AWS")) if isinstance(self.principal, Mapping) else []
        account = (principal.account_id, f"arn:aws:iam::{principal.account_id}:root")
        return any(one in account for one in found)

    def names_role_only(self, principal: Principal) -> bool:
        """Whether it is about the role of this principal, and not about its session: a boundary bounds that."""
        if not isinstance(self.principal, Mapping):
            return False
        found = as_list(self.principal.get("AWS"))
        return principal.role_arn in found and principal.arn not in found and "*" not in found

    @staticmethod
    def _is_among(principal: Principal, given: Any) -> bool:
        if given == "*":
            return True
        found = as_list(given.get("AWS")) if isinstance(given, Mapping) else []
        return any(one in ("*", principal.role_arn, principal.arn) for one in found)

    def trusts(self, service: str) -> bool:
        """Whether it is about a service, such as "lambda.amazonaws.com"."""
        if self.principal == "*":
            return True
        return isinstance(self.principal, Mapping) and service in as_list(self.principal.get("Service"))


def parse_document(document: str | bytes | Mapping[str, Any]) -> tuple[Statement, ...]:
    """The statements of a document, as JSON text or parsed."""
    parsed = json.loads(document) if isinstance(document, str | bytes) else document
    variables = parsed.get("Version") == _WITH_VARIABLES
    return tuple(Statement.parse(statement, variables) for statement in as_list(parsed.get("Statement")))


def effect_of(statements: Iterable[Statement], request: Request) -> Effect | None:
    """What the statements say together: a deny wins."""
    found = None
    for statement in statements:
        if statement.concerns(request):
            if statement.effect is Effect.DENY:
                return Effect.DENY
            found = Effect.ALLOW
    return found
