"""Map Runs: the child executions that a distributed Map state has started, and how they are getting on."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiCall, ApiError
from localcloud.ids import uuid4_text
from localcloud.services.states.executions import ABORTED, FAILED, RUNNING, SUCCEEDED, TIMED_OUT, Execution, moment
from localcloud.services.states.machines import page

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_STATUSES = {SUCCEEDED: "succeeded", FAILED: "failed", TIMED_OUT: "timedOut", ABORTED: "aborted"}


@dataclass(slots=True)
class Batch:
    """The input (JSON) of one child execution, how many items it has, and the execution once it has begun."""

    input_text: str
    items: int
    child: Execution | None = None


@dataclass(slots=True)
class MapRun:
    """`machine_arn` is the children's ("...:stateMachine:bakery/Label"); `definition` their definition as JSON.

    `max_concurrency` 0 is as many as there may be. Times are Unix microseconds.
    """

    arn: str
    machine_arn: str
    parent: Execution
    definition: str
    express: bool
    started_us: int
    max_concurrency: int
    tolerated_count: int
    tolerated_share: float
    counts_given: bool
    share_given: bool
    batches: list[Batch] = field(default_factory=list)
    status: str = RUNNING
    stopped_us: int | None = None
    redrives: int = 0
    redriven_us: int | None = None
    results_written: int = 0
    changed: Callable[[], None] | None = None

    @property
    def id(self) -> str:
        return self.arn.rsplit(":", 1)[-1]

    @property
    def items(self) -> int:
        return sum(batch.items for batch in self.batches)

    @property
    def too_many_failed(self) -> bool:
        """Whether more items have failed than is tolerated; of two thresholds the first that is crossed decides."""
        failed = sum(
            batch.items
            for batch in self.batches
            if batch.child is not None and batch.child.status in (FAILED, TIMED_OUT, ABORTED)
        )
        if not failed:
            return False
        if self.counts_given and failed > self.tolerated_count:
            return True
        if self.share_given and failed * 100 > self.tolerated_share * self.items:
            return True
        return not self.counts_given and not self.share_given

    def counts(self, by_items: bool, redrivable: Callable[[Execution], bool]) -> dict[str, int]:
        """Children (or their items) by status, as DescribeMapRun has them."""
        names = ("pending", "running", *_STATUSES.values(), "total", "resultsWritten")
        found = dict.fromkeys(names, 0) | {"failuresNotRedrivable": 0, "pendingRedrive": 0}
        for batch in self.batches:
            size, child = (batch.items if by_items else 1), batch.child
            found["total"] += size
            if child is None:
                found["pending"] += size
                continue
            found[_STATUSES.get(child.status, "running")] += size
            if child.status in (FAILED, TIMED_OUT, ABORTED) and not redrivable(child):
                found["failuresNotRedrivable"] += size
        found["resultsWritten"] = self.items if by_items and self.results_written else self.results_written
        return found


class MapRuns:
    """Those of one account."""

    def __init__(
        self, cloud: Cloud, stream: random.Random, redrivable: Callable[[Execution], bool]
    ) -> None:
        self._cloud = cloud
        self._stream = stream
        self._redrivable = redrivable
        self._known: dict[str, MapRun] = {}
        quota = cloud.facts.value("quota.sfn.map_run")
        self.most_children = int(quota["concurrency"])
        self.most_redrives = int(quota["redrives"])
        self._most_open = int(quota["open"])

    def install(self) -> None:
        """Answer the operations on Map Runs."""
        register = self._cloud.api.register
        register("stepfunctions", "DescribeMapRun", self._describe)
        register("stepfunctions", "ListMapRuns", self._list)
        register("stepfunctions", "UpdateMapRun", self._update)

    @property
    def full(self) -> bool:
        """Whether as many are open as there may be."""
        return sum(run.status == RUNNING for run in self._known.values()) >= self._most_open

    def new(self, parent: Execution, label: str, definition: str, express: bool) -> MapRun:
        """A Map Run of a state of `parent`, with no items yet."""
        own = parent.machine_arn.split(":stateMachine:")[1]
        machine_arn = f"{parent.machine_arn}/{label}"
        arn = f"arn:aws:states:{self._cloud.region}:{self._cloud.account_id}:mapRun:{own}/{label}"
        run = MapRun(
            arn=f"{arn}:{uuid4_text(self._stream)}", machine_arn=machine_arn, parent=parent, definition=definition,
            express=express, started_us=self._cloud.kernel.unix_us, max_concurrency=0, tolerated_count=0,
            tolerated_share=0.0, counts_given=False, share_given=False,
        )  # fmt: skip
        self._known[run.arn] = run
        return run

    def find(self, arn: str) -> MapRun:
        """Raises ApiError."""
        found = self._known.get(arn)
        if found is None:
            raise ApiError("ResourceNotFound", f"Map Run Does Not Exist: '{arn}'")
        return found

    def end(self, run: MapRun, status: str) -> None:
        run.status, run.stopped_us = status, self._cloud.kernel.unix_us

    # -- operations ------------------------------------------------------------------------------

    def _describe(self, call: ApiCall) -> dict[str, Any]:
        run = self.find(call.params["mapRunArn"])
        found: dict[str, Any] = {
            "mapRunArn": run.arn,
            "executionArn": run.parent.arn,
            "status": run.status,
            "startDate": moment(run.started_us),
            "maxConcurrency": run.max_concurrency,
            "toleratedFailurePercentage": run.tolerated_share,
            "toleratedFailureCount": run.tolerated_count,
            "itemCounts": run.counts(True, self._redrivable),
            "executionCounts": run.counts(False, self._redrivable),
            "redriveCount": run.redrives,
        }
        if run.stopped_us is not None:
            found["stopDate"] = moment(run.stopped_us)
        if run.redriven_us is not None:
            found["redriveDate"] = moment(run.redriven_us)
        return found

    def _list(self, call: ApiCall) -> dict[str, Any]:
        found = []
        for run in reversed(self._known.values()):
            if run.parent.arn != call.params["executionArn"]:
                continue
            told = {
                "executionArn": run.parent.arn,
                "mapRunArn": run.arn,
                "stateMachineArn": run.machine_arn,
                "startDate": moment(run.started_us),
            }
            if run.stopped_us is not None:
                told["stopDate"] = moment(run.stopped_us)
            found.append(told)
        return page(call.params, "mapRuns", found)

    def _update(self, call: ApiCall) -> dict[str, Any]:
        """New limits for a Map Run that is under way. Raises ApiError."""
        run = self.find(call.params["mapRunArn"])
        if run.status != RUNNING:
            raise ApiError("ValidationException", f"Map Run '{run.arn}' is not running")
        if "maxConcurrency" in call.params:
            run.max_concurrency = call.params["maxConcurrency"]
        if "toleratedFailureCount" in call.params:
            run.tolerated_count, run.counts_given = call.params["toleratedFailureCount"], True
        if "toleratedFailurePercentage" in call.params:
            run.tolerated_share, run.share_given = call.params["toleratedFailurePercentage"], True
        if run.changed is not None:
            run.changed()
        return {}
