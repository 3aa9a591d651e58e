"""A mapping as Lambda's API describes it: moto leaves defaults out, and what became of the last batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NOTHING_YET = "No records processed"

_OF_ALL: Mapping[str, Any] = {"FunctionResponseTypes": [], "MaximumBatchingWindowInSeconds": 0}
_OF_STREAMS: Mapping[str, Any] = {
    "BisectBatchOnFunctionError": False,
    "DestinationConfig": {"OnFailure": {}},
    "MaximumRecordAgeInSeconds": -1,
    "MaximumRetryAttempts": -1,
    "ParallelizationFactor": 1,
    "TumblingWindowInSeconds": 0,
}


def described(answer: Mapping[str, Any], last_result: str | None, state: str | None = None) -> dict[str, Any]:
    """moto's answer with what it leaves out. `state`: the one that the operation has just begun ("Creating")."""
    defaults = dict(_OF_ALL)
    if last_result is not None:
        defaults |= {**_OF_STREAMS, "LastProcessingResult": last_result}
    found = {**defaults, **answer, "StateTransitionReason": "USER_INITIATED"}
    return {**found, "State": state} if state else found
