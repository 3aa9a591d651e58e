"""From an integration's answer to the method's response."""

from __future__ import annotations

import re
from collections.abc import Sequence

from localcloud.net import HttpResponse
from localcloud.services.rest_api.definition import IntegrationResponse
from localcloud.services.rest_api.errors import GatewayError
from localcloud.services.rest_api.exchange import Exchange
from localcloud.services.rest_api.integrations.calls import Answer
from localcloud.services.rest_api.integrations.requests import method_params
from localcloud.services.rest_api.parameters import response_headers
from localcloud.services.rest_api.templates import TemplateFailed, Templates

_JSON = "application/json"


def map_response(exchange: Exchange, answer: Answer, templates: Templates) -> HttpResponse:
    """Choose the integration response and apply it. Raises GatewayError when none fits or its template fails."""
    integration = exchange.method.integration
    assert integration is not None
    chosen = _choose(integration.responses, answer.pattern)
    if chosen is None:
        raise GatewayError(
            "API_CONFIGURATION_ERROR", detail="No match for output mapping and no default was configured"
        )
    headers = response_headers(exchange, chosen.parameters, answer.headers, answer.body)
    accept = exchange.request.headers.get("accept", _JSON).split(",", 1)[0].split(";", 1)[0].strip()
    kind = next((name for name in (accept, _JSON, *chosen.templates) if name in chosen.templates), None)
    status = chosen.status
    override = exchange.context["responseOverride"] = {"header": {}, **exchange.context.get("responseOverride", {})}
    template = chosen.templates.get(kind) if kind is not None else None
    if template:
        try:
            text = templates.render(
                template, answer.body, method_params(exchange), exchange.context, exchange.stage_variables
            )
        except TemplateFailed as exc:
            raise GatewayError("API_CONFIGURATION_ERROR", detail=str(exc)) from None
        content = text.encode()
    else:
        content = answer.raw if answer.raw is not None else answer.body.encode()
    if "status" in override:
        status = int(override["status"])
    headers.update({str(name).lower(): str(value) for name, value in override["header"].items()})
    headers.setdefault("content-type", kind or answer.headers.get("content-type", _JSON))
    return HttpResponse(status, headers, content)


def _choose(responses: Sequence[IntegrationResponse], value: str) -> IntegrationResponse | None:
    """The first response whose pattern matches the whole value, else the default."""
    for response in responses:
        if response.pattern and value:
            try:
                if re.fullmatch(response.pattern, value):
                    return response
            except re.error:
                continue  # no regular expression: it matches nothing
    return next((response for response in responses if not response.pattern), None)
