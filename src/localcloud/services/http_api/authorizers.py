"""Lambda authorizers of HTTP APIs: simple answers and policies, with their cache."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiError
from localcloud.net import HttpResponse
from localcloud.services.http_api.proxy import FAILED, refusal
from localcloud.services.http_api.sources import Sources
from localcloud.services.permissions import function_of, gateway_may_invoke

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_UNAUTHORIZED = refusal(401, "Unauthorized")
_FORBIDDEN = refusal(403, "Forbidden")


class Refused(Exception):
    """The request may not pass; `answer` is what its client gets."""

    def __init__(self, answer: HttpResponse) -> None:
        super().__init__(str(answer.status))
        self.answer = answer


class LambdaAuthorizers:
    """Asks authorizer functions, and remembers their answers for as long as the authorizer says."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._cache: dict[tuple[str, ...], tuple[int, bool, dict[str, Any]]] = {}

    def authorize(self, api_id: str, authorizer: Any, sources: Sources, event: dict[str, Any]) -> dict[str, Any]:
        """The authorizer's context for the integration. Raises Refused.

        `event` is the request's as the function gets it; 401 when an identity source is missing, 403 when the
        function says no, 500 when it fails or answers something else.
        """
        identity = [sources.value(source) for source in authorizer.identity_source or ()]
        if not all(identity):
            raise Refused(_UNAUTHORIZED)
        found = [value or "" for value in identity]
        ttl_s = int(authorizer.auth_result_ttl or 0)
        key = (api_id, authorizer.id, *found)
        now_us = self._cloud.kernel.now_us
        kept = self._cache.get(key) if ttl_s else None
        if kept is None or kept[0] <= now_us:
            allowed, context = self._ask(api_id, authorizer, found, event)
            kept = now_us + ttl_s * 1_000_000, allowed, context
            if ttl_s:
                self._cache[key] = kept
        if not kept[1]:
            raise Refused(_FORBIDDEN)
        return kept[2]

    def _ask(
        self, api_id: str, authorizer: Any, identity: list[str], event: dict[str, Any]
    ) -> tuple[bool, dict[str, Any]]:
        cloud = self._cloud
        function = function_of(authorizer.authorizer_uri or "")
        source = f"arn:aws:execute-api:{cloud.region}:{cloud.account_id}:{api_id}/authorizers/{authorizer.id}"
        if not authorizer.auth_creds_arn and not gateway_may_invoke(cloud, function, source):
            raise Refused(FAILED)
        context = event["requestContext"]
        method = context.get("http", context).get("method") or context.get("httpMethod")
        path = event.get("rawPath") or event.get("path") or "/"
        arn = (
            f"arn:aws:execute-api:{cloud.region}:{cloud.account_id}:{api_id}/{context['stage']}/{method}"
            f"/{path.removeprefix('/' + context['stage']).lstrip('/')}"
        )
        asked = {name: value for name, value in event.items() if name not in ("body", "isBase64Encoded")}
        asked |= {"type": "REQUEST", "routeArn": arn, "identitySource": identity}
        if authorizer.auth_payload_format_version == "1.0":
            asked |= {"methodArn": arn, "identitySource": ",".join(identity)}
        try:
            result = cloud.lambda_.invoke(function, json.dumps(asked).encode())
        except ApiError:
            raise Refused(FAILED) from None
        if result.function_error is not None:
            message = json.loads(result.payload).get("errorMessage")
            raise Refused(_UNAUTHORIZED if message == "Unauthorized" else FAILED)
        answer = json.loads(result.payload or b"null")
        if not isinstance(answer, Mapping):
            raise Refused(FAILED)
        extra = answer.get("context") or {}
        if authorizer.enable_simple_response:
            if not isinstance(answer.get("isAuthorized"), bool):
                raise Refused(FAILED)
            return answer["isAuthorized"], {"lambda": extra}
        return _allowed(answer, arn), {"lambda": extra}


def described(authorizer: Any) -> dict[str, Any]:
    """moto's authorizer as the API's clients see it."""
    members = {name: value for name, value in authorizer.to_json().items() if value is not None}
    if "jwtConfiguration" in members:
        members["jwtConfiguration"] = _capitalised(members["jwtConfiguration"])
    return _capitalised(members)


def _capitalised(value: Mapping[str, Any]) -> dict[str, Any]:
    return {name[:1].upper() + name[1:]: inner for name, inner in value.items()}


def _allowed(answer: Mapping[str, Any], arn: str) -> bool:
    """What a policy says of the route; a Deny wins."""
    policy = answer.get("policyDocument")
    statements = policy.get("Statement") if isinstance(policy, Mapping) else None
    if not isinstance(statements, list) or not isinstance(answer.get("principalId"), str):
        raise Refused(FAILED)
    effects = [
        statement.get("Effect")
        for statement in statements
        if _any(statement.get("Resource"), arn) and _any(statement.get("Action"), "execute-api:Invoke")
    ]
    return "Allow" in effects and "Deny" not in effects


def _any(patterns: Any, value: str) -> bool:
    choices = patterns if isinstance(patterns, list) else [patterns]
    return any(fnmatchcase(value.lower(), str(choice).lower()) for choice in choices)
