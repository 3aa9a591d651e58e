"""The operations that read traces, and what other services record through."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiCall, ApiError
from localcloud.services.xray.filters import InvalidFilter, compile_filter
from localcloud.services.xray.functions import FunctionTraces
from localcloud.services.xray.graph import node_of, own_nodes, services
from localcloud.services.xray.receiving import Receiving
from localcloud.services.xray.rules import Rules
from localcloud.services.xray.sampling import Sampler
from localcloud.services.xray.segments import segment, with_status
from localcloud.services.xray.store import Trace, TraceStore, nodes
from localcloud.trace_header import TraceHeader

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_MAX_BATCH = 5


class XRay:
    """Traces of one account: recorded by services and by the code of functions, read through the API."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._store = TraceStore(cloud)
        self._receiving = Receiving(cloud, self._store)
        self._window_s = float(cloud.facts.value("quota.xray.summaries_window")) * 3_600
        self._rules = Rules(cloud)
        self.sampler = Sampler(cloud, self._rules)
        self.functions = FunctionTraces(cloud, self.sampler, self._store)

    def install(self) -> None:
        """Answer the operations."""
        register = self._cloud.api.register
        register("xray", "GetTraceSummaries", self._summaries)
        register("xray", "BatchGetTraces", self._batch)
        register("xray", "GetServiceGraph", self._graph)
        register("xray", "GetTraceGraph", self._trace_graph)
        self._rules.install()
        self._receiving.install()

    def record(
        self,
        header: TraceHeader,
        identifier: str,
        name: str,
        origin: str,
        started_us: int,
        status: int | None = None,
        **members: Any,
    ) -> None:
        """A service's segment that ends now, if its trace is sampled; `started_us` is Unix time."""
        if not header.sampled:
            return
        document = segment(header, identifier, name, origin, started_us, self._cloud.kernel.unix_us, **members)
        self._store.put(document if status is None else with_status(document, status))

    # -- reading -----------------------------------------------------------------------------

    def _between(self, call: ApiCall) -> list[Trace]:
        start, end = call.params["StartTime"].timestamp(), call.params["EndTime"].timestamp()
        if start > end:
            raise ApiError("InvalidRequestException", "StartTime cannot be after EndTime", 400)
        if end - start > self._window_s:
            raise ApiError("InvalidRequestException", "Time range cannot be longer than 24 hours.", 400)
        return list(self._store.between(start, end))

    def _summaries(self, call: ApiCall) -> dict[str, Any]:
        scanned = self._between(call)
        found = scanned
        expression = call.params.get("FilterExpression")
        if expression:
            try:
                matches = compile_filter(expression)
            except InvalidFilter as exc:
                raise ApiError("InvalidRequestException", f"Invalid filter expression: {exc}", 400) from None
            found = [trace for trace in scanned if matches(trace)]
        self._cloud.meter.add("xray.retrieved_traces", len(scanned))
        return {
            "TraceSummaries": [_summary(trace) for trace in found],
            "TracesProcessedCount": len(scanned),
            "ApproximateTime": self._cloud.now,
        }

    def _batch(self, call: ApiCall) -> dict[str, Any]:
        wanted = call.params["TraceIds"]
        if len(wanted) > _MAX_BATCH:
            message = f"At most {_MAX_BATCH} trace ids can be retrieved at a time."
            raise ApiError("InvalidRequestException", message, 400)
        found = {name: self._store.trace(name) for name in wanted}
        traces = [trace for trace in found.values() if trace is not None]
        self._cloud.meter.add("xray.retrieved_traces", len(traces))
        return {
            "Traces": [
                {
                    "Id": trace.id,
                    "Duration": round(trace.end - trace.start, 6),
                    "LimitExceeded": False,
                    "Segments": [{"Id": each["id"], "Document": json.dumps(each)} for each in trace.segments],
                }
                for trace in traces
            ],
            "UnprocessedTraceIds": [name for name, trace in found.items() if trace is None],
        }

    def _graph(self, call: ApiCall) -> dict[str, Any]:
        return {
            "StartTime": call.params["StartTime"],
            "EndTime": call.params["EndTime"],
            "Services": services(self._between(call)),
            "ContainsOldGroupVersions": False,
        }

    def _trace_graph(self, call: ApiCall) -> dict[str, Any]:
        traces = [trace for trace in map(self._store.trace, call.params["TraceIds"]) if trace is not None]
        return {"Services": services(traces)}


def _summary(trace: Trace) -> dict[str, Any]:
    root, everything = trace.root, list(nodes(trace.segments))
    answered = float(root.get("end_time", trace.end))
    request, response = root.get("http", {}).get("request", {}), root.get("http", {}).get("response", {})
    http = {
        "HttpURL": request.get("url"), "HttpMethod": request.get("method"), "UserAgent": request.get("user_agent"),
        "ClientIp": request.get("client_ip"), "HttpStatus": response.get("status"),
    }  # fmt: skip
    users = dict.fromkeys(each["user"] for each in everything if "user" in each)
    found = list(dict.fromkeys(map(node_of, own_nodes(trace))))
    return {
        "Id": trace.id,
        "StartTime": datetime.fromtimestamp(root["start_time"], UTC),
        "Duration": round(trace.end - trace.start, 6),
        "ResponseTime": round(answered - root["start_time"], 6),
        "HasFault": bool(root.get("fault")),
        "HasError": bool(root.get("error")),
        "HasThrottle": any(each.get("throttle", False) for each in trace.segments),
        "IsPartial": any(each.get("in_progress", False) for each in everything),
        "Http": {name: value for name, value in http.items() if value is not None},
        "Annotations": _annotations(trace),
        "Users": [{"UserName": name, "ServiceIds": []} for name in users],
        "EntryPoint": _service_id(node_of(root).name, node_of(root).kind),
        "ServiceIds": [_service_id(node.name, node.kind) for node in found],
    }


def _service_id(name: str, kind: str) -> dict[str, Any]:
    return {"Name": name, "Names": [name], "Type": kind}


def _annotations(trace: Trace) -> dict[str, Any]:
    found: dict[str, list[dict[str, Any]]] = {}
    for owner in trace.segments:
        node = node_of(owner)
        for each in nodes([owner]):
            for key, value in each.get("annotations", {}).items():
                kind = "BooleanValue" if isinstance(value, bool) else "NumberValue"
                typed = {"StringValue": value} if isinstance(value, str) else {kind: value}
                entry = {"AnnotationValue": typed, "ServiceIds": [_service_id(node.name, node.kind)]}
                if entry not in found.setdefault(key, []):
                    found[key].append(entry)
    return found
