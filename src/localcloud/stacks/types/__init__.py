"""The resource types that stacks can hold, by name."""

from __future__ import annotations

from collections.abc import Mapping

from localcloud.stacks.types import (
    agents,
    apis,
    data,
    functions,
    governance,
    messaging,
    observability,
    pipes,
    rest_apis,
    scheduling,
    streams,
    workflows,
)
from localcloud.stacks.types.base import Made, Making, ResourceType

_FAMILIES = (
    agents, apis, data, functions, governance, messaging, observability, pipes, rest_apis, scheduling, streams,
    workflows,
)  # fmt: skip
TYPES: Mapping[str, ResourceType] = {kind.name: kind for module in _FAMILIES for kind in module.ALL}

__all__ = ["TYPES", "Made", "Making", "ResourceType"]
