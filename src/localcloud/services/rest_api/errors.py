"""Answers that the gateway gives by itself, and what the API's owner makes of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from localcloud.services.rest_api.definition import Definition


@dataclass(frozen=True, slots=True)
class Kind:
    """A response type with its default status, message and value of x-amzn-ErrorType."""

    status: int
    message: str | None
    error_type: str


# https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
KINDS: Mapping[str, Kind] = {
    "ACCESS_DENIED": Kind(403, "User is not authorized to access this resource", "AccessDeniedException"),
    "API_CONFIGURATION_ERROR": Kind(500, "Internal server error", "InternalServerErrorException"),
    "AUTHORIZER_CONFIGURATION_ERROR": Kind(500, None, "AuthorizerConfigurationException"),
    "AUTHORIZER_FAILURE": Kind(500, None, "AuthorizerFailureException"),
    "BAD_REQUEST_BODY": Kind(400, "Invalid request body", "BadRequestException"),
    "BAD_REQUEST_PARAMETERS": Kind(400, "Missing required request parameters", "BadRequestException"),
    "DEFAULT_5XX": Kind(502, "Internal server error", "InternalServerErrorException"),
    "INTEGRATION_FAILURE": Kind(504, "Network error communicating with endpoint", "InternalServerErrorException"),
    "INTEGRATION_TIMEOUT": Kind(504, "Endpoint request timed out", "InternalServerErrorException"),
    "INVALID_API_KEY": Kind(403, "Forbidden", "ForbiddenException"),
    "MISSING_AUTHENTICATION_TOKEN": Kind(403, "Missing Authentication Token", "MissingAuthenticationTokenException"),
    "QUOTA_EXCEEDED": Kind(429, "Limit Exceeded", "LimitExceededException"),
    "REQUEST_TOO_LARGE": Kind(413, "Request Too Long", "RequestTooLargeException"),
    "THROTTLED": Kind(429, "Too Many Requests", "TooManyRequestsException"),
    "UNAUTHORIZED": Kind(401, "Unauthorized", "UnauthorizedException"),
    "UNSUPPORTED_MEDIA_TYPE": Kind(415, "Unsupported Media Type", "BadRequestException"),
}

# What AWS does not bill: it was refused before it counted as a request.
FREE = frozenset(
    {
        "ACCESS_DENIED", "INVALID_API_KEY", "MISSING_AUTHENTICATION_TOKEN", "QUOTA_EXCEEDED", "THROTTLED",
        "UNAUTHORIZED",
    }
)  # fmt: skip


class GatewayError(Exception):
    """The request ends with one of the gateway's own answers.

    Args:
        kind: a key of KINDS ("THROTTLED").
        message: AWS's wording, when it says more than the kind's default.
        detail: what an execution log would say; never sent to the client.
    """

    def __init__(self, kind: str, message: str | None = None, detail: str = "") -> None:
        default = KINDS[kind]
        self.kind = kind
        self.status = default.status
        self.message = default.message if message is None else message
        self.error_type = default.error_type
        self.detail = detail
        super().__init__(detail or self.message or kind)

    @property
    def message_json(self) -> str:
        return json.dumps(self.message)


def customised(definition: Definition, error: GatewayError) -> tuple[int, Mapping[str, str], Mapping[str, str]]:
    """(status, parameters, templates) of an error: the owner's own for its type, or for all 4XX or 5XX."""
    shared = "DEFAULT_4XX" if error.status < 500 else "DEFAULT_5XX"
    found = definition.gateway_responses.get(error.kind) or definition.gateway_responses.get(shared)
    if found is None:
        return error.status, {}, {}
    return found.status or error.status, found.parameters, found.templates
