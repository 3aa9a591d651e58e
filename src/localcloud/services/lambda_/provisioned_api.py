"""The operations on provisioned concurrency, and what AWS refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.api import ApiCall, ApiError
from localcloud.services.lambda_.concurrency import Concurrency
from localcloud.services.lambda_.functions import Function, Functions, split_reference
from localcloud.services.lambda_.provisioned import Allocation, ProvisionedConcurrency

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_LATEST = "$LATEST"


class ProvisionedOperations:
    """Answers them, and notices when what has provisioned concurrency changes."""

    def __init__(
        self, cloud: Cloud, functions: Functions, concurrency: Concurrency, provisioned: ProvisionedConcurrency
    ) -> None:
        self._cloud = cloud
        self._functions = functions
        self._concurrency = concurrency
        self._provisioned = provisioned
        self._keeps_free = int(cloud.facts.value("quota.lambda.concurrency.unreserved_minimum"))

    def install(self) -> None:
        """Answer the operations."""
        register = self._cloud.api.register
        register("lambda", "PutProvisionedConcurrencyConfig", self._put)
        register("lambda", "GetProvisionedConcurrencyConfig", self._get)
        register("lambda", "DeleteProvisionedConcurrencyConfig", self._delete)
        register("lambda", "ListProvisionedConcurrencyConfigs", self._list)
        register("lambda", "DeleteAlias", self._delete_alias)

    def set(self, name: str, qualifier: str, wanted: int) -> Allocation:
        """Provision a version or alias anew or otherwise. Raises ApiError."""
        config = self._check(name, qualifier, wanted)
        existing = self._provisioned.allocations.get((name, qualifier))
        self._provisioned.settle()
        now = self._cloud.now
        if existing is None:
            processor = "arm64" if config.architecture == "arm64" else "x86"
            existing = Allocation(
                name, qualifier, config.version, wanted, now, self._cloud.kernel.now_us, config.memory_mb, processor
            )
            self._provisioned.allocations[name, qualifier] = existing
        else:
            existing.requested, existing.modified = wanted, now
            existing.since_us, existing.billed_us = self._cloud.kernel.now_us, 0
        self._provisioned.allocate(existing)
        return existing

    def _check(self, name: str, qualifier: str, wanted: int) -> Function:
        if qualifier == _LATEST:
            raise _invalid("Provisioned Concurrency Configs cannot be applied to unpublished function versions.")
        alias = self._alias(name, qualifier)
        if alias is not None and (alias.routing_config or {}).get("AdditionalVersionWeights"):
            raise _invalid("Alias with weights can not be used with Provisioned Concurrency")
        config = self._functions.get(name, qualifier)
        if config.version == _LATEST:
            raise _invalid("Provisioned Concurrency Configs cannot be applied to unpublished function versions.")
        if config.managed is not None:
            raise _invalid("Provisioned Concurrency is not supported for functions on Lambda Managed Instances.")
        if config.snap_start:
            raise _invalid("Provisioned Concurrency is not supported for function versions with SnapStart enabled")
        if alias is not None and (name, config.version) in self._provisioned.allocations:
            raise _conflict(
                "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"
            )
        if alias is None and any(
            other.name == name and other.version == config.version and other.qualifier != qualifier
            for other in self._provisioned.allocations.values()
        ):
            raise _conflict("Version is pointed by a Provisioned Concurrency alias")
        self._check_room(name, qualifier, wanted)
        return config

    def _check_room(self, name: str, qualifier: str, wanted: int) -> None:
        others = sum(other.requested for other in self._of(name) if other.qualifier != qualifier)
        reserved = self._functions.reserved().get(name)
        if reserved is not None:
            if wanted + others > reserved:
                raise _invalid(
                    "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution "
                    "for function"
                )
            return
        own = self._provisioned.allocations.get((name, qualifier))
        free = self._concurrency.unreserved() + (own.requested if own else 0) - self._keeps_free
        if wanted > free:
            raise _invalid(
                "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency "
                f"[{free}]."
            )

    def _alias(self, name: str, qualifier: str) -> Any:
        latest = self._functions.model(name)
        return self._functions.backend._lambdas._aliases[latest.function_arn].get(qualifier)

    def _target(self, call: ApiCall) -> tuple[str, str]:
        name, qualifier = split_reference(call.params["FunctionName"], call.params.get("Qualifier"))
        self._functions.model(name, qualifier)  # raises when there is none
        return name, qualifier or _LATEST

    def _put(self, call: ApiCall) -> dict[str, Any]:
        name, qualifier = self._target(call)
        return _described(self.set(name, qualifier, int(call.params["ProvisionedConcurrentExecutions"])))

    def _get(self, call: ApiCall) -> dict[str, Any]:
        found = self._provisioned.allocations.get(self._target(call))
        if found is None:
            raise ApiError(
                "ProvisionedConcurrencyConfigNotFoundException",
                "No Provisioned Concurrency Config found for this function",
                404,
                Type="User",
            )
        return _described(found)

    def _delete(self, call: ApiCall) -> dict[str, Any]:
        found = self._provisioned.allocations.get(self._target(call))
        if found is not None:
            self._provisioned.stop(found)
        return {}

    def _list(self, call: ApiCall) -> dict[str, Any]:
        name, _ = split_reference(call.params["FunctionName"], None)
        arn = self._functions.model(name).function_arn
        configs = [{"FunctionArn": f"{arn}:{one.qualifier}", **_described(one)} for one in self._of(name)]
        return {"ProvisionedConcurrencyConfigs": configs}

    def _of(self, name: str) -> list[Allocation]:
        return [one for one in self._provisioned.allocations.values() if one.name == name]

    # -- what it belongs to --------------------------------------------------------------------

    def moved(self, name: str, alias: str, version: str) -> None:
        """A provisioned alias that moves to another version has its environments started anew."""
        found = self._provisioned.allocations.get((name, alias))
        if found is not None and found.version != version:
            self._provisioned.move(found, version)

    def _delete_alias(self, call: ApiCall) -> Any:
        answer = self._cloud.api.stock(call)
        name, _ = split_reference(call.params["FunctionName"], None)
        self.forget(name, call.params["Name"])
        return answer

    def forget(self, name: str, qualifier: str | None) -> None:
        """What it belongs to is gone: one version or alias, or (None) the function."""
        for found in self._of(name):
            if qualifier in (None, found.qualifier):
                self._provisioned.stop(found)


def _described(allocation: Allocation) -> dict[str, Any]:
    found: dict[str, Any] = {
        "RequestedProvisionedConcurrentExecutions": allocation.requested,
        "AvailableProvisionedConcurrentExecutions": allocation.allocated,
        "AllocatedProvisionedConcurrentExecutions": allocation.allocated,
        "Status": allocation.status,
        "LastModified": allocation.modified.strftime("%Y-%m-%dT%H:%M:%S+0000"),
    }
    if allocation.reason:
        found["StatusReason"] = allocation.reason
    return found


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidParameterValueException", message, 400, Type="User")


def _conflict(message: str) -> ApiError:
    return ApiError("ResourceConflictException", message, 409, Type="User")
