"""Lambda Managed Instances: functions that run on EC2 instances of a capacity provider.

A published version has execution environments before any request; their number follows the load, never a single
request, and what finds no room is refused. Source: the Lambda developer guide on managed instances.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiCall, ApiError
from localcloud.services.lambda_.concurrency import ACCOUNT_LIMIT
from localcloud.services.lambda_.context import ClientContext
from localcloud.services.lambda_.functions import (
    LATEST,
    LATEST_PUBLISHED,
    MANAGED_KEY,
    Function,
    Functions,
    ManagedSettings,
    not_ready,
)
from localcloud.services.lambda_.invocation import Invoker
from localcloud.services.lambda_.managed import settings, versions
from localcloud.services.lambda_.managed.fleets import Fleet, Refused
from localcloud.services.lambda_.managed.invocation import ManagedInvoker
from localcloud.services.lambda_.managed.metrics import ManagedMetrics
from localcloud.services.lambda_.managed.providers import DELETING, CapacityProviders
from localcloud.services.lambda_.managed.scaling import Scaler
from localcloud.services.lambda_.managed.scaling_config import ScalingConfigs
from localcloud.services.lambda_.metrics import LambdaMetrics
from localcloud.services.lambda_.results import Interference, InvokeResult, Throttled
from localcloud.services.lambda_.sandboxes import Sandbox

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_CREATE, _UPDATE, _PUBLISH = "CreateFunction", "UpdateFunctionConfiguration", "PublishVersion"


class ManagedInstances:
    """What the rest of Lambda asks about functions on managed instances."""

    def __init__(
        self,
        cloud: Cloud,
        functions: Functions,
        invoker: Invoker,
        init: Callable[[Sandbox], None],
        lambda_metrics: LambdaMetrics,
    ) -> None:
        self._cloud = cloud
        self._functions = functions
        self._init = init
        self._lambda_metrics = lambda_metrics
        self._reader = settings.SettingsReader(cloud.facts)
        self._runner = ManagedInvoker(cloud, invoker)
        self.providers = CapacityProviders(cloud)
        self._metrics = ManagedMetrics(cloud, self.providers)
        self._fleets = self._metrics.fleets  # those that serve, by name and version
        self._coming: dict[tuple[str, str], Fleet] = {}  # those that are started to serve
        self._configs = ScalingConfigs(cloud, functions, self.fleet, self._reactivate)

    def install(self) -> None:
        """Answer the operations on capacity providers and on the scaling of functions."""
        self.providers.install()
        self._configs.install()

    # -- configuration -------------------------------------------------------------------------

    def check(self, call: ApiCall) -> None:
        """What a function may be configured with; fills in the memory. Raises ApiError."""
        params = call.params
        if call.operation == _CREATE and "CapacityProviderConfig" in params:
            call.params = params = {"MemorySize": self._reader.default_memory_mb, **params}
            self._reader.check_limits(True, params)
            settings.check_exclusions(params)
            found = self._read(params["CapacityProviderConfig"], params.get("Runtime", ""), int(params["MemorySize"]))
            self._check_provider(found, (params.get("Architectures") or ["x86_64"])[0])
            return
        model = None if call.operation == _CREATE else self._functions.model(params["FunctionName"])
        managed = model is not None and MANAGED_KEY in model.__dict__
        self._reader.check_limits(managed, params)
        if model is None or not managed:
            if "CapacityProviderConfig" in params:
                raise settings.invalid("CapacityProviderConfig isn't supported for Lambda Default functions.")
            if "PublishTo" in params:
                raise settings.invalid("PublishTo isn't supported for Lambda Default functions.")
        elif call.operation == _UPDATE:
            settings.check_exclusions(params)
            self._check_provider(self._updated(model, params), model.architectures[0])

    def _read(self, config: Mapping[str, Any], runtime: str, memory_mb: int) -> ManagedSettings:
        return self._reader.read(config, runtime, memory_mb)

    def _updated(self, model: Any, params: Mapping[str, Any]) -> ManagedSettings:
        """The settings of a managed function after a change: what is not named stays."""
        known = settings.described(model, "")["CapacityProviderConfig"]
        config = params.get("CapacityProviderConfig", known)
        if config.get(settings.MANAGED_CONFIG):
            config = {settings.MANAGED_CONFIG: {**known[settings.MANAGED_CONFIG], **config[settings.MANAGED_CONFIG]}}
        return self._read(
            config, params.get("Runtime", model.run_time), int(params.get("MemorySize", model.memory_size))
        )

    def _check_provider(self, found: ManagedSettings, architecture: str) -> None:
        provider = self.providers.get(found.provider_arn)
        if provider.state == DELETING:
            message = f"Capacity provider {provider.arn} is in state {provider.state}."
            raise ApiError("ResourceConflictException", message, 409, Type="User")
        if provider.architecture != architecture:
            raise settings.invalid(
                f"The function's architecture {architecture} does not match the architecture {provider.architecture} "
                "of its capacity provider."
            )

    def keep(self, model: Any, params: Mapping[str, Any]) -> None:
        """Keep on moto's function what it drops."""
        if MANAGED_KEY in model.__dict__:
            model.__dict__[MANAGED_KEY] = self._updated(model, params)
        elif "CapacityProviderConfig" in params:
            config = params["CapacityProviderConfig"]
            model.__dict__[MANAGED_KEY] = self._read(config, model.run_time, int(model.memory_size))

    @staticmethod
    def described(model: Any, version: str) -> dict[str, Any]:
        """The members of its configuration that show it."""
        return {**settings.described(model, version), **(versions.described(model) if version != LATEST else {})}

    # -- publishing ----------------------------------------------------------------------------

    def publishes(self, call: ApiCall) -> bool:
        """Whether a call publishes a version of a function on managed instances: `publish` does that, not moto."""
        params = call.params
        if call.operation == _CREATE:
            managed = "CapacityProviderConfig" in params
        else:
            managed = MANAGED_KEY in self._functions.model(params["FunctionName"]).__dict__
        asked = call.operation == _PUBLISH or bool(params.get("Publish")) or "PublishTo" in params
        return managed and asked

    def publish(self, call: ApiCall, name: str) -> str:
        """Publish what the call asks for, start its environments, and return the version. Raises ApiError."""
        numbered = "PublishTo" not in call.params
        latest = self._functions.get(name)
        assert latest.managed is not None
        provider = self.providers.get(latest.managed.provider_arn)
        taken = self.providers.versions(provider)
        again = not numbered and any(
            model.function_name == name and model.version == LATEST_PUBLISHED for model in taken
        )
        if len(taken) >= self.providers.versions_each and not again:
            raise ApiError(
                "FunctionVersionsPerCapacityProviderLimitExceededException",
                f"A capacity provider can have {self.providers.versions_each} function versions at most.",
                400,
                Type="User",
            )
        version = versions.publish(self._functions, name, numbered, str(call.params.get("Description") or ""))
        if not numbered or (name, version) not in (self._fleets | self._coming):
            self._begin(name, version)
        return version

    def _begin(self, name: str, version: str) -> None:
        config = self._functions.get(name, version)
        assert config.managed is not None
        key = (name, version)
        earlier = self._coming.get(key)
        if earlier is not None:  # published again before it was ready
            earlier.close()
        provider = self.providers.get(config.managed.provider_arn)
        bounds = self._configs.bounds(name, version)
        fleet = self._coming[key] = Fleet(self._cloud, provider, config, bounds, self._init)
        Scaler(self._cloud, fleet)
        model = self._functions.model(name, version)
        if key in self._fleets:
            versions.set_update(model, "InProgress")
        else:
            versions.set_state(model, "Pending", "Creating")
        self._metrics.begin()
        self._cloud.kernel.spawn(self._start, key, fleet, name=f"{name} managed instances", critical=True)

    def _start(self, key: tuple[str, str], fleet: Fleet) -> None:
        started = fleet.start()
        if self._coming.get(key) is not fleet:  # published again, or deleted, meanwhile
            fleet.close()
            return
        del self._coming[key]
        model, serving = self._functions.model(*key), self._fleets.get(key)
        if started:
            fleet.low, fleet.high = self._configs.bounds(*key)  # they may have changed meanwhile
            fleet.grow(fleet.low)
            fleet.shrink(fleet.clamp(fleet.size))
            self._fleets[key] = fleet
            versions.set_state(model, "Deactivated" if fleet.high == 0 else "Active")
            versions.set_update(model, "Successful")
            if serving is not None:
                serving.close()
            return
        fleet.close()
        if serving is not None:
            versions.set_update(model, "Failed", fleet.failure)
        else:
            versions.set_state(model, "Failed", fleet.failure)

    def fleet(self, name: str, version: str) -> Fleet | None:
        """The environments that serve a version, or else those that are being started."""
        return self._fleets.get((name, version)) or self._coming.get((name, version))

    def _reactivate(self, name: str, version: str) -> None:
        """A version that had no environments gets them again."""
        key = (name, version)
        fleet = self._fleets.pop(key, None)
        if fleet is not None:
            self._coming[key] = fleet
            versions.set_state(self._functions.model(name, version), "Pending", "Restoring")
            self._metrics.begin()
            self._cloud.kernel.spawn(self._start, key, fleet, name=f"{name} managed instances", critical=True)

    def forget(self, name: str, qualifier: str | None) -> None:
        """A version is deleted, or (None) a function with all of its versions."""
        for fleets in (self._fleets, self._coming):
            for key in [key for key in fleets if key[0] == name and qualifier in (None, key[1])]:
                fleets.pop(key).close()
        self._configs.forget(name, qualifier)

    # -- invoking ------------------------------------------------------------------------------

    def run(
        self,
        config: Function,
        qualifier: str | None,
        payload: bytes,
        request_id: str,
        client_context: ClientContext | None,
        interference: Interference | None,
        queued: bool,
    ) -> InvokeResult:
        """In a free process of an environment. `queued`: it may take longer than 15 minutes. Raises Throttled."""
        fleet = self._fleets.get((config.name, config.version))
        if fleet is None or fleet.high == 0:
            model = self._functions.model(config.name, config.version)
            raise not_ready(model.__dict__.get(versions.STATE_KEY, "Pending"))
        try:
            environment, worker = fleet.take()
        except Refused as refused:
            self._lambda_metrics.refused(config, qualifier, refused.reason)
            raise Throttled(ACCOUNT_LIMIT) from None
        self._metrics.seen(environment)
        limit_s = self._reader.managed_timeout_s if queued else self._reader.default_timeout_s
        timeout_s = min(fleet.config.timeout_s, limit_s)
        return self._runner.invoke(environment, worker, payload, request_id, timeout_s, interference, client_context)
