"""The resource types that stacks can hold, by name."""

from __future__ import annotations

from collections.abc import Mapping

from localcloud.stacks.types import (
    apis,
    data,
    functions,
    governance,
    messaging,
    observability,
    rest_apis,
    streams,
    workflows,
)
from localcloud.stacks.types.base import Made, Making, ResourceType

_FAMILIES = (apis, data, functions, governance, messaging, observability, rest_apis, streams, workflows)
TYPES: Mapping[str, ResourceType] = {kind.name: kind for module in _FAMILIES for kind in module.ALL}

__all__ = ["TYPES", "Made", "Making", "ResourceType"]
