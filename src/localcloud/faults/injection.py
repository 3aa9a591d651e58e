"""Where faults meet calls: AWS calls, hand-overs to targets, invocations, HTTP requests."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from botocore.exceptions import ReadTimeoutError

from localcloud.api import ApiCall
from localcloud.faults.answers import answer
from localcloud.faults.model import Fault, Injected
from localcloud.net import HttpRefused, HttpRequest, HttpResponse
from localcloud.services.lambda_ import Function, Interference, Throttled

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_INVOKE = "Invoke"
_HOST_STATUS: dict[str, int] = {
    "error": HTTPStatus.INTERNAL_SERVER_ERROR,
    "throttle": HTTPStatus.TOO_MANY_REQUESTS,
    "outage": HTTPStatus.SERVICE_UNAVAILABLE,
}


@dataclass(frozen=True, slots=True)
class FaultHandle:
    """A fault that was added. `number` names its random stream and stands in the log."""

    number: int
    fault: Fault
    _faults: Faults

    def remove(self) -> None:
        """End the fault; doing so again does nothing."""
        self._faults.remove(self)


class Faults:
    """The faults of a cloud. `log` holds every call that was hit, in order.

    Hit are boto3 calls (each attempt, so that the client's retries count), EventBridge's calls of its
    targets, every invocation of a function whoever makes it, and HTTP requests inside the simulation.
    Not hit is what services do among themselves otherwise, such as a mapping's polls of its queue.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._active: dict[int, FaultHandle] = {}
        self._numbers = 0
        self.log: list[Injected] = []

    def install(self) -> None:
        """Look at every call. To be called when the cloud has its services."""
        cloud = self._cloud
        cloud.api.before_call(self._on_call)
        cloud.http.before_connect(self._on_connect)
        cloud.http.before_request(self._on_request)
        cloud.lambda_.before_invoke.append(self._on_invocation)
        cloud.lambda_.asynchronous.duplicate_if.append(self._duplicates)
        cloud.events.targets.before_send.append(self._on_hand_over)

    # -- what runs use -----------------------------------------------------------------------

    def add(self, fault: Fault) -> FaultHandle:
        """Let it happen, in the fault's own window."""
        self._numbers += 1
        handle = FaultHandle(self._numbers, fault, self)
        self._active[handle.number] = handle
        return handle

    def during(self, seconds: float, fault: Fault, after_s: float = 0.0) -> FaultHandle:
        """Let it happen for some time, from `after_s` from now on. The fault's own window is replaced."""
        start_s = self._cloud.kernel.now_us / 1e6 + after_s
        return self.add(replace(fault, start_s=start_s, end_s=start_s + seconds))

    def remove(self, handle: FaultHandle) -> None:
        """End a fault; removing it again does nothing."""
        self._active.pop(handle.number, None)

    def clear(self) -> None:
        """End all faults. The log stays."""
        self._active.clear()

    # -- drawing -----------------------------------------------------------------------------

    def _open(self) -> Iterator[tuple[int, Fault]]:
        """The faults whose window is open, in the order in which they were added."""
        for handle in list(self._active.values()):
            # a fault before it in the list may have slept: look at the clock, and whether it still stands, again
            if handle.number in self._active and handle.fault.covers(self._cloud.kernel.now_us):
                yield handle.number, handle.fault

    def _drawn(self, number: int, fault: Fault) -> bool:
        return fault.share >= 1 or self._cloud.kernel.streams[f"faults/{number}"].random() < fault.share

    def _note(
        self, number: int, kind: str, service: str = "", operation: str = "", resource: str = "", host: str = ""
    ) -> None:
        at_us = self._cloud.kernel.now_us
        self.log.append(Injected(at_us, kind, number, service, operation, resource, host))

    def _delay(self, fault: Fault) -> None:
        if self._cloud.kernel.current() is not None:
            self._cloud.kernel.sleep(round(fault.delay_ms * 1_000))

    # -- AWS calls ---------------------------------------------------------------------------

    def _on_call(self, call: ApiCall) -> None:
        """One attempt of a boto3 call. Raises ApiError or ReadTimeoutError."""
        if not self._active:
            return
        if (call.service, call.operation) == ("lambda", _INVOKE):
            # A function's faults hit the invocation itself. An event is only taken in here: that fails in an outage.
            kinds: tuple[str, ...] = ("outage",) if call.params.get("InvocationType") == "Event" else ()
        else:
            kinds = ("latency", "error", "throttle", "outage", "timeout")
        self._on_service(call.service, call.operation, call.resources, kinds, call)

    def _on_hand_over(self, service: str, operation: str, resource: str) -> None:
        """EventBridge calls a target. Raises ApiError."""
        kinds = ("outage",) if operation == _INVOKE else ("latency", "error", "throttle", "outage")
        self._on_service(service, operation, (resource,), kinds, None)

    def _on_service(
        self, service: str, operation: str, resources: tuple[str, ...], kinds: tuple[str, ...], call: ApiCall | None
    ) -> None:
        for number, fault in self._open():
            if fault.kind not in kinds or not fault.selects_call(service, operation, resources):
                continue
            if not self._drawn(number, fault):
                continue
            self._note(number, fault.kind, service, operation, resources[0] if resources else "")
            if fault.kind == "latency":
                self._delay(fault)
            elif fault.kind == "timeout" and call is not None:
                self._never_answer(call)
            else:
                raise answer(fault, service)

    def _never_answer(self, call: ApiCall) -> None:
        """The client waits as long as it is configured to, and gives up as on a silent connection."""
        if self._cloud.kernel.current() is not None:
            self._cloud.kernel.sleep(round(call.client.meta.config.read_timeout * 1e6))
        raise ReadTimeoutError(endpoint_url=call.client.meta.endpoint_url)

    # -- invocations -------------------------------------------------------------------------

    def _on_invocation(self, function: Function) -> Interference | None:
        """Raises Throttled, or ApiError in an outage."""
        if not self._active:
            return None
        delay_us, found = 0, Interference()
        for number, fault in self._open():
            if fault.kind == "duplicate" or not fault.selects_call("lambda", _INVOKE, (function.name,)):
                continue
            if not self._drawn(number, fault):
                continue
            note = partial(self._note, number, fault.kind, "lambda", _INVOKE, function.name)
            if fault.kind == "crash":
                found = replace(found, crash_after_us=round(fault.delay_ms * 1_000), on_crash=note)
                continue
            note()
            if fault.kind == "latency":
                delay_us += round(fault.delay_ms * 1_000)
            elif fault.kind == "timeout":
                found = replace(found, hangs=True)
            elif fault.kind == "error":
                found = replace(
                    found,
                    error_type=fault.code or "InjectedError",
                    error_message=fault.message or "A fault was injected into this invocation.",
                )
            elif fault.kind == "throttle":
                raise _throttled(fault)
            else:
                raise answer(fault, "lambda")
        found = replace(found, delay_us=delay_us)
        return found if found != Interference() else None

    def _duplicates(self, name: str) -> bool:
        """Whether an event for this function is delivered twice."""
        hit = False
        for number, fault in self._open():
            meant = fault.kind == "duplicate" and fault.selects_call("lambda", _INVOKE, (name,))
            if meant and self._drawn(number, fault):
                self._note(number, fault.kind, "lambda", _INVOKE, name)
                hit = True
        return hit

    # -- HTTP --------------------------------------------------------------------------------

    def _on_connect(self, host: str) -> None:
        """A new connection. Raises HttpRefused."""
        for number, fault in self._open():
            if fault.kind == "refused" and fault.selects_host(host) and self._drawn(number, fault):
                self._note(number, fault.kind, host=host)
                raise HttpRefused(f"{host} refused the connection: an injected fault.")

    def _on_request(self, request: HttpRequest) -> HttpResponse | None:
        for number, fault in self._open():
            if fault.kind == "refused" or not fault.selects_host(request.host) or not self._drawn(number, fault):
                continue
            self._note(number, fault.kind, operation=request.method, resource=request.path, host=request.host)
            if fault.kind == "latency":
                self._delay(fault)
            elif fault.kind == "timeout":
                self._cloud.kernel.event().wait()  # for ever: the request's own timeout ends the wait of its caller
            else:
                return _http_answer(fault)
        return None


def _throttled(fault: Fault) -> Throttled:
    said = answer(fault, "lambda")
    exc = Throttled("ConcurrentInvocationLimitExceeded")
    exc.code, exc.message, exc.status = said.code, said.message, said.status
    return exc


def _http_answer(fault: Fault) -> HttpResponse:
    status = _HOST_STATUS[fault.kind] if fault.status is None else fault.status
    body = {"message": fault.message or http.client.responses.get(status, "Injected fault")}
    if fault.code is not None:
        body = {"code": fault.code, **body}
    return HttpResponse(int(status), {"content-type": "application/json"}, json.dumps(body).encode())
