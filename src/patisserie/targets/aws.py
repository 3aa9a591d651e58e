"""The AWS target: the same labs in an account of AWS, in real time, over HTTP.

With AWS_ENDPOINT_URL set, an emulator stands in for AWS: calls go there, and so do requests to API endpoints.
"""

from __future__ import annotations

import dataclasses
import json as jsonlib
import os
import re
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from localcloud.cost import cost_report
from localcloud.facts import Facts
from patisserie.reports import Report, reports
from patisserie.targets.aws_cleanup import PREFIX, bucket_name, clean_up
from patisserie.targets.aws_errors import plainly
from patisserie.targets.base import DeployedStack, HttpReply, Listener, PatienceExhausted, TargetError, Used
from patisserie.targets.deployment import Deployer
from patisserie.targets.stand_in import add_routes, without_refused

NOT_ON_AWS = (
    "listening on an AppSync Events channel (it needs a WebSocket client, which the course does not bring)",
    "costs other than Lambda's in the table (requests and GB-seconds, read from REPORT lines, at list prices)",
    "the checks of labs 01 to 04 (they judge rushes and long outages; here a dozen orders are measured)",
    "the same figures twice: the seed decides customers and orders, not how long AWS takes",
)
_API_HOST = re.compile(r"^https://(?P<api>[a-z0-9]+)\.execute-api\.[a-z0-9-]+\.amazonaws\.com(?P<path>/.*)?$")
_MB_PER_GB = 1024
_LOG_POLL_S = 2.0
_LOG_POLLS = 15


@dataclass(frozen=True, slots=True)
class Account:
    """Whose account it is, as STS says. `endpoint` is the emulator that stands in for AWS, "" for AWS itself."""

    account_id: str
    arn: str
    region: str
    endpoint: str


def reachable(url: str, endpoint: str) -> str:
    """Where to send a request for `url`: an API's own address or, with an endpoint, its place at the emulator."""
    match = _API_HOST.match(url) if endpoint else None
    if match is None:
        return url
    return f"{endpoint}/_aws/execute-api/{match['api']}/$default{match['path'] or '/'}"


class Started:
    """A thread under way."""

    def __init__(self, run: Callable[[], None]) -> None:
        self._failure: BaseException | None = None
        self._run = run
        # A daemon: leaving Python does not wait for an outage that would have been switched off later.
        self._thread = threading.Thread(target=self._guarded, name="customer", daemon=True)
        self._thread.start()

    def _guarded(self) -> None:
        try:
            self._run()
        except BaseException as exc:  # noqa: BLE001 - handed to whoever joins
            self._failure = exc

    def join(self) -> None:
        """Wait until it has ended; raise what it raised."""
        self._thread.join()
        if self._failure is not None:
            raise self._failure


