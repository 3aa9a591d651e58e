"""The services of a trace and who called whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from localcloud.services.xray.store import Trace, nodes

CLIENT = "client"
_CALLS = ("aws", "remote")  # namespaces of subsegments that call somebody; those of the code itself are "local"
# what a call of an AWS API is about, by the member of the subsegment's `aws` that names it
_RESOURCES = (("table_name", "AWS::DynamoDB::Table"), ("queue_url", "AWS::SQS::Queue"), ("topic_arn", "AWS::SNS"),
              ("function_name", "AWS::Lambda"), ("bucket_name", "AWS::S3::Bucket"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Node:
    """A service: its name and its type, such as AWS::Lambda::Function, client or remote."""

    name: str
    kind: str


def node_of(document: dict[str, Any]) -> Node:
    """The service that a segment belongs to, or that a subsegment calls."""
    if document.get("namespace") == "aws":
        aws = document.get("aws", {})
        for member, kind in _RESOURCES:
            if aws.get(member):
                return Node(str(aws[member]), kind)
        resources = aws.get("resource_names")
        if resources:
            return Node(str(resources[0]), f"AWS::{document['name']}")
        return Node(document["name"], f"AWS::{document['name']}")
    if document.get("namespace") == "remote":
        return Node(document["name"], "remote")
    return Node(document["name"], document.get("origin", CLIENT if document.get("type") else "unknown"))


def own_nodes(trace: Trace) -> Iterator[dict[str, Any]]:
    """The documents that stand for services: segments, and calls of what has no segment of its own."""
    called = {segment.get("parent_id") for segment in trace.segments}
    for segment in trace.segments:
        yield segment
        for inner in nodes(segment.get("subsegments", [])):
            if inner.get("namespace") in _CALLS and inner["id"] not in called:
                yield inner


def edges(trace: Trace) -> Iterator[tuple[Node, Node, dict[str, Any]]]:
    """(caller, called, the document that says how it went)."""
    owners = {inner["id"]: segment for segment in trace.segments for inner in nodes([segment])}
    for segment in trace.segments:
        owner = owners.get(segment.get("parent_id", ""))
        target = node_of(segment)
        if owner is None:
            yield Node(target.name, CLIENT), target, segment
        else:
            yield node_of(owner), target, segment
    called = {segment.get("parent_id") for segment in trace.segments}
    for segment in trace.segments:
        for inner in nodes(segment.get("subsegments", [])):
            if inner.get("namespace") in _CALLS and inner["id"] not in called:
                yield node_of(segment), node_of(inner), inner


def services(traces: Iterable[Trace]) -> list[dict[str, Any]]:
    """The service map, as GetServiceGraph has it."""
    found: dict[Node, dict[str, Any]] = {}

    def entry(node: Node) -> dict[str, Any]:
        made = found.get(node)
        if made is None:
            made = found[node] = {
                "ReferenceId": len(found), "Name": node.name, "Names": [node.name], "Type": node.kind,
                "State": "active", "Edges": [], "SummaryStatistics": _no_statistics(),
            }  # fmt: skip
        return made

    for trace in traces:
        for document in own_nodes(trace):
            _count(entry(node_of(document))["SummaryStatistics"], document)
        for source, target, document in edges(trace):
            caller, called = entry(source), entry(target)
            if source.kind == CLIENT and document is trace.root:
                called["Root"] = True
            _count(_edge(caller, called["ReferenceId"])["SummaryStatistics"], document)
    return list(found.values())


def _edge(source: dict[str, Any], reference_id: int) -> dict[str, Any]:
    for edge in source["Edges"]:
        if edge["ReferenceId"] == reference_id:
            found: dict[str, Any] = edge
            return found
    made: dict[str, Any] = {"ReferenceId": reference_id, "SummaryStatistics": _no_statistics()}
    source["Edges"].append(made)
    return made


def _no_statistics() -> dict[str, Any]:
    return {
        "OkCount": 0,
        "ErrorStatistics": {"ThrottleCount": 0, "OtherCount": 0, "TotalCount": 0},
        "FaultStatistics": {"OtherCount": 0, "TotalCount": 0},
        "TotalCount": 0,
        "TotalResponseTime": 0.0,
    }


def _count(statistics: dict[str, Any], document: dict[str, Any]) -> None:
    statistics["TotalCount"] += 1
    statistics["TotalResponseTime"] += document.get("end_time", document["start_time"]) - document["start_time"]
    if document.get("fault"):
        statistics["FaultStatistics"]["OtherCount"] += 1
        statistics["FaultStatistics"]["TotalCount"] += 1
    elif document.get("error"):
        kind = "ThrottleCount" if document.get("throttle") else "OtherCount"
        statistics["ErrorStatistics"][kind] += 1
        statistics["ErrorStatistics"]["TotalCount"] += 1
    else:
        statistics["OkCount"] += 1
