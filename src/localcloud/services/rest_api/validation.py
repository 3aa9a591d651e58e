"""Request validators: required parameters, and bodies against models (JSON schema draft 4)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from localcloud.services.rest_api.definition import Definition
from localcloud.services.rest_api.errors import GatewayError
from localcloud.services.rest_api.exchange import Exchange


def validate(exchange: Exchange) -> None:
    """Raise GatewayError for a request that the method's validator refuses. Parameters come first."""
    body, parameters = exchange.definition.validators.get(exchange.method.validator_id, (False, False))
    if parameters:
        _check_parameters(exchange)
    if body:
        _check_body(exchange)


def _check_parameters(exchange: Exchange) -> None:
    missing = []
    for name in exchange.method.required:
        _, _, where, key = name.split(".", 3)
        held: Mapping[str, Any] = {
            "header": exchange.request.headers,
            "querystring": exchange.query,
            "path": exchange.parameters,
        }[where]
        if not held.get(key.lower() if where == "header" else key):
            missing.append(key)
    if missing:
        listed = ", ".join(missing)
        raise GatewayError("BAD_REQUEST_PARAMETERS", f"Missing required request parameters: [{listed}]")


def _check_body(exchange: Exchange) -> None:
    models = exchange.method.models
    name = models.get(exchange.content_type) or models.get("$default")
    schema = exchange.definition.models.get(name) if name else None
    if schema is None:
        return
    try:
        body = json.loads(exchange.request.body or b"null")
    except ValueError:
        raise GatewayError("BAD_REQUEST_BODY") from None
    if not exchange.request.body and schema:
        raise GatewayError("BAD_REQUEST_BODY", detail="the body is empty")
    findings = _findings(exchange.definition, schema, body)
    if findings:
        exchange.context["error"] = {"validationErrorString": f"[{', '.join(findings)}]"}
        raise GatewayError("BAD_REQUEST_BODY", detail=findings[0])


def _findings(definition: Definition, schema: Any, body: Any) -> list[str]:
    from jsonschema import Draft4Validator
    from jsonschema.exceptions import SchemaError

    resolved = _resolved(schema, definition.models, ())
    try:
        Draft4Validator.check_schema(resolved)
    except SchemaError as exc:
        raise GatewayError("API_CONFIGURATION_ERROR", detail=f"the model is no JSON schema: {exc.message}") from None
    return [error.message for error in Draft4Validator(resolved).iter_errors(body)]


def _resolved(schema: Any, models: Mapping[str, Any], under: tuple[str, ...]) -> Any:
    """The schema with references to other models of the API put in; a model inside itself stays open."""
    if isinstance(schema, list):
        return [_resolved(item, models, under) for item in schema]
    if not isinstance(schema, dict):
        return schema
    reference = schema.get("$ref")
    if isinstance(reference, str) and "/" in reference and not reference.startswith("#/properties"):
        name = reference.rsplit("/", 1)[-1]
        if name in under:
            return {}
        if name in models:
            return _resolved(models[name], models, (*under, name))
    return {key: _resolved(value, models, under) for key, value in schema.items() if key != "$schema"}
