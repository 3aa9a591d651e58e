"""What the types of API Gateway share: names, patch operations, values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from localcloud.stacks.types.base import Making

API_ID = "RestApiId"


def client_of(making: Making) -> Any:
    return making.client("apigateway")


def api_of(making: Making) -> str:
    return str(making.properties[API_ID])


def replacing(path: str, value: Any) -> dict[str, str]:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return {"op": "replace", "path": path, "value": text}


def escaped(part: Any) -> str:
    """A part of a patch operation's path."""
    return str(part).replace("~", "~0").replace("/", "~1")


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def is_needed(value: Any) -> Any:
    """A parameter is named with whether it must be there, which may stand in an object."""
    return value.get("Required", False) if isinstance(value, Mapping) else value


def lower_names(members: Mapping[str, Any]) -> dict[str, Any]:
    """The first level only: what lies below are names of the user's own."""
    return {key[:1].lower() + key[1:]: value for key, value in members.items()}
