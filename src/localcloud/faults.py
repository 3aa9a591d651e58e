"""Faults on purpose: seeded, for a time, on a service, a function, a host or a share of calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from localcloud.api import ApiCall, ApiError
from localcloud.errors import ConfigurationError
from localcloud.net import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

KINDS = ("latency", "error", "throttle", "outage")
# AWS's own code for a throttled call, by service
_THROTTLE: Mapping[str, tuple[str, str, int]] = {
    "dynamodb": ("ProvisionedThroughputExceededException", "The level of configured provisioned throughput for the "
                 "table was exceeded.", 400),
    "lambda": ("TooManyRequestsException", "Rate Exceeded.", 429),
    "sqs": ("RequestThrottled", "The request was denied due to request throttling.", 403),
}  # fmt: skip
_ANY_THROTTLE = ("ThrottlingException", "Rate exceeded", 400)
_BROKEN: Mapping[str, tuple[str, str, int]] = {
    "dynamodb": ("InternalServerError", "Internal server error", 500),
    "lambda": ("ServiceException", "An internal error occurred.", 500),
}
_ANY_BROKEN = ("InternalFailure", "The request processing has failed because of an unknown error.", 500)


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong, where, when and how often.

    kind: "latency" (calls take `delay_ms` longer), "error" (a 5xx), "throttle", "outage" (an error for every call).
    service, operation, resource: which AWS calls, "*" and patterns allowed; resource is a table, queue, function...
    host: which HTTP hosts, such as a partner's; a fault has either a host or a service.
    start_s, end_s: the window in virtual seconds since the cloud's start; `end_s` None: until it is removed.
    share: the share of matching calls it hits, drawn from a stream of its own.
    """

    kind: str
    service: str = ""
    operation: str = "*"
    resource: str = "*"
    host: str = ""
    start_s: float = 0.0
    end_s: float | None = None
    share: float = 1.0
    delay_ms: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ConfigurationError(f"A fault is one of {', '.join(KINDS)}; found {self.kind!r}.")
        if bool(self.service) == bool(self.host):
            raise ConfigurationError("A fault needs either a `service` or a `host` that it is for.")
        if not 0 < self.share <= 1:
            raise ConfigurationError(f"`share` is a part of the calls: expected above 0 to 1, found {self.share!r}.")
        if self.end_s is not None and self.end_s <= self.start_s:
            raise ConfigurationError(
                f"The fault would end at {self.end_s:g} s, before it starts at {self.start_s:g} s."
            )
        if (self.kind == "latency") != (self.delay_ms > 0):
            raise ConfigurationError("A latency fault needs `delay_ms` above 0, and no other kind has one.")


@dataclass(frozen=True, slots=True)
class Injected:
    """One call that a fault has hit."""

    at_us: int
    kind: str
    what: str


class Faults:
    """The faults of a cloud. `log` holds every call that was hit, in order."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._active: dict[int, Fault] = {}
        self._numbers = 0
        self.log: list[Injected] = []

    def install(self) -> None:
        """Look at every API call and every HTTP request."""
        self._cloud.api.before_call(self._on_call)
        self._cloud.http.before_request(self._on_request)

    def add(self, fault: Fault) -> int:
        """Let it happen; the number returned removes it."""
        self._numbers += 1
        self._active[self._numbers] = fault
        return self._numbers

    def during(self, seconds: float, fault: Fault, after_s: float = 0.0) -> int:
        """Let it happen for some time, from `after_s` from now on. The fault's own window is replaced."""
        start_s = self._cloud.kernel.now_us / 1e6 + after_s
        return self.add(replace(fault, start_s=start_s, end_s=start_s + seconds))

    def remove(self, number: int) -> None:
        """End a fault; removing it again does nothing."""
        self._active.pop(number, None)

    def clear(self) -> None:
        """End all faults."""
        self._active.clear()

    def _hits(self, number: int, fault: Fault) -> bool:
        now_us = self._cloud.kernel.now_us
        if now_us < round(fault.start_s * 1e6) or (fault.end_s is not None and now_us >= round(fault.end_s * 1e6)):
            return False
        return fault.share >= 1 or self._cloud.kernel.streams[f"faults/{number}"].random() < fault.share

    def _on_call(self, call: ApiCall) -> None:
        for number, fault in list(self._active.items()):
            if not (
                fault.service
                and fnmatchcase(call.service, fault.service)
                and fnmatchcase(call.operation, fault.operation)
                and fnmatchcase(call.resource, fault.resource)
                and self._hits(number, fault)
            ):
                continue
            self.log.append(Injected(self._cloud.kernel.now_us, fault.kind, f"{call.service}:{call.operation}"))
            if fault.kind == "latency":
                self._delay(fault)
            elif fault.kind == "throttle":
                code, message, status = _THROTTLE.get(call.service, _ANY_THROTTLE)
                raise ApiError(code, message, status)
            else:
                code, message, status = _BROKEN.get(call.service, _ANY_BROKEN)
                raise ApiError(code, message, status)

    def _on_request(self, request: HttpRequest) -> HttpResponse | None:
        for number, fault in list(self._active.items()):
            if not (fault.host and fnmatchcase(request.host, fault.host) and self._hits(number, fault)):
                continue
            self.log.append(Injected(self._cloud.kernel.now_us, fault.kind, f"{request.method} {request.host}"))
            if fault.kind == "latency":
                self._delay(fault)
                continue
            status = 429 if fault.kind == "throttle" else 503
            return HttpResponse(status, {"content-type": "application/json"}, b'{"message":"injected fault"}')
        return None

    def _delay(self, fault: Fault) -> None:
        if self._cloud.kernel.current() is not None:
            self._cloud.kernel.sleep(round(fault.delay_ms * 1_000))
