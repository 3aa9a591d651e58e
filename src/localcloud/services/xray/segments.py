"""Segment documents of AWS services.

Source: "AWS X-Ray segment documents"; what Lambda records: "Visualize Lambda function invocations using AWS X-Ray".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from localcloud.services.lambda_.functions import Function
from localcloud.services.lambda_.results import InvokeResult
from localcloud.trace_header import TraceHeader


def segment(
    header: TraceHeader, identifier: str, name: str, origin: str, start_us: int, end_us: int, **members: Any
) -> dict[str, Any]:
    """A segment of the trace in `header`, whose parent called; times are Unix microseconds."""
    document: dict[str, Any] = {
        "id": identifier,
        "name": name,
        "start_time": start_us / 1e6,
        "end_time": end_us / 1e6,
        "trace_id": header.root,
        "origin": origin,
    }
    if header.parent:
        document["parent_id"] = header.parent
    if header.links:
        kind = {"aws.xray.reserved.reference_type": "parent"}
        document["links"] = [{"trace_id": root, "id": parent, "attributes": kind} for root, parent in header.links]
    return {**document, **members}


def with_status(document: dict[str, Any], status: int) -> dict[str, Any]:
    """The segment with the status of its HTTP response, and what X-Ray concludes from it."""
    document.setdefault("http", {})["response"] = {"status": status}
    if status == 429:
        document |= {"throttle": True, "error": True}
    elif 400 <= status < 500:
        document["error"] = True
    elif status >= 500:
        document["fault"] = True
    return document


def of_function(
    header: TraceHeader, ids: tuple[str, str, str], config: Function, result: InvokeResult, start_us: int, end_us: int
) -> list[dict[str, Any]]:
    """What Lambda records of one invocation: the service's segment and the function's.

    `ids` are those of the two segments and of the subsegment Invocation, under which the code's own stand.
    """
    service_id, function_id, invocation_id = ids
    arn = config.arn.removesuffix(":$LATEST")
    failed = {"fault": True} if result.function_error is not None else {}
    service = segment(
        header, service_id, config.name, "AWS::Lambda", start_us, end_us, resource_arn=arn,
        http={"response": {"status": result.status}}, aws={"request_id": result.request_id}, **failed,
    )  # fmt: skip
    begun_us = end_us - round(result.duration_ms * 1_000)
    subsegments = []
    first_us = begun_us
    for name, taken_ms in (("Initialization", result.init_ms), ("Restore", result.restore_ms)):
        if taken_ms:
            first_us = begun_us - round(taken_ms * 1_000)
            subsegments.append({"id": f"{int(function_id, 16) ^ 1:016x}", "name": name,
                                "start_time": first_us / 1e6, "end_time": begun_us / 1e6})  # fmt: skip
    invocation = {"id": invocation_id, "name": "Invocation", "start_time": begun_us / 1e6, "end_time": end_us / 1e6}
    subsegments.append({**invocation, **failed})
    cause = {"cause": _cause(function_id, result.payload)} if failed else {}
    function = segment(
        TraceHeader(header.root, service_id), function_id, config.name, "AWS::Lambda::Function", first_us, end_us,
        resource_arn=arn, aws={"account_id": arn.split(":")[4], "function_arn": arn, "cold_start": result.cold},
        subsegments=subsegments, **failed, **cause,
    )  # fmt: skip
    return [service, function]


def throttled(header: TraceHeader, identifier: str, config: Function, start_us: int, end_us: int) -> dict[str, Any]:
    """An invocation that Lambda refused: the function never ran."""
    arn = config.arn.removesuffix(":$LATEST")
    document = segment(header, identifier, config.name, "AWS::Lambda", start_us, end_us, resource_arn=arn)
    return with_status(document, 429)


def _cause(identifier: str, payload: bytes) -> dict[str, Any]:
    """The exception that left the handler."""
    error: Mapping[str, Any] = json.loads(payload or b"{}")
    exception = {"id": identifier, "message": error.get("errorMessage", ""), "type": error.get("errorType", "")}
    return {"exceptions": [exception]}
