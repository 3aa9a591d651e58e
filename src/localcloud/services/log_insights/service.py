"""StartQuery, GetQueryResults and their kin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from moto.logs.models import logs_backends

from localcloud.api import ApiCall, ApiError
from localcloud.ids import uuid4_text
from localcloud.services.log_insights.language import Malformed
from localcloud.services.log_insights.queries import Query
from localcloud.services.log_insights.records import Record, record

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


@dataclass(frozen=True, slots=True)
class _Finished:
    text: str
    group: str
    created_ms: int
    results: list[list[dict[str, str]]]
    statistics: dict[str, float]


class LogInsights:
    """Queries are answered when they start: they take the time of their API calls only."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._ids = cloud.kernel.streams["logs/queries"]
        self._rows = cloud.facts.value("quota.logs.insights_rows")
        self._queries: dict[str, _Finished] = {}

    def install(self) -> None:
        """Answer the operations on queries."""
        register = self._cloud.api.register
        register("logs", "StartQuery", self._start)
        register("logs", "GetQueryResults", self._results)
        register("logs", "StopQuery", self._stop)
        register("logs", "DescribeQueries", self._describe)

    @cached_property
    def _backend(self) -> Any:
        return logs_backends[self._cloud.account_id][self._cloud.region]

    def _start(self, call: ApiCall) -> dict[str, Any]:
        params = call.params
        text, groups = params["queryString"], self._groups(params)
        try:
            query = Query(text)
        except Malformed as exc:
            where = {"startCharOffset": exc.start, "endCharOffset": exc.end}
            raise ApiError(
                "MalformedQueryException", str(exc), 400, queryCompileError={"location": where, "message": str(exc)}
            ) from None
        scanned: list[int] = []
        records: list[Record] = []
        for name in groups:
            self._cloud.logs.sweep(self._backend.groups[name])
            found = list(self._events(name, params["startTime"] * 1_000, params["endTime"] * 1_000 + 999))
            sizes = [len(each["@message"].encode()) for each in found]
            scanned += sizes
            records += found
            self._cloud.meter.add("logs.scanned_gb", sum(sizes) / 1e9, name.rsplit("/", 1)[-1])
        default = params.get("limit") or self._rows["default"]
        results, matched = query.run(records, default, self._rows["most"])
        query_id = uuid4_text(self._ids)
        self._queries[query_id] = _Finished(
            text, groups[0], self._cloud.kernel.unix_us // 1_000, results,
            {
                "recordsMatched": float(matched),
                "recordsScanned": float(len(scanned)),
                "bytesScanned": float(sum(scanned)),
            },
        )  # fmt: skip
        return {"queryId": query_id}

    def _groups(self, params: dict[str, Any]) -> list[str]:
        given = [name for name in ("logGroupName", "logGroupNames", "logGroupIdentifiers") if params.get(name)]
        if len(given) != 1:
            message = "Exactly one of logGroupName, logGroupNames and logGroupIdentifiers must be specified."
            raise ApiError("InvalidParameterException", message, 400)
        found = params[given[0]]
        names = [found] if isinstance(found, str) else found
        names = [name.split(":log-group:", 1)[-1].removesuffix(":*") for name in names]
        for name in names:
            if name not in self._backend.groups:
                message = f"Log group '{name}' does not exist for account ID '{self._cloud.account_id}'"
                raise ApiError("ResourceNotFoundException", message, 400)
        if params["startTime"] > params["endTime"]:
            raise ApiError("InvalidParameterException", "End time should not be before start time.", 400)
        return list(dict.fromkeys(names))

    def _events(self, group: str, start_ms: int, end_ms: int) -> Iterator[Record]:
        for name, stream in self._backend.groups[group].streams.items():
            for event in stream.events:
                if start_ms <= event.timestamp <= end_ms:
                    yield record(group, name, self._cloud.account_id, event)

    def _find(self, call: ApiCall) -> _Finished:
        found = self._queries.get(call.params["queryId"])
        if found is None:
            raise ApiError("ResourceNotFoundException", "The specified query does not exist.", 400)
        return found

    def _results(self, call: ApiCall) -> dict[str, Any]:
        found = self._find(call)
        return {
            "queryLanguage": "CWLI",
            "results": found.results,
            "statistics": found.statistics,
            "status": "Complete",
        }

    def _stop(self, call: ApiCall) -> dict[str, Any]:
        self._find(call)
        raise ApiError("InvalidParameterException", "The specified query has already ended.", 400)

    def _describe(self, call: ApiCall) -> dict[str, Any]:
        group, status = call.params.get("logGroupName"), call.params.get("status", "Complete")
        found = [
            {
                "queryId": query_id,
                "queryString": query.text,
                "logGroupName": query.group,
                "createTime": query.created_ms,
                "status": "Complete",
            }
            for query_id, query in self._queries.items()
            if status == "Complete" and group in (None, query.group)
        ]
        return {"queries": found[::-1]}
