"""What an invocation answers."""

from __future__ import annotations

from dataclasses import dataclass

from localcloud.api import ApiError


@dataclass(frozen=True, slots=True)
class InvokeResult:
    """One finished invocation. `function_error` is None or "Unhandled"; times are in milliseconds."""

    status: int
    payload: bytes
    function_error: str | None
    executed_version: str
    request_id: str
    duration_ms: float
    billed_ms: int
    init_ms: float
    cold: bool
    log_tail: tuple[str, ...] = ()


class Throttled(ApiError):
    """429: no concurrency left. `reason` is the Reason of AWS's TooManyRequestsException."""

    def __init__(self, reason: str) -> None:
        super().__init__("TooManyRequestsException", "Rate Exceeded.", 429, Reason=reason)
        self.reason = reason
