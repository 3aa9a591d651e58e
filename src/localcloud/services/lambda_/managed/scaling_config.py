"""PutFunctionScalingConfig and GetFunctionScalingConfig: how many environments a version has at least and at most."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiCall, ApiError
from localcloud.services.lambda_.functions import MANAGED_KEY, Functions, split_reference
from localcloud.services.lambda_.managed import versions
from localcloud.services.lambda_.managed.fleets import Fleet
from localcloud.services.lambda_.managed.settings import invalid

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

Bounds = tuple[int, int | None]


class ScalingConfigs:
    """`fleet(name, version)` gives the environments; `reactivate(name, version)` starts some where none were."""

    def __init__(
        self,
        cloud: Cloud,
        functions: Functions,
        fleet: Callable[[str, str], Fleet | None],
        reactivate: Callable[[str, str], None],
    ) -> None:
        self._cloud = cloud
        self._functions = functions
        self._fleet = fleet
        self._reactivate = reactivate
        self._default: Bounds = int(cloud.facts.value("quota.lambda.lmi")["default_min_envs"]), None
        self._end_us = round(cloud.facts.value("model.lambda.lmi.start")["environment_s"] * 1e6)
        self._requested: dict[tuple[str, str], Bounds] = {}
        self._applied: dict[tuple[str, str], Bounds] = {}

    def install(self) -> None:
        """Answer the operations."""
        self._cloud.api.register("lambda", "PutFunctionScalingConfig", self._put)
        self._cloud.api.register("lambda", "GetFunctionScalingConfig", self._get)

    def bounds(self, name: str, version: str) -> Bounds:
        """What a version is to have: a new number starts with the defaults, $LATEST.PUBLISHED keeps its own."""
        return self._requested.get((name, version), self._default)

    def forget(self, name: str, qualifier: str | None) -> None:
        """A version is deleted, or (None) a function."""
        for known in (self._requested, self._applied):
            for key in [key for key in known if key[0] == name and qualifier in (None, key[1])]:
                del known[key]

    def _model(self, call: ApiCall) -> Any:
        name, _ = split_reference(call.params["FunctionName"], None)
        model = self._functions.model(name, call.params["Qualifier"])
        if MANAGED_KEY not in model.__dict__:
            raise invalid("The function provided by the arn does not contain a capacity provider configuration.")
        return model

    def _put(self, call: ApiCall) -> dict[str, Any]:
        model = self._model(call)
        key = (model.function_name, str(model.version))
        wanted = self._wanted(call.params.get("FunctionScalingConfig") or {})
        fleet = self._fleet(*key)
        if fleet is None:
            state = model.__dict__.get(versions.STATE_KEY, "Failed")
            message = f"The operation cannot be performed at this time. The function is in the state: {state}"
            raise ApiError("ResourceConflictException", message, 409, Type="User")
        self._applied[key] = self._reached(key, fleet)
        self._requested[key] = wanted
        was_off, off = fleet.high == 0, wanted == (0, 0)
        fleet.low, fleet.high = wanted
        if off:
            fleet.shrink(0)
            if not was_off:
                versions.set_state(model, "Deactivating")
                self._cloud.kernel.call_later(self._end_us, self._deactivated, model, fleet)
        elif was_off:
            self._reactivate(*key)
        else:
            fleet.grow(fleet.clamp(fleet.size))
            fleet.shrink(fleet.clamp(fleet.size))
        return {"FunctionState": model.__dict__[versions.STATE_KEY]}

    @staticmethod
    def _deactivated(model: Any, fleet: Fleet) -> None:
        if fleet.high == 0:
            versions.set_state(model, "Deactivated")

    def _wanted(self, given: Mapping[str, int]) -> Bounds:
        low = given.get("MinExecutionEnvironments", self._default[0])
        high = given.get("MaxExecutionEnvironments")
        if low == 0 and high != 0:
            raise invalid("MinExecutionEnvironments can be 0 only if MaxExecutionEnvironments is 0 too.")
        if high is not None and high < low:
            raise invalid("MaxExecutionEnvironments must not be lower than MinExecutionEnvironments.")
        return low, high

    def _reached(self, key: tuple[str, str], fleet: Fleet | None) -> Bounds:
        """What holds by now: a request counts as applied once as many environments are there."""
        requested = self.bounds(*key)
        if fleet is not None and len(fleet.environments) >= requested[0]:
            self._applied[key] = requested
        return self._applied.get(key, self._default)

    def _get(self, call: ApiCall) -> dict[str, Any]:
        model = self._model(call)
        key = (model.function_name, str(model.version))
        return {
            "FunctionArn": model.function_arn,
            "AppliedFunctionScalingConfig": _described(self._reached(key, self._fleet(*key))),
            "RequestedFunctionScalingConfig": _described(self.bounds(*key)),
        }


def _described(bounds: Bounds) -> dict[str, int]:
    low, high = bounds
    return {"MinExecutionEnvironments": low} | ({} if high is None else {"MaxExecutionEnvironments": high})
