"""Policy documents and what they say of a request."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from localcloud.principals import Principal
from localcloud.services.iam.conditions import Context, as_list, hold, wildcards


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

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> Statement:
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
        )

    def concerns(self, request: Request) -> bool:
        """Whether it says anything of the request."""
        return self.names_action(request.action) and self._names_resource(request.resource) and self._holds(request)

    def names_action(self, action: str) -> bool:
        """Whether it is about an action; small and capital letters are the same."""
        if self.not_actions:
            return not any(wildcards(pattern, True).fullmatch(action) for pattern in self.not_actions)
        return any(wildcards(pattern, True).fullmatch(action) for pattern in self.actions)

    def _names_resource(self, resource: str) -> bool:
        if not resource:  # not known: it may be the one that is meant, so allow it, and deny only what denies all
            return self.effect is Effect.ALLOW or "*" in self.resources
        if self.not_resources:
            return not any(wildcards(pattern).fullmatch(resource) for pattern in self.not_resources)
        # a trust policy names no resource
        return not self.resources or any(wildcards(pattern).fullmatch(resource) for pattern in self.resources)

    def _holds(self, request: Request) -> bool:
        return not self.conditions or hold(self.conditions, request.context)

    def names(self, principal: Principal) -> bool:
        """Whether it is about this principal itself. An account alone only lets its own policies decide."""
        if self.principal == "*":
            return True
        found = as_list(self.principal.get("AWS")) if isinstance(self.principal, Mapping) else []
        return any(one in ("*", principal.role_arn, principal.arn) for one in found)

    def trusts(self, service: str) -> bool:
        """Whether it is about a service, such as "lambda.amazonaws.com"."""
        if self.principal == "*":
            return True
        return isinstance(self.principal, Mapping) and service in as_list(self.principal.get("Service"))


def parse_document(document: str | bytes | Mapping[str, Any]) -> tuple[Statement, ...]:
    """The statements of a document, as JSON text or parsed."""
    parsed = json.loads(document) if isinstance(document, str | bytes) else document
    return tuple(Statement.parse(statement) for statement in as_list(parsed.get("Statement")))


def effect_of(statements: Iterable[Statement], request: Request) -> Effect | None:
    """What the statements say together: a deny wins."""
    found = None
    for statement in statements:
        if statement.concerns(request):
            if statement.effect is Effect.DENY:
                return Effect.DENY
            found = Effect.ALLOW
    return found
