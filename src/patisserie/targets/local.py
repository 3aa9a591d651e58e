"""The local target: everything runs in the local cloud, in virtual time."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from localcloud import Cloud
from localcloud.cost import CostReport, cost_report
from localcloud.metering import Usage
from localcloud.net import HttpRequest, HttpTimeout, HttpUnreachable
from patisserie.targets.base import DeployedStack, HttpReply, PatienceExhausted
from patisserie.targets.deployment import Deployer

_POLL_S = 5.0


class LocalTarget:
    """A simulated account. The simulation's own abilities are at `cloud`: faults, traces, exact metering."""

    name = "local"
    source = "simulated"

    def __init__(self, seed: int, tags: Mapping[str, str]) -> None:
        self.seed = seed
        self.cloud = Cloud(seed=seed).start()
        self._deployer = Deployer(self.cloud.client, "patisserie-code", tags, poll_s=_POLL_S)

    def close(self) -> None:
        """Leave the simulation. Everything in it is gone."""
        self.cloud.stop()

    def client(self, service: str) -> Any:
        """A boto3 client of the simulated account."""
        return self.cloud.client(service)

    def now_s(self) -> float:
        """Virtual seconds since the target was opened."""
        return self.cloud.kernel.now_us / 1e6

    def wait(self, seconds: float) -> None:
        """Let virtual time pass."""
        self.cloud.wait(seconds)

    def spawn_at(self, at_s: float, fn: Callable[[], None]) -> Any:
        """Run `fn` as a task at that virtual time."""
        delay_us = max(0, round(at_s * 1e6) - self.cloud.kernel.now_us)
        return self.cloud.kernel.spawn(fn, name="customer", delay_us=delay_us)

    def join_all(self, started: Sequence[Any]) -> None:
        """Let time pass until all have ended; raise the first exception among them."""
        for task in started:
            self.cloud.kernel.call(task.result)

    def http(
        self,
        method: str,
        url: str,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> HttpReply:
        """One HTTP request of a customer. Raises PatienceExhausted when `timeout_s` passes first."""
        return self.cloud.kernel.call(self._http, method, url, json, headers, timeout_s)

    def _http(
        self, method: str, url: str, json: Any, headers: Mapping[str, str] | None, timeout_s: float | None
    ) -> HttpReply:
        kernel = self.cloud.kernel
        body = b"" if json is None else jsonlib.dumps(json).encode()
        given = {name.lower(): value for name, value in (headers or {}).items()}
        request = HttpRequest(method, url, {"content-type": "application/json", **given}, body)
        started_us = kernel.now_us
        try:
            answer = self.cloud.http.request(request, None if timeout_s is None else round(timeout_s * 1e6))
        except HttpTimeout as exc:
            raise PatienceExhausted(str(exc)) from exc
        except HttpUnreachable as exc:
            return HttpReply(0, str(exc), (kernel.now_us - started_us) / 1_000)
        return HttpReply(answer.status, answer.body.decode(), (kernel.now_us - started_us) / 1_000)

    def deploy(self, stack_name: str, template: Path, parameters: Mapping[str, str] | None = None) -> DeployedStack:
        """Deploy or update a stack through CloudFormation."""
        return self._deployer.deploy(stack_name, template, parameters)

    def delete(self, stack_name: str) -> None:
        """Delete a stack."""
        self._deployer.delete(stack_name)

    def delete_rest(self) -> tuple[str, ...]:
        """Delete what stacks leave behind (logs, uploaded code); the names of what could not be deleted."""
        return self._deployer.delete_rest()

    # -- what only the simulation can do -------------------------------------------------------

    def usage(self) -> Usage:
        """What has been used so far, in the units that AWS bills."""
        return self.cloud.meter.snapshot()

    def cost(self, since: Usage, resources: Sequence[str]) -> CostReport:
        """What these resources have cost since then, at list prices."""
        return cost_report(self.cloud.meter.since(since), self.cloud.facts, resources=resources)
