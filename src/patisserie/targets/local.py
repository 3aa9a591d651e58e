"""The local target: everything runs in the local cloud, in virtual time."""

from __future__ import annotations

import json as jsonlib
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from localcloud import Cloud
from localcloud.cost import cost_report
from localcloud.net import HttpRequest, HttpTimeout, HttpUnreachable
from patisserie.targets.base import DeployedStack, HttpReply, Listener, PatienceExhausted, TargetError, Used
from patisserie.targets.deployment import Deployer

_POLL_S = 5.0
_LOOK_S, _LOOK_SHARE = 60.0, 0.01


class LocalTarget:
    """A simulated account. The simulation's own abilities are at `cloud`: faults, traces, exact metering."""

    name = "local"
    source = "simulated"

    def __init__(self, seed: int, tags: Mapping[str, str]) -> None:
        self.seed = seed
        self.cloud = Cloud(seed=seed, enforce_iam=True).start()
        self._endless = 0  # how many endless loops have been reported
        self._deployer = Deployer(self.cloud.client, "patisserie-code", tags, poll_s=_POLL_S)

    def close(self) -> None:
        """Leave the simulation. Everything in it is gone."""
        self.cloud.stop()

    def plainly(self) -> AbstractContextManager[None]:
        """What simulated AWS answers stays as it is: labs look at it."""
        return nullcontext()

    def client(self, service: str) -> Any:
        """A boto3 client of the simulated account."""
        return self.cloud.client(service)

    def now_s(self) -> float:
        """Virtual seconds since the target was opened."""
        return self.cloud.kernel.now_us / 1e6

    def wait(self, seconds: float) -> None:
        """Let virtual time pass. Raises TargetError when a function turns out to be an endless loop."""
        until_us = self.cloud.kernel.now_us + round(seconds * 1e6)
        look_s = max(_LOOK_S, seconds * _LOOK_SHARE)  # a day is not looked at minute by minute
        while (left_us := until_us - self.cloud.kernel.now_us) > 0:
            self.cloud.wait(min(look_s, left_us / 1e6))
            self._refuse_endless_loops()

    def _refuse_endless_loops(self) -> None:
        # On AWS each of its invocations would run into the time-out. Here each would take real time to be stopped.
        if self._loops_endlessly:
            found = self.cloud.kernel.endless
            self._endless = len(found)
            raise TargetError(
                f"{found[-1] or 'A function'} computed and computed and never waited, until it was stopped: is there "
                "a loop without an end? Mend it, deploy, and try again."
            )

    @property
    def _loops_endlessly(self) -> bool:
        """Whether a function has turned out to be an endless loop, and nobody has been told."""
        return len(self.cloud.kernel.endless) > self._endless

    def spawn_at(self, at_s: float, fn: Callable[[], None]) -> Any:
        """Run `fn` as a task at that virtual time, unless a function has turned out to be an endless loop by then."""

        def arrive() -> None:
            if not self._loops_endlessly:
                fn()

        delay_us = max(0, round(at_s * 1e6) - self.cloud.kernel.now_us)
        return self.cloud.kernel.spawn(arrive, name="customer", delay_us=delay_us)

    def join_all(self, started: Sequence[Any]) -> None:
        """Let time pass until all have ended; raise the first exception among them.

        Who has not ended when one fails, or when a person interrupts, is sent home.
        """
        try:
            for task in started:
                self.cloud.kernel.call(task.result)
                self._refuse_endless_loops()
        except BaseException:
            for task in started:
                self.cloud.kernel.kill(task)
            raise

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

    def subscribe(self, api_id: str, channel: str) -> Listener:
        """Listen on a channel of an AppSync Events API."""
        appsync = self.client("appsync")
        dns = appsync.get_api(apiId=api_id)["api"]["dns"]
        key = appsync.list_api_keys(apiId=api_id)["apiKeys"][0]["id"]
        return _Listener(self.cloud, dns["HTTP"], dns["REALTIME"], key, channel)

    def start_metering(self) -> Callable[[DeployedStack], Used]:
        """Ask the returned function later what a stack has used since now."""
        earlier = self.cloud.meter.snapshot()

        def used(stack: DeployedStack) -> Used:
            # what a bill names is the last part of an ARN, of a topic's too
            names = {re.split("[/:]", resource.physical_id)[-1] for resource in stack.resources}
            usage = self.cloud.meter.since(earlier).of(names)
            report = cost_report(usage, self.cloud.facts)
            lines = tuple((line.item, line.cost_usd) for line in report.lines)
            return Used(round(usage.total("lambda.requests")), report.total_usd, lines)

        return used


class _Listener:
    """A connection that collects the events of one channel."""

    def __init__(self, cloud: Cloud, http: str, realtime: str, key: str, channel: str) -> None:
        rights = {"host": http, "x-api-key": key}
        self._connection = cloud.appsync_events.connect(realtime, rights)
        self._connection.send({"type": "connection_init"})
        self._connection.send({"type": "subscribe", "id": "1", "channel": channel, "authorization": rights})

    def close(self) -> list[str]:
        """Stop listening; the events that came."""
        found = []
        while (frame := self._connection.receive(0)) is not None:
            if frame["type"] == "data":
                found.append(str(frame["event"]))
        self._connection.close()
        return found
