"""The resource types that stacks can hold, by name."""

from __future__ import annotations

from collections.abc import Mapping

from localcloud.stacks.types import apis, data, functions, governance, messaging, rest_apis, streams
from localcloud.stacks.types.base import Made, Making, ResourceType

TYPES: Mapping[str, ResourceType] = {
    kind.name: kind
    for module in (apis, data, functions, governance, messaging, rest_apis, streams)
    for kind in module.ALL
}

__all__ = ["TYPES", "Made", "Making", "ResourceType"]
