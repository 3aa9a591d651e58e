"""The execution environments of one version on managed instances, and which of them takes a request."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from localcloud.kernel import Task
from localcloud.services.lambda_.functions import Function
from localcloud.services.lambda_.managed.environments import ManagedEnvironment, Worker
from localcloud.services.lambda_.managed.providers import PENDING, CapacityProvider
from localcloud.services.lambda_.sandboxes import Sandbox

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

CONCURRENCY, CPU = "ConcurrencyThrottles", "CPUThrottles"
LIMIT_EXCEEDED, INSUFFICIENT = "CapacityProviderScalingLimitExceeded", "InsufficientCapacity"
INIT_ERROR, INIT_TIMEOUT = "FunctionError.RuntimeInitError", "FunctionError.InitTimeout"
_GIB_MB = 1_024
_SECOND_US = 1_000_000


class Refused(Exception):
    """No environment takes the request. `reason` is the metric that counts such refusals."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Fleet:
    """`environments` are those that take requests; `low` and `high` (None: no limit) bound their number.

    `init(sandbox)` runs Init, with plenty of time. `on_request()` is told of every request, refused ones too.
    """

    def __init__(
        self, cloud: Cloud, provider: CapacityProvider, config: Function, bounds: tuple[int, int | None],
        init: Callable[[Sandbox], None],
    ) -> None:  # fmt: skip
        assert config.managed is not None
        self._cloud = cloud
        self._init = init
        self.provider = provider
        self.config = config
        self.low, self.high = bounds
        self.gib = config.memory_mb / _GIB_MB
        self.vcpus = self.gib / config.managed.gib_per_vcpu
        self.environments: list[ManagedEnvironment] = []
        self.starting = 0
        self.refusals = 0  # since the scaler looked
        self.failure = ""  # why the last environment that did not start did not
        self.closed = False
        self.on_request: Callable[[], None] = lambda: None
        refusal = cloud.facts.value("model.lambda.lmi.refusal")
        self._cpu_most, self._window_us = float(refusal["cpu_share"]), round(refusal["window_s"] * 1e6)
        least_s = int(cloud.facts.value("quota.lambda.init.limit_pc_snapstart_lmi")["least_s"])
        self._init_limit_us = max(least_s, min(config.timeout_s, 900)) * _SECOND_US
        self._start_us = round(cloud.facts.value("model.lambda.lmi.start")["environment_s"] * 1e6)

    @property
    def size(self) -> int:
        """The environments that there are or will be."""
        return len(self.environments) + self.starting

    @property
    def running(self) -> int:
        return sum(environment.running for environment in self.environments)

    def clamp(self, count: int) -> int:
        """As many as its bounds allow."""
        return max(self.low, count if self.high is None else min(count, self.high))

    # -- requests ------------------------------------------------------------------------------

    def take(self) -> tuple[ManagedEnvironment, Worker]:
        """The process for one request, in the environment with the fewest. Raises Refused."""
        self.on_request()
        worn_out = False
        for environment in sorted(self.environments, key=lambda one: one.running):  # stable: ties by age
            worker = environment.free()
            if worker is None:
                continue
            if environment.running and environment.processor.share() >= self._cpu_most:
                worn_out = True
                continue
            environment.take(worker)
            return environment, worker
        self.refusals += 1
        raise Refused(CPU if worn_out else CONCURRENCY)

    def _replace(self, environment: ManagedEnvironment) -> None:
        """Its last process died: Lambda ends it and starts another."""
        if environment in self.environments:
            size = self.size
            self._drop(environment)
            self.grow(self.clamp(size))

    # -- size ----------------------------------------------------------------------------------

    def start(self) -> bool:
        """Start as many as it has at least, and wait for them. False when one of them did not start."""
        kernel = self._cloud.kernel
        while self.provider.state == PENDING:
            kernel.sleep(_SECOND_US)
        self.failure = ""
        while len(self.environments) < self.low and not (self.failure or self.closed):
            for task in self.grow(self.low):
                task.join()
            while self.starting:  # those that others asked for meanwhile
                kernel.sleep(_SECOND_US)
        return not (self.failure or self.closed)

    def grow(self, wanted: int) -> list[Task]:
        """Start what is missing, in tasks of their own."""
        missing = range(wanted - self.size)
        self.starting += len(missing)
        return [self._cloud.kernel.spawn(self._add, name="environment", critical=True) for _ in missing]

    def _add(self) -> None:
        """One environment: a place on an instance, its start there, its Init."""
        environment = ManagedEnvironment(self._cloud, self.config, self.vcpus, self._window_us)
        instance = self.provider.instances.place(environment, self.config.arn, self.vcpus, self.gib)
        if instance is None:
            self.starting -= 1
            self.failure = LIMIT_EXCEEDED if self.provider.instances.could_hold(self.vcpus, self.gib) else INSUFFICIENT
            return
        environment.instance, environment.on_lost = instance, self._replace
        instance.ready.wait()
        self._cloud.kernel.sleep(self._start_us)
        began_us = self._cloud.kernel.now_us
        ready = environment.start(self._init)
        self.starting -= 1
        if ready and not self.closed:
            self.environments.append(environment)
            self.shrink(max(self.low, len(self.environments) if self.high is None else self.high))
            return
        environment.end()
        self.provider.instances.leave(instance, environment)
        if not ready:
            late = self._cloud.kernel.now_us - began_us >= self._init_limit_us
            self.failure = INIT_TIMEOUT if late else INIT_ERROR

    def shrink(self, wanted: int) -> None:
        """End the youngest ones."""
        while len(self.environments) > wanted:
            self._drop(self.environments[-1])

    def _drop(self, environment: ManagedEnvironment) -> None:
        self.environments.remove(environment)
        environment.end()
        if environment.instance is not None:
            self.provider.instances.leave(environment.instance, environment)

    def close(self) -> None:
        """It is replaced or given up: requests under way still end."""
        self.closed = True
        self.shrink(0)

    def needed(self, share: float) -> int:
        """How many environments would bring a load of so many times the target down to it."""
        return math.ceil(round(len(self.environments) * share, 6))
