"""The segments that were recorded, and the traces that they make."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_DAY_S = 86_400


@dataclass(slots=True)
class Trace:
    """`segments` have their subsegments inside them, in the order of their beginning."""

    id: str
    segments: list[dict[str, Any]]

    @property
    def start(self) -> float:
        return min(float(each["start_time"]) for each in self.segments)

    @property
    def end(self) -> float:
        return max(float(each.get("end_time", each["start_time"])) for each in self.segments)

    @property
    def root(self) -> dict[str, Any]:
        """The segment that nobody in the trace called."""
        known = {each["id"] for each in nodes(self.segments)}
        return next((each for each in self.segments if each.get("parent_id") not in known), self.segments[0])


@dataclass(slots=True)
class _Recorded:
    """Documents by id: one that is sent again, complete, replaces what was sent in progress. `start` is the earliest
    beginning.
    """

    start: float
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)


class TraceStore:
    """Keeps the segments of one account for 30 days. `put` counts a trace when its first segment comes."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._kept_s = float(cloud.facts.value("quota.xray.retention")) * _DAY_S
        self._traces: dict[str, _Recorded] = {}

    def put(self, document: dict[str, Any]) -> None:
        """Record a segment, or a subsegment that was sent by itself."""
        recorded = self._traces.get(document["trace_id"])
        if recorded is None:
            recorded = self._traces[document["trace_id"]] = _Recorded(document["start_time"])
            self._cloud.meter.add("xray.traces", 1)
        recorded.start = min(recorded.start, document["start_time"])
        recorded.documents[document["id"]] = document

    def trace(self, identifier: str) -> Trace | None:
        """The trace as it is known by now; None when there is none of that id, or no longer."""
        recorded = self._traces.get(identifier)
        if recorded is None or recorded.start < self._cloud.kernel.unix_us / 1e6 - self._kept_s:
            return None
        return Trace(identifier, _assembled(list(recorded.documents.values())))

    def between(self, start: float, end: float) -> Iterator[Trace]:
        """The traces that began in that time (Unix seconds), oldest first."""
        begun = [(each.start, name) for name, each in self._traces.items() if start <= each.start <= end]
        for _, name in sorted(begun, key=lambda pair: pair[0]):
            trace = self.trace(name)
            if trace is not None:
                yield trace


def nodes(documents: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Segments and all that is inside them, each before its own subsegments."""
    for document in documents:
        yield document
        yield from nodes(document.get("subsegments", []))


def _assembled(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The segments, with the subsegments that were sent by themselves where they belong."""
    own = copy.deepcopy(documents)
    by_id = {each["id"]: each for each in nodes(own)}
    segments = []
    for document in own:
        parent = by_id.get(document.get("parent_id", "")) if document.get("type") == "subsegment" else None
        if parent is None:
            segments.append(document)
        elif all(each["id"] != document["id"] for each in parent.get("subsegments", [])):
            parent.setdefault("subsegments", []).append(document)
    for each in nodes(own):
        if "subsegments" in each:
            each["subsegments"].sort(key=lambda inner: (inner["start_time"], inner["id"]))
    return sorted(segments, key=lambda each: float(each["start_time"]))
