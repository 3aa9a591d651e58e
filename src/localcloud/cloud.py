"""One simulated AWS account: `with Cloud(seed=7) as cloud:` is all a test needs."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any

from localcloud.errors import ConfigurationError
from localcloud.kernel import Kernel, collector
from localcloud.patching import Patches

if TYPE_CHECKING:
    from localcloud.api import Api
    from localcloud.facts import Facts
    from localcloud.faults import Faults
    from localcloud.latency import Latency
    from localcloud.metering import Meter
    from localcloud.net import HttpPlane
    from localcloud.services.agentcore import AgentCore
    from localcloud.services.appsync_events import AppSyncEvents
    from localcloud.services.bedrock import Bedrock
    from localcloud.services.billing import Billing
    from localcloud.services.budgets import Budgets
    from localcloud.services.cloudwatch import CloudWatch
    from localcloud.services.dynamodb import DynamoDBStreams
    from localcloud.services.event_source_mappings import EventSourceMappings
    from localcloud.services.events import EventBridge
    from localcloud.services.http_api import HttpApi
    from localcloud.services.iam import Iam
    from localcloud.services.kinesis import Kinesis
    from localcloud.services.lambda_ import Lambda
    from localcloud.services.log_insights import LogInsights
    from localcloud.services.log_processing import LogProcessing
    from localcloud.services.logs import Logs
    from localcloud.services.sns import SNS
    from localcloud.services.sqs import SQS
    from localcloud.services.states import StepFunctions
    from localcloud.services.xray import XRay
    from localcloud.spans import Tracer
    from localcloud.stacks import CloudFormation

ACCOUNT_ID = "123456789012"
DEFAULT_START = datetime(2025, 1, 6, 8, 0, tzinfo=UTC)

# What could send a call to a real account is taken out of the environment while a cloud is active.
_CREDENTIAL_VARIABLES = (
    "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_ENDPOINT_URL",
    "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)  # fmt: skip

_active: list[Cloud] = []


class Cloud:
    """AWS in virtual time.

    Args:
        seed: decides every latency, failure and id of the run.
        start: the virtual time at which the cloud starts (default Monday 2025-01-06 08:00 UTC).
        region: the one Region of the account.
        enforce_iam: let the policies of their roles decide what functions, state machines and other services may do,
            as AWS does; else every role may do everything.

    One cloud can be active per process. Leaving the `with` block takes every patch back.
    """

    def __init__(
        self,
        seed: int = 0,
        start: datetime = DEFAULT_START,
        region: str = "us-east-1",
        *,
        enforce_iam: bool = False,
    ) -> None:
        if start.tzinfo is None:
            raise ConfigurationError(f"`start` needs a time zone, found {start!r}; pass start.replace(tzinfo=UTC).")
        self.seed = seed
        self.enforce_iam = enforce_iam
        self.region = region
        self.account_id = ACCOUNT_ID
        self.kernel = Kernel(seed=seed, epoch_us=int(start.timestamp()) * 1_000_000)
        self.patches = Patches()
        self.facts: Facts
        self.latency: Latency
        self.meter: Meter
        self.tracer: Tracer
        self.api: Api
        self.http: HttpPlane
        self.iam: Iam
        self.faults: Faults
        self.logs: Logs
        self.log_insights: LogInsights
        self.log_processing: LogProcessing
        self.dynamodb_streams: DynamoDBStreams
        self.kinesis: Kinesis
        self.sns: SNS
        self.sqs: SQS
        self.cloudwatch: CloudWatch
        self.lambda_: Lambda
        self.event_source_mappings: EventSourceMappings
        self.events: EventBridge
        self.step_functions: StepFunctions
        self.http_api: HttpApi
        self.appsync_events: AppSyncEvents
        self.xray: XRay
        self.billing: Billing
        self.budgets: Budgets
        self.bedrock: Bedrock
        self.agentcore: AgentCore
        self.cloudformation: CloudFormation
        self._undo: list[Callable[[], None]] = []

    # -- life --------------------------------------------------------------------------------

    def __enter__(self) -> Cloud:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> Cloud:
        """Enter the simulated world. Raises ConfigurationError when another cloud is active."""
        if _active:
            raise ConfigurationError("Another Cloud is active in this process; stop it before starting a second one.")
        _active.append(self)
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def _start(self) -> None:
        self._undo.append(collector.relax())  # the imports that follow make a million objects, and keep them
        from moto.moto_api._internal import mock_random

        from localcloud import moto_mock, runtime
        from localcloud.assembly import assemble

        collector.settle()
        self._hide_credentials()
        self._undo.append(moto_mock.start())
        mock_random.seed(self.kernel.streams["moto"].getrandbits(32))
        assemble(self)
        self._undo.append(runtime.install(self.kernel, self.patches))

    def on_stop(self, undo: Callable[[], None]) -> None:
        """Call `undo` when the cloud stops, before everything that was set up earlier is undone."""
        self._undo.append(undo)

    def stop(self) -> None:
        """End every task and leave nothing behind. Calling it again does nothing."""
        if self not in _active:
            return
        self.kernel.close()
        while self._undo:
            self._undo.pop()()
        self.patches.undo()
        _active.remove(self)

    def _hide_credentials(self) -> None:
        hidden = {name: os.environ.pop(name) for name in _CREDENTIAL_VARIABLES if name in os.environ}
        fixed = {"AWS_DEFAULT_REGION": self.region, "AWS_REGION": self.region}
        before = {name: os.environ.get(name) for name in fixed}
        os.environ.update(fixed)

        def restore() -> None:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
            os.environ.update(hidden)

        self._undo.append(restore)

    # -- use ---------------------------------------------------------------------------------

    def client(self, service: str, **kwargs: Any) -> Any:
        """A boto3 client of this account; `kwargs` are boto3's. Raises what boto3 raises.

        `boto3.client(...)` does the same while the cloud is active.
        """
        import boto3

        return boto3.client(service, region_name=self.region, **kwargs)

    @property
    def now(self) -> datetime:
        """The virtual time, in UTC."""
        return datetime.fromtimestamp(self.kernel.unix_us / 1e6, UTC)

    def wait(self, seconds: float) -> None:
        """Let virtual time pass; everything that is under way goes on. Zero or less passes none.

        Inside a task it sleeps. Outside it drives the clock, and raises what a service of the cloud failed of.
        """
        if self.kernel.current() is not None:
            self.kernel.sleep(round(seconds * 1e6))
        else:
            self.kernel.run(until_us=self.kernel.now_us + round(seconds * 1e6))

    def wait_until(self, predicate: Callable[[], bool], timeout_s: float, poll_s: float = 1.0) -> bool:
        """Let virtual time pass until `predicate()` holds; False when `timeout_s` came first.

        It is asked now and every `poll_s` virtual seconds.
        """
        deadline_us = self.kernel.now_us + round(timeout_s * 1e6)
        while not predicate():
            left_us = deadline_us - self.kernel.now_us
            if left_us <= 0:
                return False
            self.wait(min(poll_s, left_us / 1e6))
        return True


def active_cloud() -> Cloud | None:
    """The cloud that is active in this process, or None."""
    return _active[0] if _active else None
