"""What is sent to an integration: the mapped body and parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from localcloud.services.rest_api.errors import GatewayError
from localcloud.services.rest_api.exchange import Exchange
from localcloud.services.rest_api.parameters import request_parameters
from localcloud.services.rest_api.templates import TemplateFailed, Templates


@dataclass(frozen=True, slots=True)
class Mapped:
    """An integration request. `parameters` by place: "header", "querystring", "path"; `templated`: a template
    made the body, which is then JSON to whatever stands behind.
    """

    body: str
    parameters: dict[str, dict[str, str]]
    templated: bool


def method_params(exchange: Exchange) -> dict[str, dict[str, str]]:
    """The parameters that $input.params() knows."""
    return {
        "path": dict(exchange.parameters),
        "querystring": dict(exchange.query),
        "header": dict(exchange.request.headers),
    }


def map_request(exchange: Exchange, templates: Templates) -> Mapped:
    """Apply the parameter mappings and the template for the request's media type.

    Raises GatewayError: UNSUPPORTED_MEDIA_TYPE when no template fits and the body may not pass as it is,
    API_CONFIGURATION_ERROR when the template fails.
    """
    integration = exchange.method.integration
    assert integration is not None
    parameters = request_parameters(exchange, integration.parameters)
    template = integration.templates.get(exchange.content_type)
    if template is None:
        template = integration.templates.get("$default")
    if template is None:
        passes = integration.passthrough == "WHEN_NO_MATCH" or (
            integration.passthrough == "WHEN_NO_TEMPLATES" and not integration.templates
        )
        if not passes:
            raise GatewayError("UNSUPPORTED_MEDIA_TYPE")
        return Mapped(exchange.text, parameters, False)
    overrides: dict[str, Any] = {"header": {}, "querystring": {}, "path": {}}
    exchange.context["requestOverride"] = overrides
    try:
        body = templates.render(
            template, exchange.text, method_params(exchange), exchange.context, exchange.stage_variables
        )
    except TemplateFailed as exc:
        raise GatewayError("API_CONFIGURATION_ERROR", detail=str(exc)) from None
    for place, held in parameters.items():
        held.update({name: str(value) for name, value in overrides[place].items()})
    return Mapped(body, parameters, True)
