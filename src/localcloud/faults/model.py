"""What can go wrong, and the record of what did."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from localcloud.errors import ConfigurationError

KINDS = ("latency", "error", "throttle", "outage", "timeout", "refused", "crash", "duplicate")
_ANSWERING = ("error", "throttle", "outage")  # kinds whose answer can be chosen
_LOWEST_ERROR, _HIGHEST_ERROR = 400, 599


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong, where, when and how often.

    Args:
        kind: what happens to a call that is hit.
            "latency": it takes `delay_ms` longer.
            "error": it fails. An AWS call with the service's 5xx, a request to a host with 500, an invocation of a
            function with a function error, before the handler runs.
            "throttle": it is refused with the service's own throttling code (a host answers 429).
            "outage": the service or the host is down: its 5xx (503 where the service has no code of its own). An
            invocation is not run; Lambda answers ServiceException.
            "timeout": no answer ever comes. The caller's own timeout ends the wait; a function's handler hangs.
            "refused": hosts only; the connection is refused.
            "crash": functions only; the environment dies `delay_ms` after the handler began, if it still runs then.
            "duplicate": functions only; an event for asynchronous invocation is delivered twice.
        service, operation, resource: which AWS calls, by botocore's names; patterns as in "Get*"; None means all.
            The resource is the plain name of a table, queue, function, bus, topic...
        host: which HTTP hosts, such as a partner's; a pattern. A fault has either a host or a service.
        start_s, end_s: the window in virtual seconds since the cloud's start, its end excluded. `end_s` None: until
            the fault is removed.
        share: the share of matching calls that is hit, above 0 to 1, drawn from a stream of its own.
        delay_ms: see "latency" and "crash".
        code, message, status: what the answer says instead of the service's own words. For an invocation "error",
            `code` is the errorType.

    Raises ConfigurationError when these do not fit together.
    """

    kind: str
    service: str | None = None
    operation: str | None = None
    resource: str | None = None
    host: str | None = None
    start_s: float = 0.0
    end_s: float | None = None
    share: float = 1.0
    delay_ms: float = 0.0
    code: str | None = None
    message: str | None = None
    status: int | None = None

    def __post_init__(self) -> None:
        problem = self._where_problem() or self._when_problem() or self._what_problem()
        if problem is not None:
            raise ConfigurationError(problem)

    def _where_problem(self) -> str | None:
        if self.kind not in KINDS:
            return f"A fault is one of {', '.join(KINDS)}; found {self.kind!r}."
        if bool(self.service) == bool(self.host):
            return "A fault needs either a `service` or a `host` that it is for."
        if self.host and (self.operation or self.resource):
            return "`operation` and `resource` select AWS calls; a fault of a `host` has neither."
        if self.kind == "refused" and not self.host:
            return "Only a `host` can refuse connections; use kind 'outage' or 'timeout' for a service."
        if self.kind in ("crash", "duplicate") and self.service != "lambda":
            return f"Only functions can have a {self.kind}: expected service='lambda', found {self.service!r}."
        return None

    def _when_problem(self) -> str | None:
        if not 0 < self.share <= 1:
            return f"`share` is a part of the calls: expected above 0 to 1, found {self.share!r}."
        if self.start_s < 0:
            return f"`start_s` counts from the cloud's start: expected 0 or more, found {self.start_s:g}."
        if self.end_s is not None and self.end_s <= self.start_s:
            return f"The fault would end at {self.end_s:g} s, before it starts at {self.start_s:g} s."
        return None

    def _what_problem(self) -> str | None:
        if self.kind == "latency" and self.delay_ms <= 0:
            return "A latency fault needs `delay_ms` above 0."
        if self.kind not in ("latency", "crash") and self.delay_ms:
            return f"`delay_ms` is for latency and crash faults; found it on {self.kind!r}."
        if self.delay_ms < 0:
            return f"`delay_ms` is a time: expected 0 or more, found {self.delay_ms:g}."
        chosen = [name for name in ("code", "message", "status") if getattr(self, name) is not None]
        if chosen and self.kind not in _ANSWERING:
            return f"A {self.kind} fault answers nothing, so it has no `{chosen[0]}`."
        if self.status is not None and not _LOWEST_ERROR <= self.status <= _HIGHEST_ERROR:
            return f"`status` is an error status: expected {_LOWEST_ERROR} to {_HIGHEST_ERROR}, found {self.status}."
        return None

    def covers(self, at_us: int) -> bool:
        """Whether the window is open at this virtual time."""
        if at_us < round(self.start_s * 1e6):
            return False
        return self.end_s is None or at_us < round(self.end_s * 1e6)

    def selects_call(self, service: str, operation: str, resources: tuple[str, ...]) -> bool:
        """Whether an AWS call is one this fault is for."""
        if not self.service or not fnmatchcase(service, self.service):
            return False
        if self.operation and not fnmatchcase(operation, self.operation):
            return False
        return not self.resource or any(fnmatchcase(name, self.resource) for name in resources or ("",))

    def selects_host(self, host: str) -> bool:
        """Whether a request to this host is one this fault is for. Host names have no case."""
        return bool(self.host) and fnmatchcase(host.lower(), (self.host or "").lower())


@dataclass(frozen=True, slots=True)
class Injected:
    """One call that a fault has hit, at virtual microseconds since the cloud's start."""

    at_us: int
    kind: str
    fault: int
    service: str = ""
    operation: str = ""
    resource: str = ""
    host: str = ""
