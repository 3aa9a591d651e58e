"""The operations that read traces, and PutTraceSegments for those who send their own."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiCall, ApiError
from localcloud.services.xray.segments import segments, trace_id
from localcloud.spans import Span

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


class XRay:
    """Traces are made from the spans of the simulation when somebody asks: nothing is done while it runs."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        rule = cloud.facts.value("quota.xray.default_sampling")
        self._reservoir: int = rule["reservoir_per_s"]
        self._rate: float = rule["rate"]
        self._sent: dict[str, list[dict[str, Any]]] = {}

    def install(self) -> None:
        """Answer the operations."""
        register = self._cloud.api.register
        register("xray", "PutTraceSegments", self._put)
        register("xray", "GetTraceSummaries", self._summaries)
        register("xray", "BatchGetTraces", self._batch)
        register("xray", "GetServiceGraph", self._graph)

    # -- traces ------------------------------------------------------------------------------

    @cached_property
    def _epoch_us(self) -> int:
        return self._cloud.kernel.epoch_us

    def _active(self, span: Span) -> bool:
        if span.service != "lambda" or span.name != "Invocation":
            return False
        try:
            mode = self._cloud.lambda_.functions.model(span.resource).tracing_config["Mode"]
        except ApiError:  # deleted since
            return False
        return bool(mode == "Active")

    def _traces(self) -> dict[str, list[dict[str, Any]]]:
        """Segment documents by trace id, in the order in which the traces began."""
        tracer = self._cloud.tracer
        found: dict[str, list[dict[str, Any]]] = {}
        taken: dict[int, int] = {}  # by second
        for number in tracer.trace_ids():
            spans = tracer.trace(number)
            first = next((span for span in spans if self._active(span)), None)
            if first is None:
                continue
            second = (self._epoch_us + first.start_us) // 1_000_000
            taken[second] = taken.get(second, 0) + 1
            if taken[second] > self._reservoir and not self._drawn(number):
                continue
            name = trace_id(number, second)
            found[name] = list(segments(spans, name, self._epoch_us, self._active))
        for name, documents in self._sent.items():
            found.setdefault(name, []).extend(documents)
        return found

    def _drawn(self, number: int) -> bool:
        """Whether a trace beyond the reservoir is kept: the same answer whenever it is asked."""
        return zlib.crc32(f"{self._cloud.seed}/{number}".encode()) / 2**32 < self._rate

    def _between(self, call: ApiCall) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        start, end = call.params["StartTime"].timestamp(), call.params["EndTime"].timestamp()
        if start > end:
            raise ApiError("InvalidRequestException", "StartTime cannot be after EndTime", 400)
        for name, documents in self._traces().items():
            if start <= min(document["start_time"] for document in documents) <= end:
                yield name, documents

    # -- operations --------------------------------------------------------------------------

    def _put(self, call: ApiCall) -> dict[str, Any]:
        unprocessed = []
        for text in call.params["TraceSegmentDocuments"]:
            try:
                document = json.loads(text)
            except ValueError:
                document = None
            needed = ("trace_id", "id", "name", "start_time")
            missing = [name for name in needed if not isinstance(document, dict) or name not in document]
            if missing:
                error = {"ErrorCode": "ParseError", "Message": f"Invalid segment. Missing: {', '.join(missing)}"}
                unprocessed.append(error)
                continue
            self._sent.setdefault(document["trace_id"], []).append(document)
        return {"UnprocessedTraceSegments": unprocessed}

    def _summaries(self, call: ApiCall) -> dict[str, Any]:
        if call.params.get("FilterExpression"):
            raise ApiError("InvalidRequestException", "The local cloud has no filter expressions of X-Ray.", 400)
        found = []
        for name, documents in self._between(call):
            root, end = documents[0], max(document.get("end_time", document["start_time"]) for document in documents)
            found.append(
                {
                    "Id": name,
                    "StartTime": _moment(root["start_time"]),
                    "Duration": round(end - root["start_time"], 6),
                    "ResponseTime": round(root.get("end_time", end) - root["start_time"], 6),
                    "HasFault": any(document.get("fault", False) for document in documents),
                    "HasError": any(document.get("error", False) for document in documents),
                    "HasThrottle": any(document.get("throttle", False) for document in documents),
                    "IsPartial": any(document.get("in_progress", False) for document in documents),
                    "EntryPoint": {"Name": root["name"], "Names": [root["name"]], "Type": root.get("origin", "client")},
                    "ServiceIds": [
                        {
                            "Name": document["name"],
                            "Names": [document["name"]],
                            "Type": document.get("origin", "client"),
                        }
                        for document in documents
                    ],
                }
            )
        return {"TraceSummaries": found, "TracesProcessedCount": len(found), "ApproximateTime": self._cloud.now}

    def _batch(self, call: ApiCall) -> dict[str, Any]:
        traces, found, unknown = self._traces(), [], []
        for name in call.params["TraceIds"]:
            documents = traces.get(name)
            if documents is None:
                unknown.append(name)
                continue
            end = max(document.get("end_time", document["start_time"]) for document in documents)
            found.append(
                {
                    "Id": name,
                    "Duration": round(end - documents[0]["start_time"], 6),
                    "LimitExceeded": False,
                    "Segments": [{"Id": each["id"], "Document": json.dumps(each)} for each in documents],
                }
            )
        return {"Traces": found, "UnprocessedTraceIds": unknown}

    def _graph(self, call: ApiCall) -> dict[str, Any]:
        nodes: dict[tuple[str, str], dict[str, Any]] = {}

        def node(name: str, kind: str) -> dict[str, Any]:
            made = nodes.get((name, kind))
            if made is None:
                made = nodes[(name, kind)] = {
                    "ReferenceId": len(nodes), "Name": name, "Names": [name], "Type": kind, "Edges": [],
                    "SummaryStatistics": _no_statistics(),
                }  # fmt: skip
            return made

        for _, documents in self._between(call):
            for document in documents:
                source = node(document["name"], document.get("origin", "client"))
                _count(source["SummaryStatistics"], document)
                for each in document.get("subsegments", ()):
                    if each.get("namespace") != "aws":
                        continue
                    names = each.get("aws", {}).get("resource_names") or [each["name"]]
                    target = node(names[0], f"AWS::{each['name']}")
                    _count(target["SummaryStatistics"], each)
                    _count(_edge(source, target["ReferenceId"])["SummaryStatistics"], each)
        return {
            "StartTime": call.params["StartTime"],
            "EndTime": call.params["EndTime"],
            "Services": list(nodes.values()),
            "ContainsOldGroupVersions": False,
        }


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


def _moment(unix_s: float) -> datetime:
    return datetime.fromtimestamp(unix_s, UTC)
