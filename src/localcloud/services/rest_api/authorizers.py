"""Lambda authorizers: TOKEN and REQUEST, with their cache."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiError
from localcloud.services.permissions import function_of, gateway_may_invoke
from localcloud.services.rest_api.definition import Authorizer
from localcloud.services.rest_api.errors import GatewayError
from localcloud.services.rest_api.exchange import Exchange
from localcloud.services.rest_api.parameters import request_value
from localcloud.services.rest_api.payload import request_fields
from localcloud.services.variables import substituted

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_INVOKE = "execute-api:Invoke"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an authorizer answered."""

    statements: tuple[Mapping[str, Any], ...]
    context: Mapping[str, Any]
    usage_key: str


class LambdaAuthorizers:
    """Asks authorizer functions, and remembers their answers for as long as the authorizer says."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._cache: dict[tuple[str, ...], tuple[int, Verdict]] = {}

    def authorize(self, exchange: Exchange) -> None:
        """Let the request pass, or raise GatewayError.

        UNAUTHORIZED without its identity sources, ACCESS_DENIED when the policy says so, AUTHORIZER_FAILURE and
        AUTHORIZER_CONFIGURATION_ERROR when the function fails or answers something else than a policy.
        """
        authorizer = exchange.definition.authorizers.get(exchange.method.authorizer_id)
        if authorizer is None or authorizer.kind not in ("TOKEN", "REQUEST"):
            raise GatewayError("AUTHORIZER_CONFIGURATION_ERROR", detail="no Lambda authorizer of that id")
        identity = self._identity(exchange, authorizer)
        arn = self._method_arn(exchange)
        verdict = self._verdict(exchange, authorizer, identity, arn)
        exchange.context["authorizer"] = dict(verdict.context)
        exchange.usage_key = verdict.usage_key if exchange.definition.key_source == "AUTHORIZER" else ""
        _judge(verdict, arn)

    def _identity(self, exchange: Exchange, authorizer: Authorizer) -> tuple[str, ...]:
        sources = authorizer.sources
        if authorizer.kind == "TOKEN" and not sources:
            sources = ("method.request.header.Authorization",)
        if authorizer.kind == "REQUEST" and not authorizer.ttl_s:
            return ()  # without a cache no identity source is asked for
        found = tuple(request_value(exchange, source) or "" for source in sources)
        if not all(found):
            raise GatewayError("UNAUTHORIZED", detail="an identity source is missing")
        checked = authorizer.kind == "TOKEN" and authorizer.validation
        if checked and re.fullmatch(authorizer.validation, found[0]) is None:
            raise GatewayError("UNAUTHORIZED", detail="the token does not match")
        return found

    def _method_arn(self, exchange: Exchange) -> str:
        cloud = self._cloud
        return (
            f"arn:aws:execute-api:{cloud.region}:{cloud.account_id}:{exchange.definition.api_id}/"
            f"{exchange.stage.name}/{exchange.request.method}/{exchange.context['relativePath'].lstrip('/')}"
        )

    def _verdict(self, exchange: Exchange, authorizer: Authorizer, identity: tuple[str, ...], arn: str) -> Verdict:
        key = (exchange.definition.api_id, exchange.stage.name, authorizer.id, *identity)
        kept = self._cache.get(key)
        if authorizer.ttl_s and kept is not None and kept[0] > self._cloud.kernel.now_us:
            return kept[1]
        verdict = self._ask(exchange, authorizer, identity, arn)
        if authorizer.ttl_s:
            self._cache[key] = self._cloud.kernel.now_us + authorizer.ttl_s * 1_000_000, verdict
        return verdict

    def _ask(self, exchange: Exchange, authorizer: Authorizer, identity: tuple[str, ...], arn: str) -> Verdict:
        cloud = self._cloud
        function = function_of(substituted(authorizer.uri, exchange.context, exchange.stage_variables, ""))
        api_id = exchange.definition.api_id
        source = f"arn:aws:execute-api:{cloud.region}:{cloud.account_id}:{api_id}/authorizers/{authorizer.id}"
        if not gateway_may_invoke(cloud, function, source):
            raise GatewayError("AUTHORIZER_CONFIGURATION_ERROR", detail="no permission to invoke the authorizer")
        event: dict[str, Any] = {"type": authorizer.kind, "methodArn": arn}
        if authorizer.kind == "TOKEN":
            event["authorizationToken"] = identity[0]
        else:
            event |= request_fields(exchange)
        started_us = cloud.kernel.now_us
        try:
            result = cloud.lambda_.invoke(function, json.dumps(event).encode())
        except ApiError as exc:
            raise GatewayError("AUTHORIZER_FAILURE", detail=exc.message) from None
        if result.function_error is not None:
            message = _parsed(result.payload).get("errorMessage")
            if message == "Unauthorized":  # the one message by which a function says 401
                raise GatewayError("UNAUTHORIZED")
            raise GatewayError("AUTHORIZER_FAILURE", detail=str(message))
        return _read(_parsed(result.payload), (cloud.kernel.now_us - started_us) // 1_000)


def _parsed(payload: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(payload or b"null")
    except ValueError:
        parsed = None
    return parsed if isinstance(parsed, dict) else {}


def _read(answer: dict[str, Any], latency_ms: int) -> Verdict:
    policy, principal = answer.get("policyDocument"), answer.get("principalId")
    statements = policy.get("Statement") if isinstance(policy, dict) else None
    if isinstance(statements, dict):
        statements = [statements]
    context = answer.get("context") or {}
    flat = isinstance(context, dict) and not any(isinstance(value, dict | list) for value in context.values())
    if not isinstance(principal, str) or not isinstance(statements, list) or not flat:
        raise GatewayError("AUTHORIZER_CONFIGURATION_ERROR", detail="the answer is no policy")
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in context.items()}
    return Verdict(
        tuple(statements),
        {**texts, "principalId": principal, "integrationLatency": latency_ms},
        str(answer.get("usageIdentifierKey") or ""),
    )


def _judge(verdict: Verdict, arn: str) -> None:
    allowed = False
    for statement in verdict.statements:
        if not (_any(statement.get("Action"), _INVOKE) and _any(statement.get("Resource"), arn)):
            continue
        if statement.get("Effect") == "Deny":
            raise GatewayError("ACCESS_DENIED", "User is not authorized to access this resource with an explicit deny")
        allowed = allowed or statement.get("Effect") == "Allow"
    if not allowed:
        raise GatewayError("ACCESS_DENIED")


def _any(patterns: Any, value: str) -> bool:
    choices = patterns if isinstance(patterns, list) else [patterns]
    return any(fnmatchcase(value.lower(), str(choice).lower()) for choice in choices)
