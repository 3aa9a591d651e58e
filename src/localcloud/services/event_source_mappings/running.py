"""What a batch is handed to: the mapping's function, or a pipe that reads like a mapping."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from localcloud.services.lambda_ import InvokeResult
from localcloud.services.lambda_.payloads import Payload
from localcloud.services.lambda_.recursion import Lineage

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


def batch_runner(cloud: Cloud, mapping: Any) -> Callable[[Payload, Lineage], InvokeResult]:
    """Takes a batch as JSON, and the chain of requests it belongs to. It may raise Throttled and ApiError."""
    own: Callable[[bytes], InvokeResult] | None = getattr(mapping, "run", None)
    if own is not None:
        return lambda payload, lineage: own(bytes(payload))
    return lambda payload, lineage: cloud.lambda_.invoke(mapping.function_arn, payload, queued=True, lineage=lineage)