class AwsTarget:
    """An account of AWS.

    Args:
        seed: decides customers and orders.
        tags: put on everything; must hold `patisserie:run`, which also names stacks and the bucket of code.
        session: where credentials and the Region come from.
        endpoint: of an emulator, "" for AWS itself.
        monotonic, sleep, unix_s: the clock.

    Raises TargetError, with one sentence, when there are no credentials or AWS refuses them.
    """

    name = "aws"
    source = "aws"

    def __init__(
        self,
        seed: int,
        tags: Mapping[str, str],
        session: boto3.Session | None = None,
        endpoint: str | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        unix_s: Callable[[], float] = time.time,
    ) -> None:
        self.seed = seed
        self.run = tags["patisserie:run"]
        self._endpoint = (os.environ.get("AWS_ENDPOINT_URL", "") if endpoint is None else endpoint).rstrip("/")
        self._facts = Facts.load()
        self._session = session or boto3.Session()
        self._region = self._session.region_name or self._facts.region
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()  # boto3 sessions are not safe to make clients from several threads
        self._monotonic, self._sleep, self._unix_s = monotonic, sleep, unix_s
        self._opened = monotonic()
        self._deployed = False  # since the last cleanup
        self.account = self._identify()
        bucket = bucket_name(self.account.account_id, self.run)
        if self._endpoint:
            self._deployer = Deployer(self.client, bucket, tags, poll_s=1.0, adapt=without_refused)
        else:
            self._deployer = Deployer(self.client, bucket, tags)

    def _identify(self) -> Account:
        try:
            if self._session.get_credentials() is None:
                raise TargetError(
                    "No AWS credentials were found; sign in with the AWS CLI or set AWS_PROFILE, and try again."
                )
            identity = self.client("sts").get_caller_identity()
        except (BotoCoreError, ClientError) as exc:
            where = self._endpoint or "AWS"
            raise TargetError(f"{where} did not say whose credentials these are: {exc}; sign in again.") from exc
        return Account(identity["Account"], identity["Arn"], self._region, self._endpoint)

    def close(self) -> None:
        """Leave the target. What is deployed there stays until it is cleaned up."""
        self._clients.clear()

    def plainly(self) -> AbstractContextManager[None]:
        """Within it, what AWS refuses is a TargetError with one sentence and the next step."""
        return plainly(self._endpoint or "AWS", self.run)

    def client(self, service: str) -> Any:
        """A boto3 client of the account. Clients may be shared by threads."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._session.client(
                    service, region_name=self._region, endpoint_url=self._endpoint or None
                )
            return self._clients[service]

    # -- time ----------------------------------------------------------------------------------

    def now_s(self) -> float:
        """Real seconds since the target was opened."""
        return self._monotonic() - self._opened

    def wait(self, seconds: float) -> None:
        """Sleep, really."""
        self._sleep(seconds)

    def spawn_at(self, at_s: float, fn: Callable[[], None]) -> Started:
        """Run `fn` in a thread at that time. One thread each: in a pool customers would wait for one another."""

        def run() -> None:
            self._sleep(max(0.0, at_s - self.now_s()))
            fn()

        return Started(run)

    def join_all(self, started: Sequence[Any]) -> None:
        """Wait until all have ended; raise the first exception among them."""
        for one in started:
            one.join()

    # -- HTTP ----------------------------------------------------------------------------------

    def http(
        self,
        method: str,
        url: str,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> HttpReply:
        """One HTTP request of a customer. Raises PatienceExhausted when `timeout_s` passes first."""
        body = None if json is None else jsonlib.dumps(json).encode()
        given = {"content-type": "application/json", **(headers or {})}
        request = urllib.request.Request(reachable(url, self._endpoint), body, given, method=method)
        started = self._monotonic()
        try:
            with urllib.request.urlopen(request, timeout=timeout_s) as answer:
                status, text = answer.status, answer.read().decode()
        except urllib.error.HTTPError as exc:
            with exc:
                status, text = exc.code, exc.read().decode()
        except TimeoutError as exc:
            raise PatienceExhausted(f"{url} did not answer within {timeout_s} s") from exc
        except OSError as exc:
            if isinstance(exc, urllib.error.URLError) and isinstance(exc.reason, TimeoutError):
                raise PatienceExhausted(f"{url} did not answer within {timeout_s} s") from exc
            status, text = 0, str(exc)
        elapsed_s = self._monotonic() - started
        if timeout_s is not None and elapsed_s > timeout_s:  # the socket's time-out is for each read, ours for all
            raise PatienceExhausted(f"{url} did not answer within {timeout_s} s")
        return HttpReply(status, text, elapsed_s * 1_000)

    def subscribe(self, api_id: str, channel: str) -> Listener:
        """Not to be had: raises TargetError."""
        raise TargetError(f"On AWS there is no {NOT_ON_AWS[0]}; use the local target for this part.")

    # -- stacks --------------------------------------------------------------------------------

    def deploy(self, stack_name: str, template: Path, parameters: Mapping[str, str] | None = None) -> DeployedStack:
        """Deploy or update a stack through CloudFormation. On AWS its name begins with the run's."""
        self._deployed = True
        try:
            stack = self._deployer.deploy(self._physical(stack_name), template, parameters)
        except ClientError as exc:
            raise TargetError(f"{self._endpoint or 'AWS'} refuses the stack {stack_name!r}: {exc}") from exc
        if self._endpoint:
            add_routes(self.client, stack, template)
        outputs = {name: reachable(value, self._endpoint) for name, value in stack.outputs.items()}
        return dataclasses.replace(stack, outputs=outputs)

    def delete(self, stack_name: str) -> None:
        """Delete a stack and wait until it is gone. Takes the name given to `deploy`, or the stack's own."""
        self._deployer.delete(self._physical(stack_name))

    def delete_rest(self) -> tuple[str, ...]:
        """Delete everything that has this run's tag; the names of what is still there."""
        found = clean_up(self.client, self.account.account_id, self.run, self._deployed, self._sleep)
        self._deployed = False
        return found.left

    def _physical(self, stack_name: str) -> str:
        own = f"{PREFIX}{self.run}-"
        return stack_name if stack_name.startswith(own) else own + stack_name

    # -- metering ------------------------------------------------------------------------------

    def start_metering(self) -> Callable[[DeployedStack], Used]:
        """Ask the returned function later what a stack's functions have been billed since now.

        Only Lambda is counted: requests and GB-seconds, from REPORT lines, at list prices.
        """
        since_ms = int(self._unix_s() * 1_000)

        def used(stack: DeployedStack) -> Used:
            found = self._settled_reports(stack, since_ms)
            architectures = {report.function: self._architecture(report.function) for report in found}
            quantities: Counter[str] = Counter()
            for report in found:
                quantities["lambda.requests"] += 1
                item = f"lambda.gb_s.{architectures[report.function]}"
                quantities[item] += report.billed_ms / 1_000 * report.memory_mb / _MB_PER_GB  # type: ignore[assignment]
            bill = cost_report(quantities, self._facts)
            return Used(len(found), bill.total_usd, tuple((line.item, line.cost_usd) for line in bill.lines))

        return used

    def _settled_reports(self, stack: DeployedStack, since_ms: int) -> list[Report]:
        """REPORT lines come some seconds after the invocation: read until there are no new ones."""
        found = reports(self.client("logs"), stack, since_ms)
        for _ in range(_LOG_POLLS):
            self._sleep(_LOG_POLL_S)
            again = reports(self.client("logs"), stack, since_ms)
            if len(again) == len(found):
                return again
            found = again
        raise TargetError(f"{stack.name} is still being invoked; wait until it is quiet, and measure again.")

    def _architecture(self, function: str) -> str:
        configuration = self.client("lambda").get_function_configuration(FunctionName=function)
        return "arm64" if "arm64" in configuration.get("Architectures", ()) else "x86"
