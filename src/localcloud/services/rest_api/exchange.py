"""One request on its way through the gateway."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from localcloud.net import HttpRequest
from localcloud.services.rest_api.definition import Definition, Method, Resource

SOURCE_IP = "192.0.2.1"  # every client's address
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass
class Exchange:
    """A request, where it leads, and `context`: the $context variables, filled on the way.

    `charged` says whether AWS bills the request; `integration_us` how long its integration took.
    """

    request: HttpRequest
    definition: Definition
    stage: Any
    resource: Resource
    method: Method
    parameters: dict[str, str]
    context: dict[str, Any]
    charged: bool = True
    integration_us: int | None = None
    detail: str = ""
    usage_key: str = field(default="")  # the key that a Lambda authorizer gave

    @cached_property
    def query_lists(self) -> dict[str, list[str]]:
        many: dict[str, list[str]] = {}
        for name, value in parse_qsl(self.request.query, keep_blank_values=True):
            many.setdefault(name, []).append(value)
        return many

    @cached_property
    def query(self) -> dict[str, str]:
        """Query parameters; the last of several values."""
        return {name: values[-1] for name, values in self.query_lists.items()}

    @property
    def content_type(self) -> str:
        """The media type of the body, without parameters; application/json when the request names none."""
        kind = self.request.headers.get("content-type", "application/json")
        return kind.split(";", 1)[0].strip().lower()

    @property
    def stage_variables(self) -> dict[str, str]:
        return dict(self.stage.variables or {})

    @property
    def is_binary(self) -> bool:
        return matches_media(self.definition.binary_types, self.content_type)

    @cached_property
    def text(self) -> str:
        """The body as text; bytes that are no UTF-8 are replaced, as AWS does without a binary media type."""
        return self.request.body.decode("utf-8", "replace")


def matches_media(types: tuple[str, ...], wanted: str) -> bool:
    """Whether a media type is one of `types`, which may hold "image/*" and "*/*"."""
    family = wanted.split("/", 1)[0] + "/*"
    return any(kind in (wanted, family, "*/*") for kind in types)


def base_context(
    exchange_at: Any,
    request: HttpRequest,
    *,
    account_id: str,
    api_id: str,
    stage: str,
    request_id: str,
    extended_id: str,
    path: str,
) -> dict[str, Any]:
    """The $context variables that stand from the start. `exchange_at` is the time of the request."""
    at = exchange_at
    stamp = f"{at.day:02d}/{_MONTHS[at.month - 1]}/{at.year}:{at.hour:02d}:{at.minute:02d}:{at.second:02d} +0000"
    return {
        "accountId": account_id,
        "apiId": api_id,
        "domainName": request.host,
        "domainPrefix": request.host.split(".")[0],
        "extendedRequestId": extended_id,
        "httpMethod": request.method,
        "identity": {
            "accessKey": None,
            "accountId": None,
            "caller": None,
            "cognitoAuthenticationProvider": None,
            "cognitoAuthenticationType": None,
            "cognitoIdentityId": None,
            "cognitoIdentityPoolId": None,
            "principalOrgId": None,
            "sourceIp": SOURCE_IP,
            "user": None,
            "userAgent": request.headers.get("user-agent"),
            "userArn": None,
        },
        "path": path,
        "protocol": "HTTP/1.1",
        "requestId": request_id,
        "requestTime": stamp,
        "requestTimeEpoch": int(at.timestamp() * 1_000),
        "stage": stage,
    }
