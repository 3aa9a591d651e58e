"""What requests to S3 cost. Everything else about S3 is moto's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.api import ApiCall, ApiError

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

# PUT, COPY, POST and LIST requests have one price, GET and all others another; deletions cost nothing.
_PUTS = ("Put", "Copy", "Create", "Upload", "Complete", "List", "Restore", "Write")
_FREE = ("Delete", "Abort")


class S3Requests:
    """Meters `s3.puts` and `s3.gets` by bucket: of every request that S3 answered, refusals included."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def install(self) -> None:
        """Hear of every call."""
        self._cloud.api.on_call(self._on_call, "s3")

    def _on_call(self, call: ApiCall, answer: dict[str, Any] | ApiError, duration_us: int) -> None:
        if call.operation.startswith(_FREE):
            return
        if isinstance(answer, ApiError) and answer.status >= 500:
            return
        item = "s3.puts" if call.operation.startswith(_PUTS) else "s3.gets"
        self._cloud.meter.add(item, 1, call.resource)
