"""What a deployment keeps of an API: a copy that later changes of the API do not reach."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class IntegrationResponse:
    """How an integration's answer becomes the method's: `pattern` None makes it the default."""

    status: int
    pattern: str | None
    templates: Mapping[str, str]
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Integration:
    """What stands behind a method. `kind` is AWS, AWS_PROXY, HTTP, HTTP_PROXY or MOCK."""

    kind: str
    uri: str
    http_method: str
    credentials: str
    passthrough: str
    templates: Mapping[str, str]
    parameters: Mapping[str, str]
    timeout_ms: int | None
    responses: tuple[IntegrationResponse, ...]


@dataclass(frozen=True, slots=True)
class Method:
    """One method of a resource; `verb` may be ANY."""

    verb: str
    authorization: str
    authorizer_id: str
    needs_key: bool
    required: tuple[str, ...]
    models: Mapping[str, str]
    validator_id: str
    integration: Integration | None


@dataclass(frozen=True, slots=True)
class Resource:
    """A path with its methods, by verb."""

    id: str
    path: str
    methods: Mapping[str, Method]


@dataclass(frozen=True, slots=True)
class Authorizer:
    """`kind` is TOKEN, REQUEST or COGNITO_USER_POOLS; `ttl_s` 0 keeps no answers."""

    id: str
    kind: str
    uri: str
    sources: tuple[str, ...]
    validation: str
    ttl_s: int


@dataclass(frozen=True, slots=True)
class GatewayResponse:
    """What the owner made of an answer that the gateway gives by itself."""

    status: int | None
    parameters: Mapping[str, str]
    templates: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Definition:
    """An API as it was deployed."""

    api_id: str
    name: str
    resources: tuple[Resource, ...]
    models: Mapping[str, Any]
    validators: Mapping[str, tuple[bool, bool]]  # (body, parameters) by validator id
    authorizers: Mapping[str, Authorizer]
    gateway_responses: Mapping[str, GatewayResponse]
    binary_types: tuple[str, ...] = ()
    key_source: str = "HEADER"
    created_us: int = field(default=0, compare=False)


_DEFAULT_TTL_S = 300  # AuthorizerResultTtlInSeconds when none is given


def snapshot(api: Any, created_us: int = 0) -> Definition:
    """Copy moto's API as it stands now."""
    return Definition(
        api_id=api.id,
        name=api.name,
        resources=tuple(
            Resource(
                item.id,
                item.get_path(),
                {verb: _method(found) for verb, found in item.resource_methods.items()},
            )
            for item in api.resources.values()
        ),
        models={name: _schema(model.schema) for name, model in api.models.items()},
        validators={
            key: (_true(item.validate_request_body), _true(item.validate_request_parameters))
            for key, item in api.request_validators.items()
        },
        authorizers={key: _authorizer(item) for key, item in api.authorizers.items()},
        gateway_responses={
            key: GatewayResponse(
                int(item.status_code) if item.status_code else None,
                dict(item.response_parameters or {}),
                dict(item.response_templates or {}),
            )
            for key, item in api.gateway_responses.items()
        },
        binary_types=tuple(api.binaryMediaTypes or ()),
        key_source=api.api_key_source or "HEADER",
        created_us=created_us,
    )


def _true(value: Any) -> bool:
    return value if isinstance(value, bool) else str(value).lower() == "true"


def _schema(text: Any) -> Any:
    """A model's schema; one that is not JSON validates nothing, as "{}" does."""
    if not isinstance(text, str):
        return text or {}
    try:
        return json.loads(text)
    except ValueError:
        return {}


def _method(item: Any) -> Method:
    parameters = item.request_parameters or {}
    return Method(
        verb=item.http_method,
        authorization=item.authorization_type or "NONE",
        authorizer_id=item.authorizer_id or "",
        needs_key=_true(item.api_key_required),
        required=tuple(name for name, needed in parameters.items() if _true(needed)),
        models=dict(item.request_models or {}),
        validator_id=item.request_validator_id or "",
        integration=_integration(item.method_integration) if item.method_integration else None,
    )


def _integration(item: Any) -> Integration:
    responses = (item.integration_responses or {}).values()
    return Integration(
        kind=item.integration_type,
        uri=item.uri or "",
        http_method=item.http_method or "",
        credentials=item.credentials or "",
        passthrough=item.passthrough_behaviour or "WHEN_NO_MATCH",
        templates={kind: text or "" for kind, text in (item.request_templates or {}).items()},
        parameters=dict(item.request_parameters or {}),
        timeout_ms=int(item.timeout_in_millis) if item.timeout_in_millis else None,
        responses=tuple(
            IntegrationResponse(
                int(each.status_code),
                each.selection_pattern or None,
                {kind: text or "" for kind, text in (each.response_templates or {}).items()},
                dict(each.response_parameters or {}),
            )
            for each in responses
        ),
    )


def _authorizer(item: Any) -> Authorizer:
    ttl = item.authorizer_result_ttl
    sources = item.identity_source or ""
    return Authorizer(
        id=item.id,
        kind=item.type,
        uri=item.authorizer_uri or "",
        sources=tuple(part.strip() for part in sources.split(",") if part.strip()),
        validation=item.identity_validation_expression or "",
        ttl_s=_DEFAULT_TTL_S if ttl is None else int(ttl),
    )
