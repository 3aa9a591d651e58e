"""The EC2 instances of a capacity provider: their types, their start and end, what they hold and cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from localcloud.facts import Facts
from localcloud.kernel import Event

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_ZONES = 3  # environments of a version are spread over so many instances before any of them holds a second
_LEAST_BILLED_US = 60_000_000  # EC2 bills each second, and at least a minute


@dataclass(frozen=True, slots=True)
class InstanceType:
    """`name` is EC2's ("c7i.xlarge")."""

    name: str
    vcpus: int
    memory_gib: int
    usd_per_hour: float


def instance_types(facts: Facts, architecture: str) -> list[InstanceType]:
    """The types that run this architecture, the cheapest first."""
    sizes = facts.value("quota.ec2.instance_sizes")
    prices: Mapping[str, Mapping[str, float]] = facts.value("price.ec2.on_demand")
    found = []
    for family, by_size in prices.items():
        if (family in sizes["arm64"]) == (architecture == "arm64"):
            for size, price in by_size.items():
                vcpus = int(sizes["vcpus"][size])
                memory_gib = vcpus * int(sizes["gib_per_vcpu"][family[0]])
                found.append(InstanceType(f"{family}.{size}", vcpus, memory_gib, float(price)))
    return sorted(found, key=lambda one: (one.usd_per_hour, one.name))


def permitted(types: Iterable[InstanceType], requirements: Mapping[str, Any]) -> list[InstanceType]:
    """Those that AllowedInstanceTypes and ExcludedInstanceTypes leave; both may hold wildcards."""
    allowed, excluded = requirements.get("AllowedInstanceTypes"), requirements.get("ExcludedInstanceTypes") or ()
    return [
        one
        for one in types
        if (not allowed or any(fnmatchcase(one.name, pattern) for pattern in allowed))
        and not any(fnmatchcase(one.name, pattern) for pattern in excluded)
    ]


class Instance:
    """One instance. `guests` maps whatever has a place on it to (its version's ARN, vCPUs, GiB)."""

    def __init__(self, kind: InstanceType, launched_us: int, ready: Event) -> None:
        self.kind = kind
        self.launched_us = launched_us
        self.ready = ready
        self.ended = False
        self.billed_us = 0
        self.empty_since_us = -1
        self.guests: dict[Any, tuple[str, float, float]] = {}

    @property
    def vcpus_used(self) -> float:
        return sum(vcpus for _, vcpus, _ in self.guests.values())

    @property
    def gib_used(self) -> float:
        return sum(gib for _, _, gib in self.guests.values())

    def has_room(self, vcpus: float, gib: float) -> bool:
        return self.vcpus_used + vcpus <= self.kind.vcpus and self.gib_used + gib <= self.kind.memory_gib

    def hosts(self, version_arn: str) -> bool:
        return any(arn == version_arn for arn, _, _ in self.guests.values())


class Instances:
    """All instances of one capacity provider. `max_vcpus()` is asked before each launch."""

    def __init__(
        self, cloud: Cloud, provider: str, types: list[InstanceType], max_vcpus: Callable[[], int], launch_us: int,
        release_us: int,
    ) -> None:  # fmt: skip
        self._cloud = cloud
        self._provider = provider
        self.types = types
        self._max_vcpus = max_vcpus
        self._launch_us, self._release_us = launch_us, release_us
        self.running: list[Instance] = []

    def place(self, guest: Any, version_arn: str, vcpus: float, gib: float) -> Instance | None:
        """A place for one environment: first on instances of its own, then wherever there is room.

        None when no type is large enough, or the provider may not have more vCPUs. The instance may still have to
        get `ready`.
        """
        fitting = [one for one in self.running if one.has_room(vcpus, gib)]
        apart = [one for one in fitting if not one.hosts(version_arn)]
        spread = sum(one.hosts(version_arn) for one in self.running) >= _ZONES
        found = apart[0] if apart else None
        if found is None and (not spread or not fitting):
            found = self._launch(vcpus, gib)
        if found is None and fitting:
            found = max(fitting, key=lambda one: one.vcpus_used)  # full ones first: the others may get empty
        if found is not None:
            found.guests[guest] = version_arn, vcpus, gib
        return found

    def could_hold(self, vcpus: float, gib: float) -> bool:
        """Whether any of its types is large enough for an environment."""
        return self._smallest(vcpus, gib) is not None

    def _smallest(self, vcpus: float, gib: float) -> InstanceType | None:
        return next((one for one in self.types if one.vcpus >= vcpus and one.memory_gib >= gib), None)

    def _launch(self, vcpus: float, gib: float) -> Instance | None:
        kernel = self._cloud.kernel
        kind = self._smallest(vcpus, gib)
        if kind is None or sum(one.kind.vcpus for one in self.running) + kind.vcpus > self._max_vcpus():
            return None
        instance = Instance(kind, kernel.now_us, kernel.event())
        self.running.append(instance)
        kernel.call_later(self._launch_us, instance.ready.set)
        return instance

    def leave(self, instance: Instance, guest: Any) -> None:
        """An environment has ended. An instance that holds none for a few minutes is terminated."""
        instance.guests.pop(guest, None)
        if not instance.guests and not instance.ended:
            instance.empty_since_us = self._cloud.kernel.now_us
            self._cloud.kernel.call_later(self._release_us, self._release, instance, instance.empty_since_us)

    def _release(self, instance: Instance, empty_since_us: int) -> None:
        if not instance.guests and not instance.ended and instance.empty_since_us == empty_since_us:
            self.end(instance)

    def end(self, instance: Instance) -> None:
        """Terminate it: nothing more is billed."""
        self._bill(instance)
        instance.ended = True
        self.running.remove(instance)

    def settle(self) -> None:
        """Meter the time that instances have run."""
        for instance in self.running:
            self._bill(instance)

    def _bill(self, instance: Instance) -> None:
        due_us = max(_LEAST_BILLED_US, self._cloud.kernel.now_us - instance.launched_us)
        hours = (due_us - instance.billed_us) / 3_600e6
        if hours > 0:
            kind, meter = instance.kind, self._cloud.meter
            meter.add(f"lambda.managed_instance_hours.{kind.name}", hours, self._provider)
            meter.add("lambda.managed_instance_list_usd", hours * kind.usd_per_hour, self._provider)
            instance.billed_us = due_us
