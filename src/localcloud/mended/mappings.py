"""Event source mappings: what Lambda fills in when it describes them."""

from __future__ import annotations

from typing import Any

from moto.awslambda.models import EventSourceMapping

from localcloud.patching import Patches

_STREAM_DEFAULTS = {
    "BisectBatchOnFunctionError": False,
    "MaximumRecordAgeInSeconds": -1,
    "MaximumRetryAttempts": -1,
    "ParallelizationFactor": 1,
    "TumblingWindowInSeconds": 0,
}


def install(patches: Patches) -> None:
    """Let moto's mappings show it until the patches are undone."""
    stock = EventSourceMapping.get_configuration

    def get_configuration(mapping: Any) -> dict[str, Any]:
        found: dict[str, Any] = {**stock(mapping), "StateTransitionReason": "USER_INITIATED"}
        defaults = {"MaximumBatchingWindowInSeconds": 0}
        if ":sqs:" not in mapping.event_source_arn:
            defaults |= _STREAM_DEFAULTS
        return {**found, **{name: value for name, value in defaults.items() if found.get(name) is None}}

    patches.set(EventSourceMapping, "get_configuration", get_configuration)
