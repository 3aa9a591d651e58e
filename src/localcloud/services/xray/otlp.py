"""OpenTelemetry's spans, as an OTLP/HTTP exporter sends them, and the X-Ray segments that they become.

Sources: "OpenTelemetry Protocol Specification"; the AWS X-Ray exporter of the AWS Distro for OpenTelemetry.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.services.xray.protobuf import Malformed, double, fields, signed

_SERVER, _CLIENT, _CONSUMER = 2, 3, 5
_ERROR = 2
_INDEXED = "aws.xray.annotations"  # names the attributes that become annotations


@dataclass(slots=True)
class OtelSpan:
    """One span; times are Unix nanoseconds, ids hexadecimal. `resource` are the attributes of its process."""

    resource: Mapping[str, Any]
    trace_id: str = ""
    span_id: str = ""
    parent_id: str = ""
    name: str = ""
    kind: int = 0
    start_ns: int = 0
    end_ns: int = 0
    attributes: dict[str, Any] = field(default_factory=dict)
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    status: int = 0
    message: str = ""


def spans(body: bytes, content_type: str) -> list[OtelSpan]:
    """The spans of an ExportTraceServiceRequest, in protobuf or JSON. Raises Malformed."""
    if "json" in content_type:
        try:
            return list(_from_json(json.loads(body)))
        except (ValueError, KeyError, TypeError, AttributeError) as exc:
            raise Malformed(str(exc)) from exc
    return list(_from_protobuf(body))


def document(span: OtelSpan) -> dict[str, Any]:
    """A segment for what serves, or begins a trace; a subsegment for the rest."""
    attributes = span.attributes
    made: dict[str, Any] = {
        "id": span.span_id,
        "trace_id": f"1-{span.trace_id[:8]}-{span.trace_id[8:]}",
        "start_time": span.start_ns // 1_000 / 1e6,
        "end_time": span.end_ns // 1_000 / 1e6,
    }
    if span.parent_id:
        made["parent_id"] = span.parent_id
    if span.parent_id and span.kind not in (_SERVER, _CONSUMER):
        made |= {"type": "subsegment", "name": _called(span) or span.name}
        if attributes.get("rpc.system") == "aws-api":
            made["namespace"] = "aws"
        elif span.kind == _CLIENT:
            made["namespace"] = "remote"
    else:
        made["name"] = span.resource.get("service.name") or attributes.get("faas.name") or span.name
        if span.resource.get("cloud.platform") == "aws_lambda":
            made["origin"] = "AWS::Lambda::Function"
    if span.links:
        kind = {"aws.xray.reserved.reference_type": "parent"}
        made["links"] = [
            {"trace_id": f"1-{trace[:8]}-{trace[8:]}", "id": identifier, "attributes": kind}
            for trace, identifier in span.links
        ]
    made |= _http(attributes) | _aws(attributes) | _outcome(span)
    indexed = set(attributes.get(_INDEXED) or ())
    annotations = {_key(name): value for name, value in attributes.items() if name in indexed}
    rest = {name: value for name, value in attributes.items() if name not in indexed and name != _INDEXED}
    if annotations:
        made["annotations"] = annotations
    if rest:
        made["metadata"] = {"default": rest}
    return made


def _key(name: str) -> str:
    """An annotation's key: letters, digits and underscores."""
    return "".join(sign if sign.isalnum() else "_" for sign in name)


def _called(span: OtelSpan) -> str:
    """Whom a client's span calls."""
    attributes = span.attributes
    if attributes.get("rpc.system") == "aws-api":
        return str(attributes.get("rpc.service", ""))
    if span.kind == _CLIENT:
        return str(attributes.get("peer.service") or attributes.get("server.address") or "")
    return ""


def _first(attributes: Mapping[str, Any], *names: str) -> Any:
    return next((attributes[name] for name in names if name in attributes), None)


def _http(attributes: Mapping[str, Any]) -> dict[str, Any]:
    method = _first(attributes, "http.request.method", "http.method")
    url = _first(attributes, "url.full", "http.url")
    status = _status(attributes)
    request = {name: value for name, value in (("method", method), ("url", url)) if value is not None}
    found: dict[str, Any] = {"request": request} if request else {}
    if status is not None:
        found["response"] = {"status": status}
    return {"http": found} if found else {}


def _status(attributes: Mapping[str, Any]) -> int | None:
    found = _first(attributes, "http.response.status_code", "http.status_code")
    return None if found is None else int(found)


def _aws(attributes: Mapping[str, Any]) -> dict[str, Any]:
    if attributes.get("rpc.system") != "aws-api":
        return {}
    names = {"operation": ("rpc.method",), "region": ("aws.region", "cloud.region"),
             "request_id": ("aws.request_id",), "queue_url": ("aws.queue_url", "aws.sqs.queue.url"),
             "table_name": ("aws.table_name",)}  # fmt: skip
    found = {name: _first(attributes, *sources) for name, sources in names.items()}
    tables = attributes.get("aws.dynamodb.table_names")
    if found["table_name"] is None and tables:
        found["table_name"] = tables[0]
    return {"aws": {name: value for name, value in found.items() if value is not None}}


