"""The CapacityProviderConfig of a function: what it may be, and how it is shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from localcloud.api import ApiError
from localcloud.facts import Facts
from localcloud.services.lambda_.functions import LATEST, MANAGED_KEY, ManagedSettings
from localcloud.services.lambda_.log_settings import JSON, LOGGING_KEY
from localcloud.services.lambda_.log_settings import described as described_logging

MANAGED_CONFIG = "LambdaManagedInstancesCapacityProviderConfig"
_RUNTIME = re.compile(r"^(python|nodejs|java|dotnet)(\d+(?:\.\d+)?)")
_MB = 1_024


class SettingsReader:
    """Reads it out of requests. `default_timeout_s` and `managed_timeout_s` are the longest timeouts."""

    def __init__(self, facts: Facts) -> None:
        limits = facts.value("quota.lambda.lmi")
        self._least_mb = int(limits["min_memory_gb"]) * _MB
        self._most_mb = int(limits["memory_max_mb"])
        self._default_most_mb = int(facts.value("quota.lambda.memory")["max"])
        self._least_vcpus = float(limits["min_vcpu"])
        self._least_ratio, self._most_ratio = limits["gib_per_vcpu"]
        self._concurrency_per_vcpu = int(limits["max_concurrency_per_vcpu"])
        self._ratio = float(facts.value("quota.lambda.lmi.default_gib_per_vcpu"))
        self._concurrency: Mapping[str, int] = facts.value("quota.lambda.lmi.default_concurrency")
        self._oldest: Mapping[str, str] = facts.value("quota.lambda.lmi.runtimes")
        self.default_timeout_s = int(facts.value("quota.lambda.timeout.max"))
        self.managed_timeout_s = int(facts.value("quota.lambda.lmi.timeout_queued"))

    @property
    def default_memory_mb(self) -> int:
        """The memory of a managed function that names none."""
        return self._least_mb

    def read(self, config: Mapping[str, Any], runtime: str, memory_mb: int) -> ManagedSettings:
        """What CapacityProviderConfig asks for, with defaults filled in. Raises ApiError."""
        given = config.get(MANAGED_CONFIG)
        if not given:
            raise ApiError(
                "ValidationException",
                "1 validation error detected: Value null at 'capacityProviderConfig."
                "lambdaManagedInstancesCapacityProviderConfig' failed to satisfy constraint: Member must not be null",
            )
        family = self._family(runtime)
        ratio = float(given.get("ExecutionEnvironmentMemoryGiBPerVCpu", self._ratio))
        if not self._least_ratio <= ratio <= self._most_ratio:
            raise invalid(
                f"ExecutionEnvironmentMemoryGiBPerVCpu must be between {self._least_ratio} and {self._most_ratio}."
            )
        if memory_mb < self._least_mb:
            raise invalid(
                f"MemorySize {memory_mb} is not supported for functions on Lambda Managed Instances: the smallest is "
                f"{self._least_mb} MB."
            )
        vcpus = memory_mb / _MB / ratio
        if vcpus < self._least_vcpus:
            raise invalid(
                f"A function on Lambda Managed Instances has at least 1 vCPU: {memory_mb} MB at {ratio:g} GiB per vCPU "
                f"is {vcpus:g} vCPUs."
            )
        concurrency = int(given.get("PerExecutionEnvironmentMaxConcurrency", int(self._concurrency[family] * vcpus)))
        if concurrency > self._concurrency_per_vcpu * vcpus:
            raise invalid(
                f"PerExecutionEnvironmentMaxConcurrency {concurrency} is more than {self._concurrency_per_vcpu} for "
                f"each of {vcpus:g} vCPUs."
            )
        return ManagedSettings(given["CapacityProviderArn"], concurrency, ratio)

    def _family(self, runtime: str) -> str:
        found = _RUNTIME.match(runtime)
        if not found or _order(found[2]) < _order(self._oldest[found[1]]):
            raise invalid(f"{runtime or 'A container image'} is not supported for Lambda Managed Instances.")
        return found[1]

    def check_limits(self, managed: bool, params: Mapping[str, Any]) -> None:
        """Timeout and memory that one kind of compute has and the other has not. Raises ApiError."""
        most_s = self.managed_timeout_s if managed else self.default_timeout_s
        if int(params.get("Timeout", 1)) > most_s:
            raise _too_large(params["Timeout"], "timeout", most_s)
        most_mb = self._most_mb if managed else self._default_most_mb
        if int(params.get("MemorySize", 128)) > most_mb:
            raise _too_large(params["MemorySize"], "memorySize", most_mb)


def check_exclusions(params: Mapping[str, Any]) -> None:
    """What does not go together with managed instances. Raises ApiError InvalidParameterValueException."""
    if (params.get("SnapStart") or {}).get("ApplyOn", "None") != "None":
        raise invalid("SnapStart is not supported for functions on Lambda Managed Instances.")
    if (params.get("VpcConfig") or {}).get("SubnetIds"):
        raise invalid("VpcConfig is not supported for functions on Lambda Managed Instances.")
    if params.get("TenancyConfig"):
        raise invalid("TenancyConfig is not supported for functions on Lambda Managed Instances.")
    if (params.get("LoggingConfig") or {}).get("LogFormat") == "Text":
        raise invalid("LogFormat Text is not supported for functions on Lambda Managed Instances.")


def described(model: Any, version: str) -> dict[str, Any]:
    """The members of a version's configuration that show it: empty for a function on default compute."""
    settings: ManagedSettings | None = model.__dict__.get(MANAGED_KEY)
    if settings is None:
        return {}
    config = {
        "CapacityProviderArn": settings.provider_arn,
        "PerExecutionEnvironmentMaxConcurrency": settings.max_concurrency,
        "ExecutionEnvironmentMemoryGiBPerVCpu": settings.gib_per_vcpu,
    }
    logging = {**(model.__dict__.get(LOGGING_KEY) or {}), "LogFormat": JSON}
    members: dict[str, Any] = {
        "CapacityProviderConfig": {MANAGED_CONFIG: config},
        "LoggingConfig": described_logging(model.function_name, logging),
    }
    if version == LATEST:
        members["State"] = "ActiveNonInvocable"
    return members


def _order(version: str) -> tuple[int, int]:
    major, _, minor = version.partition(".")
    return int(major), int(minor or 0)


def invalid(message: str) -> ApiError:
    """InvalidParameterValueException."""
    return ApiError("InvalidParameterValueException", message, 400, Type="User")


def _too_large(value: Any, member: str, most: int) -> ApiError:
    return ApiError(
        "ValidationException",
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must have "
        f"value less than or equal to {most}",
    )
