"""Parameter names: Step Functions writes them all in PascalCase, the services' APIs as they like."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any


def to_api(shape: Any, value: Any) -> Any:
    """`value` with the names that the shape has. A member that the shape does not know keeps its name."""
    if shape is None:
        return value
    if shape.type_name == "structure" and isinstance(value, dict):
        names = {name.lower(): name for name in shape.members}
        found = {}
        for key, inner in value.items():
            name = names.get(key.lower(), key)
            found[name] = to_api(shape.members.get(name), inner)
        return found
    if shape.type_name == "list" and isinstance(value, list):
        return [to_api(shape.member, item) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: to_api(shape.value, inner) for key, inner in value.items()}
    if shape.type_name == "string" and isinstance(value, dict | list):
        return json.dumps(value, separators=(",", ":"))  # a message body or an event's detail, given as JSON
    if shape.type_name == "blob" and not isinstance(value, str | bytes):
        return json.dumps(value, separators=(",", ":")).encode()
    return value


def from_api(shape: Any, value: Any) -> Any:
    """An answer as JSON, with PascalCase names."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if hasattr(value, "read"):
        value = value.read()
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return base64.b64encode(value).decode()
    if isinstance(value, dict):
        structure = shape is not None and shape.type_name == "structure"
        members = shape.members if structure else {}
        return {
            (key[:1].upper() + key[1:] if structure else key): from_api(
                members.get(key) if structure else getattr(shape, "value", None), inner
            )
            for key, inner in value.items()
            if key != "ResponseMetadata"
        }
    if isinstance(value, list | tuple):
        return [from_api(getattr(shape, "member", None), item) for item in value]
    return value