def _outcome(span: OtelSpan) -> dict[str, Any]:
    status = _status(span.attributes)
    if span.status != _ERROR and (status is None or status < 400):
        return {}
    if status is not None and 400 <= status < 500:
        found: dict[str, Any] = {"error": True}
        if status == 429:
            found["throttle"] = True
    else:
        found = {"fault": True}
    exceptions = [
        {
            "id": f"{int(span.span_id, 16) ^ (number + 1):016x}",
            "type": attributes.get("exception.type", ""),
            "message": attributes.get("exception.message", span.message),
        }
        for number, (name, attributes) in enumerate(span.events)
        if name == "exception"
    ]
    return {**found, "cause": {"exceptions": exceptions}} if exceptions else found


# -- protobuf ----------------------------------------------------------------------------------


def _from_protobuf(body: bytes) -> Iterator[OtelSpan]:
    for number, group in fields(body):
        if number != 1 or not isinstance(group, bytes):
            continue
        inner = list(fields(group))
        resource: dict[str, Any] = {}
        for part, value in inner:
            if part == 1 and isinstance(value, bytes):
                resource = _attributes(value, 1)
        for part, scope in inner:
            if part != 2 or not isinstance(scope, bytes):
                continue
            for element, value in fields(scope):
                if element == 2 and isinstance(value, bytes):
                    yield _span(value, resource)


def _span(data: bytes, resource: Mapping[str, Any]) -> OtelSpan:
    span = OtelSpan(resource)
    for number, value in fields(data):
        if isinstance(value, int):
            if number == 6:
                span.kind = value
            elif number == 7:
                span.start_ns = value
            elif number == 8:
                span.end_ns = value
        elif number == 1:
            span.trace_id = value.hex()
        elif number == 2:
            span.span_id = value.hex()
        elif number == 4:
            span.parent_id = value.hex()
        elif number == 5:
            span.name = value.decode()
        elif number == 9:
            span.attributes.update([_key_value(value)])
        elif number == 11:
            members = dict(fields(value))
            name = members.get(2, b"")
            span.events.append((name.decode() if isinstance(name, bytes) else "", _attributes(value, 3)))
        elif number == 13:
            members = dict(fields(value))
            trace, identifier = members.get(1, b""), members.get(2, b"")
            if isinstance(trace, bytes) and isinstance(identifier, bytes):
                span.links.append((trace.hex(), identifier.hex()))
        elif number == 15:
            members = dict(fields(value))
            code, message = members.get(3, 0), members.get(2, b"")
            span.status = code if isinstance(code, int) else 0
            span.message = message.decode() if isinstance(message, bytes) else ""
    return span


def _attributes(data: bytes, wanted: int) -> dict[str, Any]:
    """The repeated KeyValue in field `wanted` of a message."""
    return dict(_key_value(value) for number, value in fields(data) if number == wanted and isinstance(value, bytes))


def _key_value(data: bytes) -> tuple[str, Any]:
    key, found = "", None
    for number, value in fields(data):
        if number == 1 and isinstance(value, bytes):
            key = value.decode()
        elif number == 2 and isinstance(value, bytes):
            found = _any(value)
    return key, found


def _any(data: bytes) -> Any:
    for number, value in fields(data):
        if isinstance(value, int):
            return {2: bool(value), 3: signed(value), 4: double(value)}.get(number) if number < 5 else None
        if number == 1:
            return value.decode()
        if number == 5:
            return [_any(each) for part, each in fields(value) if part == 1 and isinstance(each, bytes)]
        if number == 6:
            return _attributes(value, 1)
        return value.hex()
    return None


# -- JSON --------------------------------------------------------------------------------------


def _from_json(body: Mapping[str, Any]) -> Iterator[OtelSpan]:
    for group in body.get("resourceSpans", ()):
        resource = _json_attributes(group.get("resource", {}))
        for scope in group.get("scopeSpans", ()):
            for each in scope.get("spans", ()):
                yield OtelSpan(
                    resource,
                    trace_id=each["traceId"],
                    span_id=each["spanId"],
                    parent_id=each.get("parentSpanId", ""),
                    name=each.get("name", ""),
                    kind=int(each.get("kind", 0)),
                    start_ns=int(each["startTimeUnixNano"]),
                    end_ns=int(each["endTimeUnixNano"]),
                    attributes=_json_attributes(each),
                    events=[(event.get("name", ""), _json_attributes(event)) for event in each.get("events", ())],
                    links=[(link["traceId"], link["spanId"]) for link in each.get("links", ())],
                    status=int(each.get("status", {}).get("code", 0)),
                    message=each.get("status", {}).get("message", ""),
                )


def _json_attributes(owner: Mapping[str, Any]) -> dict[str, Any]:
    return {each["key"]: _json_value(each.get("value", {})) for each in owner.get("attributes", ())}


def _json_value(value: Mapping[str, Any]) -> Any:
    if "arrayValue" in value:
        return [_json_value(each) for each in value["arrayValue"].get("values", ())]
    if "intValue" in value:
        return int(value["intValue"])
    return next(iter(value.values()), None)
