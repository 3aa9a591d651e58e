"""StartQuery, GetQueryResults and their kin."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from moto.logs.models import logs_backends

from localcloud.api import ApiCall, ApiError
from localcloud.ids import uuid4_text
from localcloud.services.log_insights.execution import Execution
from localcloud.services.log_insights.language import Malformed
from localcloud.services.log_insights.queries import Query, Source
from localcloud.services.log_insights.records import Record, record

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_GB = 1e9


class LogInsights:
    """Runs queries. `gb_per_s` is how fast they scan: an estimate, which may be set."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        facts = cloud.facts
        self._ids = cloud.kernel.streams["logs/queries"]
        self._rows = facts.value("quota.logs.insights_rows")
        quota = facts.value("quota.logs")
        self._most = int(quota["insights_concurrent"])
        self._limit_us = int(quota["insights_timeout_min"]) * 60_000_000
        self._kept_us = int(facts.value("quota.logs.insights_results")) * 86_400_000_000
        self._most_prefixes = int(facts.value("quota.logs.insights_source_prefixes"))
        self._most_groups = int(facts.value("quota.logs.insights_groups"))
        self.gb_per_s = float(facts.value("model.logs.insights_scan"))
        self._queries: dict[str, Execution] = {}

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

    # -- starting ------------------------------------------------------------------------------

    def _start(self, call: ApiCall) -> dict[str, Any]:
        params = call.params
        text = params["queryString"]
        self._check(params)
        try:
            query = Query(text, self._cloud.kernel.unix_us // 1_000_000)
        except Malformed as exc:
            where = {"startCharOffset": exc.start, "endCharOffset": exc.end}
            raise ApiError(
                "MalformedQueryException", str(exc), 400, queryCompileError={"location": where, "message": str(exc)}
            ) from None
        groups = self._groups(params, query.source)
        if sum(each.running for each in self._queries.values()) >= self._most:
            message = f"Account maximum query concurrency limit of [{self._most}] reached."
            raise ApiError("LimitExceededException", message, 400)
        scans: dict[str, int] = {}
        records: list[Record] = []
        for name in groups:
            self._cloud.logs.sweep(self._backend.groups[name])
            found = list(self._events(name, params["startTime"] * 1_000, params["endTime"] * 1_000 + 999))
            scans[name] = sum(len(each["@message"].encode()) for each in found)
            records += found
        scanned = len(records)
        default = params.get("limit") or self._rows["default"]
        rows, matched = query.run(records, default, self._rows["most"])
        query_id = uuid4_text(self._ids)
        execution = self._queries[query_id] = Execution(
            self._cloud.kernel, text, groups, rows, matched, scanned, scans, self._takes_us(scans), self._limit_us,
            self._bill, params.get("queryLanguage", "CWLI"),
        )  # fmt: skip
        execution.start()
        return {"queryId": query_id}

    def _takes_us(self, scans: dict[str, int]) -> int:
        least_us = self._cloud.latency.fact_us("model.logs.insights_query")
        return least_us + round(sum(scans.values()) / _GB / self.gb_per_s * 1e6)

    def _bill(self, group: str, size_bytes: int) -> None:
        self._cloud.meter.add("logs.scanned_gb", size_bytes / _GB, group.rsplit("/", 1)[-1])

    @staticmethod
    def _check(params: dict[str, Any]) -> None:
        language = params.get("queryLanguage", "CWLI")
        if language != "CWLI":
            raise ApiError("InvalidParameterException", f"The local cloud does not know queries in {language}.", 400)
        if params["startTime"] > params["endTime"]:
            raise ApiError("InvalidParameterException", "End time should not be before start time.", 400)

    def _groups(self, params: dict[str, Any], source: Source | None) -> list[str]:
        """The groups that the parameters name, or the query's SOURCE."""
        given = [name for name in ("logGroupName", "logGroupNames", "logGroupIdentifiers") if params.get(name)]
        if source is not None and not given:
            return self._sources(source)
        if len(given) != 1 or source is not None:
            message = "Exactly one of logGroupName, logGroupNames and logGroupIdentifiers must be specified."
            raise ApiError("InvalidParameterException", message, 400)
        found = params[given[0]]
        names = [found] if isinstance(found, str) else found
        if len(names) > self._most_groups:
            message = f"At most {self._most_groups} log groups can be queried at a time."
            raise ApiError("InvalidParameterException", message, 400)
        names = [name.split(":log-group:", 1)[-1].removesuffix(":*") for name in names]
        for name in names:
            if name not in self._backend.groups:
                message = f"Log group '{name}' does not exist for account ID '{self._cloud.account_id}'"
                raise ApiError("ResourceNotFoundException", message, 400)
        return list(dict.fromkeys(names))

    def _sources(self, source: Source) -> list[str]:
        if len(source.prefixes) > self._most_prefixes:
            message = f"At most {self._most_prefixes} prefixes can be given in SOURCE."
            raise ApiError("InvalidParameterException", message, 400)
        if source.accounts and self._cloud.account_id not in source.accounts:
            return []
        found = [
            name
            for name in self._backend.groups
            if name.startswith(source.prefixes or "") and self._cloud.logs.log_class(name) in source.classes
        ]
        if not found:
            raise ApiError("ResourceNotFoundException", "No log groups match the SOURCE of the query.", 400)
        return found

    def _events(self, group: str, start_ms: int, end_ms: int) -> Iterator[Record]:
        for name, stream in self._backend.groups[group].streams.items():
            for event in stream.events:
                if start_ms <= event.timestamp <= end_ms:
                    yield record(group, name, self._cloud.account_id, event)

    # -- reading -------------------------------------------------------------------------------

    def _kept(self) -> dict[str, Execution]:
        """The queries whose results can still be retrieved."""
        oldest_us = self._cloud.kernel.unix_us - self._kept_us
        gone = [name for name, each in self._queries.items() if not each.running and each.ended_us <= oldest_us]
        for name in gone:
            del self._queries[name]
        return self._queries

    def _find(self, call: ApiCall) -> Execution:
        found = self._kept().get(call.params["queryId"])
        if found is None:
            raise ApiError("ResourceNotFoundException", "The specified query does not exist.", 400)
        return found

    def _results(self, call: ApiCall) -> dict[str, Any]:
        found = self._find(call)
        return {
            "queryLanguage": found.language,
            "results": found.results,
            "statistics": found.statistics,
            "status": found.status,
        }

    def _stop(self, call: ApiCall) -> dict[str, Any]:
        if not self._find(call).cancel():
            raise ApiError("InvalidParameterException", "The specified query has already ended.", 400)
        return {"success": True}

    def _describe(self, call: ApiCall) -> dict[str, Any]:
        group, status = call.params.get("logGroupName"), call.params.get("status")
        found = [
            {
                "queryLanguage": query.language,
                "queryId": query_id,
                "queryString": query.text,
                "logGroupName": query.groups[0] if query.groups else "",
                "createTime": query.started_us // 1_000,
                "status": query.status,
            }
            for query_id, query in self._kept().items()
            if status in (None, query.status) and (group is None or group in query.groups)
        ]
        return {"queries": found[::-1][: call.params.get("maxResults", len(found))]}
