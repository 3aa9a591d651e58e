"""PartiQL is moto's. What its parser cannot read is refused as DynamoDB refuses what is not well formed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from localcloud.api import ApiCall, ApiError

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_OPERATIONS = ("ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction")


def install(cloud: Cloud) -> None:
    """Answer the operations."""
    for operation in _OPERATIONS:
        cloud.api.register("dynamodb", operation, _guarded(cloud.api.moto))


def _guarded(answer: Callable[[ApiCall], dict[str, Any]]) -> Callable[[ApiCall], dict[str, Any]]:
    def guarded(call: ApiCall) -> dict[str, Any]:
        try:
            return answer(call)
        except (ApiError, ClientError, BotoCoreError):
            raise
        except Exception as exc:
            reason = f" ({type(exc).__name__}: {exc})" if str(exc) else ""
            raise ApiError(
                "ValidationException",
                "Statement wasn't well formed, can't be processed, or is beyond the local cloud's PartiQL: use the "
                f"item operations instead{reason}",
                400,
            ) from exc

    return guarded
