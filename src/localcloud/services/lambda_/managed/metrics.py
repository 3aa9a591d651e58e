"""What CloudWatch shows of capacity providers and of the environments on them, every five minutes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from localcloud.services.cloudwatch.store import minute_s
from localcloud.services.lambda_.managed.environments import ManagedEnvironment
from localcloud.services.lambda_.managed.fleets import Fleet
from localcloud.services.lambda_.managed.instances import Instance
from localcloud.services.lambda_.managed.providers import CapacityProviders

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_NAMESPACE = "AWS/Lambda"
_GIB = 1_024**3


class ManagedMetrics:
    """Publishes them as long as there are instances. `fleets()` are those that serve."""

    def __init__(self, cloud: Cloud, providers: CapacityProviders) -> None:
        self._cloud = cloud
        self._providers = providers
        self._period_us = int(cloud.facts.value("quota.lambda.lmi.metric_period")) * 1_000_000
        self._process_mb = int(cloud.facts.value("model.lambda.python_memory"))
        self._busy_us: dict[ManagedEnvironment, float] = {}
        self._peaks: dict[ManagedEnvironment, int] = {}
        self._due = False
        self.fleets: dict[tuple[str, str], Fleet] = {}

    def begin(self) -> None:
        """There are instances from now on."""
        if not self._due:
            self._due = True
            at_us = self._cloud.kernel.now_us + self._period_us
            self._cloud.kernel.call_in_background(at_us, self._publish)

    def seen(self, environment: ManagedEnvironment) -> None:
        """An environment has one more request."""
        self._peaks[environment] = max(self._peaks.get(environment, 0), environment.running)

    def _publish(self) -> None:
        self._due = False
        used = {one: self._share_used(one) for fleet in self.fleets.values() for one in fleet.environments}
        for fleet in self.fleets.values():
            self._publish_fleet(fleet, used)
        for provider in self._providers.all():
            by_type: dict[str, list[Instance]] = {}
            for instance in provider.instances.running:
                by_type.setdefault(instance.kind.name, []).append(instance)
            for kind, instances in by_type.items():
                self._publish_instances({"CapacityProviderName": provider.name, "InstanceType": kind}, instances, used)
        self._busy_us = {one: one.processor.busy_us for one in used}
        self._peaks = {one: one.running for one in used}
        if any(provider.instances.running for provider in self._providers.all()):
            self.begin()

    def _share_used(self, environment: ManagedEnvironment) -> float:
        """The part of its vCPUs that an environment has used in the last period."""
        used_us = environment.processor.busy_us - self._busy_us.get(environment, 0.0)
        return used_us / (self._period_us * environment.processor.vcpus)

    def _publish_fleet(self, fleet: Fleet, used: Mapping[ManagedEnvironment, float]) -> None:
        name, version = fleet.config.name, fleet.config.version
        dimensions = {
            "CapacityProviderName": fleet.provider.name, "FunctionName": name, "Resource": f"{name}:{version}",
        }  # fmt: skip
        for one in fleet.environments:
            memory_mb = min(fleet.config.memory_mb, one.limit * self._process_mb)
            self._add(dimensions, "ExecutionEnvironmentConcurrency", self._peaks.get(one, 0), "Count")
            self._add(dimensions, "ExecutionEnvironmentConcurrencyLimit", one.limit, "Count")
            self._add(dimensions, "ExecutionEnvironmentCPUUtilization", 100 * used[one], "Percent")
            share = memory_mb / fleet.config.memory_mb
            self._add(dimensions, "ExecutionEnvironmentMemoryUtilization", 100 * share, "Percent")

    def _publish_instances(
        self, dimensions: Mapping[str, str], instances: Iterable[Instance], used: Mapping[ManagedEnvironment, float]
    ) -> None:
        for instance in instances:
            kind = instance.kind
            guests = [one for one in instance.guests if one in used]
            cpu = sum(used[one] * one.processor.vcpus for one in guests) / kind.vcpus
            memory_gib = sum(one.limit * self._process_mb / 1_024 for one in guests)
            self._add(dimensions, "CPUUtilization", 100 * cpu, "Percent")
            self._add(dimensions, "MemoryUtilization", 100 * min(1.0, memory_gib / kind.memory_gib), "Percent")
            self._add(dimensions, "vCPUAllocated", instance.vcpus_used, "Count")
            self._add(dimensions, "vCPUAvailable", kind.vcpus - instance.vcpus_used, "Count")
            self._add(dimensions, "MemoryAllocated", instance.gib_used * _GIB, "Bytes")
            self._add(dimensions, "MemoryAvailable", (kind.memory_gib - instance.gib_used) * _GIB, "Bytes")

    def _add(self, dimensions: Mapping[str, str], metric: str, value: float, unit: str) -> None:
        at_s = minute_s(self._cloud.kernel.unix_us)
        self._cloud.cloudwatch.series(_NAMESPACE, metric, dimensions, unit).add(at_s, value)
