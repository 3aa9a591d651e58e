"""Invoking a function for an HTTP request, with a time limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud import trace_header
from localcloud.api import ApiError
from localcloud.net import HttpRequest, HttpResponse
from localcloud.services.http_api.payload import MalformedResponse, response
from localcloud.services.lambda_ import Throttled
from localcloud.services.lambda_.payloads import Payload
from localcloud.spans import NoSpan, OpenSpan
from localcloud.trace_header import TraceHeader

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_JSON = {"content-type": "application/json"}


def refusal(status: int, message: str, key: str = "message") -> HttpResponse:
    """An answer of the gateway itself."""
    return HttpResponse(status, _JSON, f'{{"{key}":"{message}"}}'.encode())


UNAVAILABLE = refusal(503, "Service Unavailable")
FAILED = refusal(500, "Internal Server Error")


def traced(cloud: Cloud, request: HttpRequest, span: OpenSpan | NoSpan) -> HttpRequest:
    """The request with its tracing header, its client's or a fresh one; `span` hands it on.

    HTTP APIs and function URLs record no segments and decide nothing.
    """
    header = trace_header.of_request(request.headers) or TraceHeader(cloud.xray.sampler.new_root())
    span.carry(header)
    headers = {**request.headers, trace_header.HEADER: header.text}
    return HttpRequest(request.method, request.url, headers, request.body)


def invoke(
    cloud: Cloud,
    function: str,
    payload: Payload,
    version: str,
    timeout_us: int | None,
    failed: HttpResponse = FAILED,
    throttled: HttpResponse = UNAVAILABLE,
) -> HttpResponse:
    """Invoke `function` and wait at most `timeout_us`; a function that takes longer runs on without its caller."""
    task, in_time = cloud.kernel.run_task(
        cloud.lambda_.invoke, function, payload, name=f"proxy to {function}", timeout_us=timeout_us
    )
    if not in_time:
        return UNAVAILABLE
    try:
        result = task.result()
    except Throttled:
        return throttled
    except ApiError:
        return FAILED
    if result.function_error is not None:
        return failed
    try:
        return response(result.payload, version)
    except MalformedResponse:
        return failed
