"""Provisioned concurrency: environments of a version or alias that are started before requests come.

A request for the version or alias takes one of them; when all are busy it spills over to on-demand
environments. Source: the Lambda developer guide on provisioned concurrency.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from localcloud.services.cloudwatch.store import minute_s
from localcloud.services.lambda_.concurrency import Concurrency
from localcloud.services.lambda_.functions import Function, Functions
from localcloud.services.lambda_.sandboxes import PROVISIONED, Sandbox, new_sandbox

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

IN_PROGRESS, READY, FAILED = "IN_PROGRESS", "READY", "FAILED"
_LATEST = "$LATEST"
_BLOCK_US = 300_000_000  # the time it stands is billed in whole blocks of five minutes
_SECOND_US = 1_000_000


@dataclass(eq=False)
class Allocation:
    """What one version or alias has. `version` is the one that its environments run."""

    name: str
    qualifier: str
    version: str
    requested: int
    modified: datetime
    since_us: int
    memory_mb: int
    processor: str
    status: str = IN_PROGRESS
    reason: str = ""
    billed_us: int = 0
    allocated: int = 0
    ended: bool = False
    idle: list[Sandbox] = field(default_factory=list)
    running: int = 0
    second: int = -1  # of the last request, and how many it has had
    requests: int = 0


class ProvisionedConcurrency:
    """Keeps allocations, hands out their environments, and meters them.

    `init(sandbox)` runs Init, however long it may take with provisioned concurrency.
    """

    def __init__(
        self, cloud: Cloud, functions: Functions, concurrency: Concurrency, init: Callable[[Sandbox], None]
    ) -> None:
        self._cloud = cloud
        self._functions = functions
        self._init = init
        self.allocations: dict[tuple[str, str], Allocation] = {}
        self._requests_per_s = int(cloud.facts.value("quota.lambda.pc.rps"))
        start = cloud.facts.value("model.lambda.provisioned_start")
        self._first_us, self._per_minute = round(start["first_s"] * 1e6), int(start["per_min"])
        concurrency.provisioned = self.allocated
        cloud.meter.before_reading.append(self.settle)

    def allocated(self) -> dict[str, int]:
        """Requested provisioned concurrency by function name."""
        found: dict[str, int] = {}
        for allocation in self.allocations.values():
            found[allocation.name] = found.get(allocation.name, 0) + allocation.requested
        return found

    # -- serving -------------------------------------------------------------------------------

    def find(self, config: Function, qualifier: str | None) -> Allocation | None:
        """The allocation that serves a request for this version, asked for by `qualifier`."""
        if not self.allocations:
            return None
        by_version = self.allocations.get((config.name, config.version))
        return by_version or self.allocations.get((config.name, qualifier or _LATEST))

    def take(self, allocation: Allocation, config: Function) -> Sandbox | None:
        """A free environment, or None when the request spills over; either way it is counted."""
        taken = None
        if allocation.idle and allocation.version == config.version and self._within_rate(allocation):
            taken = allocation.idle.pop()
            allocation.running += 1
        self._measure(allocation, spilled=taken is None)
        return taken

    def _within_rate(self, allocation: Allocation) -> bool:
        second = self._cloud.kernel.now_us // _SECOND_US
        if second != allocation.second:
            allocation.second, allocation.requests = second, 0
        allocation.requests += 1
        return allocation.requests <= self._requests_per_s * allocation.requested

    def release(self, allocation: Allocation, sandbox: Sandbox) -> None:
        """The request is done. An environment that is no longer wanted ends."""
        allocation.running -= 1
        if sandbox in allocation.idle or allocation.ended or sandbox.config.version != allocation.version:
            _end(sandbox)
        elif allocation.running + len(allocation.idle) >= allocation.requested:
            allocation.allocated = allocation.requested
            _end(sandbox)
        else:
            allocation.idle.append(sandbox)

    def _measure(self, allocation: Allocation, spilled: bool) -> None:
        at_s = minute_s(self._cloud.kernel.unix_us)
        name = "ProvisionedConcurrencySpilloverInvocations" if spilled else "ProvisionedConcurrencyInvocations"
        share = allocation.running / max(1, allocation.allocated)
        values = {name: 1.0, "ProvisionedConcurrentExecutions": float(allocation.running)}
        resource = {"FunctionName": allocation.name, "Resource": f"{allocation.name}:{allocation.qualifier}"}
        for dimensions in ({"FunctionName": allocation.name}, resource):
            for metric, value in values.items():
                self._cloud.cloudwatch.series("AWS/Lambda", metric, dimensions, "Count").add(at_s, value)
        used = self._cloud.cloudwatch.series("AWS/Lambda", "ProvisionedConcurrencyUtilization", resource, "None")
        used.add(at_s, share)

    # -- starting and ending -------------------------------------------------------------------

    def allocate(self, allocation: Allocation) -> None:
        """Start what is missing; in a task of its own."""
        allocation.status, allocation.reason = IN_PROGRESS, ""
        kernel = self._cloud.kernel
        kernel.spawn(self._start, allocation, allocation.version, allocation.requested, name="provision", critical=True)

    def _start(self, allocation: Allocation, version: str, wanted: int) -> None:
        kernel = self._cloud.kernel
        kernel.sleep(self._first_us)
        missing = wanted - allocation.running - len(allocation.idle)
        config = self._functions.get(allocation.name, version)
        for first in range(0, max(0, missing), self._per_minute):
            if first:
                kernel.sleep(60 * _SECOND_US)
            group = range(first, min(missing, first + self._per_minute))
            tasks = [kernel.spawn(self._prepare, allocation, config, name="provisioned init") for _ in group]
            for task in tasks:
                task.join()
        if allocation.ended or (allocation.version, allocation.requested) != (version, wanted):
            return
        while len(allocation.idle) > max(0, wanted - allocation.running):
            _end(allocation.idle.pop(0))
        allocation.allocated = allocation.running + len(allocation.idle)
        allocation.status = READY if allocation.allocated >= wanted else FAILED
        if allocation.status == FAILED:
            allocation.reason = "FUNCTION_ERROR_INIT_FAILURE"

    def _prepare(self, allocation: Allocation, config: Function) -> None:
        """One environment. Its Init is billed, whether or not it ever serves a request."""
        cloud = self._cloud
        cloud.kernel.sleep(cloud.latency.fact_us("model.api.lambda.cold_env_setup"))
        sandbox = new_sandbox(cloud, config, PROVISIONED)
        self._init(sandbox)
        init_ms, sandbox.init_us = -(-sandbox.init_us // 1_000), 0
        seconds = config.memory_mb / 1_024 * init_ms / 1_000
        cloud.meter.add(f"lambda.provisioned_duration_gb_s.{allocation.processor}", seconds, config.name)
        wanted = not allocation.ended and allocation.version == config.version
        if sandbox.environment is None or not wanted:
            _end(sandbox)
            return
        allocation.idle.append(sandbox)
        allocation.allocated = allocation.running + len(allocation.idle)

    def move(self, allocation: Allocation, version: str) -> None:
        """Run another version from now on: its environments are started anew."""
        allocation.version = version
        self._empty(allocation)
        allocation.allocated = allocation.running
        self.allocate(allocation)

    @staticmethod
    def _empty(allocation: Allocation) -> None:
        for sandbox in allocation.idle:
            _end(sandbox)
        allocation.idle.clear()

    def stop(self, allocation: Allocation) -> None:
        """Give it up: its environments end, and nothing more is billed."""
        self.settle()
        allocation.ended = True
        self._empty(allocation)
        self.allocations.pop((allocation.name, allocation.qualifier), None)

    def settle(self) -> None:
        """Meter the time that allocations have stood, in blocks that have begun."""
        now_us = self._cloud.kernel.now_us
        for allocation in self.allocations.values():
            due_us = -(-(now_us - allocation.since_us) // _BLOCK_US) * _BLOCK_US
            if due_us > allocation.billed_us:
                seconds = (due_us - allocation.billed_us) / 1e6 * allocation.requested * allocation.memory_mb / 1_024
                item = f"lambda.provisioned_gb_s.{allocation.processor}"
                self._cloud.meter.add(item, seconds, allocation.name)
                allocation.billed_us = due_us


def _end(sandbox: Sandbox) -> None:
    if sandbox.environment is not None:
        sandbox.environment.kill()
