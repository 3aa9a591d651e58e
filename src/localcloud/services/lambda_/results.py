"""What an invocation answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from localcloud.api import ApiError


class InvokeResult(NamedTuple):  # made by the thousand: a tuple takes a third of a frozen dataclass's time
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
    provisioned: bool = False
    restore_ms: float = 0.0  # SnapStart
    managed: bool = False  # on managed instances, where no duration is billed


@dataclass(frozen=True, slots=True)
class Interference:
    """What goes wrong in one invocation, on purpose.

    `delay_us` passes before the handler begins, inside the invocation's duration. Then the handler fails with
    `error_type`, or never answers (`hangs`). `crash_after_us`: the environment dies that long after the handler
    began, unless it has answered by then; `on_crash()` is told when it does.
    """

    delay_us: int = 0
    error_type: str | None = None
    error_message: str = ""
    hangs: bool = False
    crash_after_us: int | None = None
    on_crash: Callable[[], None] | None = None


def is_passing(error: ApiError) -> bool:
    """Whether an error may be over later: the service's own, or a version that is not ready or not published yet."""
    return error.status >= 500 or error.code in ("ResourceConflictException", "NoPublishedVersionException")


class Throttled(ApiError):
    """429: no concurrency left. `reason` is the Reason of AWS's TooManyRequestsException."""

    def __init__(self, reason: str) -> None:
        super().__init__("TooManyRequestsException", "Rate Exceeded.", 429, Reason=reason)
        self.reason = reason
