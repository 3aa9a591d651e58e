"""The resource types that stacks can hold, by name."""

from __future__ import annotations

from collections.abc import Mapping

from localcloud.stacks.types import (
    agents,
    apis,
    billing,
    buckets,
    custom,
    data,
    deployments,
    functions,
    governance,
    messaging,
    nesting,
    observability,
    pipes,
    rest_apis,
    scaling,
    scheduling,
    secrets,
    streams,
    workflows,
)
from localcloud.stacks.types.base import Callback, Made, Making, ResourceFailed, ResourceType

_FAMILIES = (
    agents, apis, billing, buckets, custom, data, deployments, functions, governance, messaging, nesting,
    observability, pipes, rest_apis, scaling, scheduling, secrets, streams, workflows,
)  # fmt: skip
TYPES: Mapping[str, ResourceType] = {kind.name: kind for module in _FAMILIES for kind in module.ALL}


def resource_type(name: str) -> ResourceType | None:
    """The type of that name; None for one that stacks cannot hold."""
    return TYPES.get(custom.CustomResource.name if name.startswith(custom.PREFIX) else name)


def known_type(name: str) -> ResourceType:
    """The type of a resource in a template that has been checked."""
    found = resource_type(name)
    assert found is not None, name
    return found


__all__ = ["TYPES", "Callback", "Made", "Making", "ResourceFailed", "ResourceType", "known_type", "resource_type"]
