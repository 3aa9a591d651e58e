"""From the spans of the simulation to X-Ray's segment documents.

An invocation of a function with active tracing is a segment; the calls that it made are its subsegments.
Source: "AWS X-Ray segment documents".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from localcloud.spans import Span


def trace_id(number: int, unix_s: int) -> str:
    """1-, the second at which the trace began, and 96 bits, all in hexadecimal digits."""
    return f"1-{unix_s:08x}-{number:024x}"


def segments(
    spans: Iterable[Span], trace: str, epoch_us: int, active: Callable[[Span], bool]
) -> Iterator[dict[str, Any]]:
    """A document for each invocation that `active` says is traced, by start."""
    ordered = list(spans)
    below: dict[int | None, list[Span]] = {}
    for span in ordered:
        below.setdefault(span.parent_id, []).append(span)
    by_id = {span.span_id: span for span in ordered}
    for span in ordered:
        if not active(span):
            continue
        document = _timed(span, epoch_us)
        document |= {
            "name": span.resource,
            "trace_id": trace,
            "origin": "AWS::Lambda::Function",
            "aws": {"function": span.resource, "cold_start": bool(span.attrs.get("cold"))},
        }
        parent = by_id.get(span.parent_id or 0)
        if parent is not None:
            document["parent_id"] = f"{parent.span_id:016x}"
        calls = [_call(each, epoch_us) for each in below.get(span.span_id, ()) if each.service != "lambda"]
        calls += [_call(each, epoch_us) for each in below.get(span.span_id, ()) if each.name == "Invoke"]
        if calls:
            document["subsegments"] = sorted(calls, key=lambda call: (call["start_time"], call["id"]))
        yield document


def _call(span: Span, epoch_us: int) -> dict[str, Any]:
    """A call of an AWS API."""
    aws = {"operation": span.name, **({"resource_names": [span.resource]} if span.resource else {})}
    return {**_timed(span, epoch_us), "name": span.service, "namespace": "aws", "aws": aws}


def _timed(span: Span, epoch_us: int) -> dict[str, Any]:
    document: dict[str, Any] = {
        "id": f"{span.span_id:016x}",
        "start_time": (epoch_us + span.start_us) / 1e6,
        "end_time": (epoch_us + span.end_us) / 1e6,
    }
    if span.status == "throttled":
        document |= {"error": True, "throttle": True}
    elif span.status != "ok":
        # a call that AWS refused is the caller's error; a handler that failed is a fault
        document["error" if "error" in span.attrs else "fault"] = True
    return document
