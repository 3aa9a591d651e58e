"""Memory buys CPU."""

from __future__ import annotations

import math

from localcloud.facts import Facts


def cpu_share(facts: Facts, memory_mb: int) -> float:
    """The part of one vCPU that one thread gets: proportional to memory, 1.0 at one whole vCPU."""
    per_vcpu: int = facts.value("quota.lambda.vcpu.mb_per_vcpu")
    return min(1.0, memory_mb / per_vcpu)


def vcpus(facts: Facts, memory_mb: int) -> int:
    """The vCPUs that a function sees."""
    per_vcpu: int = facts.value("quota.lambda.vcpu.mb_per_vcpu")
    most: int = facts.value("quota.lambda.vcpu.max")
    return min(most, math.ceil(memory_mb / per_vcpu))
