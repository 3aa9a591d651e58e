"""Settings of asynchronous invocation: one set for each function, version or alias, as it is invoked.

moto keeps one set a function, whatever the qualifier; ours stand beside it on its function.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiCall, ApiError
from localcloud.services.lambda_.functions import Functions, split_reference

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_KEY = "_localcloud_event_invoke_configs"
_LATEST = "$LATEST"
_SETTINGS = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")
_DESTINATIONS = ("sqs", "sns", "lambda", "events")


@dataclass(frozen=True, slots=True)
class RetryRules:
    """The settings that apply to an event, with AWS's defaults where there are none."""

    max_retries: int
    max_age_us: int
    on_success: str | None
    on_failure: str | None


class InvokeConfigs:
    """Keeps the settings, and answers the operations on them."""

    def __init__(self, cloud: Cloud, functions: Functions) -> None:
        self._cloud = cloud
        self._functions = functions
        self._most_retries = int(cloud.facts.value("quota.lambda.async.retries")["max_attempts"]) - 1
        self._longest_age_s = int(cloud.facts.value("quota.lambda.async.throttle_retry")["max_age_s"])

    def install(self) -> None:
        operations = {
            "Put": self._put,
            "Update": self._update,
            "Get": self._get,
            "Delete": self._delete,
        }
        for verb, operation in operations.items():
            self._cloud.api.register("lambda", f"{verb}FunctionEventInvokeConfig", operation)
        self._cloud.api.register("lambda", "ListFunctionEventInvokeConfigs", self._list)

    def rules(self, reference: str, qualifier: str | None) -> RetryRules:
        """What applies to an event that was sent to this function, version or alias. Raises ApiError."""
        name, qualifier = split_reference(reference, qualifier)
        config = self._configs(name).get(qualifier or _LATEST, {})
        destinations = config.get("DestinationConfig") or {}
        return RetryRules(
            max_retries=int(config.get("MaximumRetryAttempts", self._most_retries)),
            max_age_us=int(config.get("MaximumEventAgeInSeconds", self._longest_age_s)) * 1_000_000,
            on_success=(destinations.get("OnSuccess") or {}).get("Destination"),
            on_failure=(destinations.get("OnFailure") or {}).get("Destination"),
        )

    # -- API operations ----------------------------------------------------------------------

    def _put(self, call: ApiCall) -> dict[str, Any]:
        return self._store(call, {})

    def _update(self, call: ApiCall) -> dict[str, Any]:
        name, qualifier = self._target(call)
        return self._store(call, self._found(name, qualifier))

    def _store(self, call: ApiCall, kept: Mapping[str, Any]) -> dict[str, Any]:
        name, qualifier = self._target(call)
        config = {setting: kept[setting] for setting in _SETTINGS if setting in kept}
        config.update({setting: call.params[setting] for setting in _SETTINGS if setting in call.params})
        self._check(name, config)
        config["LastModified"] = self._cloud.now
        self._configs(name)[qualifier] = config
        return self._described(name, qualifier, config)

    def _get(self, call: ApiCall) -> dict[str, Any]:
        name, qualifier = self._target(call)
        return self._described(name, qualifier, self._found(name, qualifier))

    def _delete(self, call: ApiCall) -> dict[str, Any]:
        name, qualifier = self._target(call)
        self._found(name, qualifier)
        del self._configs(name)[qualifier]
        return {}

    def _list(self, call: ApiCall) -> dict[str, Any]:
        name, _ = split_reference(call.params["FunctionName"], None)
        found = sorted(self._configs(name).items())
        first = int(call.params.get("Marker") or 0)
        last = first + int(call.params.get("MaxItems") or len(found))
        shown = [self._described(name, qualifier, config) for qualifier, config in found[first:last]]
        return {
            "FunctionEventInvokeConfigs": shown,
            **({"NextMarker": str(last)} if last < len(found) else {}),
        }

    # -- state -------------------------------------------------------------------------------

    def _configs(self, name: str) -> dict[str, dict[str, Any]]:
        """The function's sets by qualifier. They go when the function goes. Raises ApiError."""
        configs: dict[str, dict[str, Any]] = self._functions.model(name).__dict__.setdefault(_KEY, {})
        return configs

    def _target(self, call: ApiCall) -> tuple[str, str]:
        name, qualifier = split_reference(call.params["FunctionName"], call.params.get("Qualifier"))
        self._functions.model(name, qualifier)  # it must be there
        return name, qualifier or _LATEST

    def _found(self, name: str, qualifier: str) -> dict[str, Any]:
        found = self._configs(name).get(qualifier)
        if found is None:
            message = f"The function {self._arn(name, qualifier)} doesn't have an EventInvokeConfig"
            raise ApiError("ResourceNotFoundException", message, 404, Type="User")
        return found

    def _arn(self, name: str, qualifier: str) -> str:
        return f"{self._functions.model(name).function_arn}:{qualifier}"

    def _described(self, name: str, qualifier: str, config: Mapping[str, Any]) -> dict[str, Any]:
        destinations = config.get("DestinationConfig") or {}
        shown = {"OnSuccess": destinations.get("OnSuccess") or {}, "OnFailure": destinations.get("OnFailure") or {}}
        return {**config, "FunctionArn": self._arn(name, qualifier), "DestinationConfig": shown}

    def _check(self, name: str, config: Mapping[str, Any]) -> None:
        limits = {"MaximumRetryAttempts": self._most_retries, "MaximumEventAgeInSeconds": self._longest_age_s}
        for setting, most in limits.items():
            value = config.get(setting)
            if value is not None and value > most:
                member = setting[0].lower() + setting[1:]
                raise ApiError(
                    "ValidationException",
                    f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: "
                    f"Member must have value less than or equal to {most}",
                )
        for condition in ("OnSuccess", "OnFailure"):
            destination = ((config.get("DestinationConfig") or {}).get(condition) or {}).get("Destination")
            if destination:
                self._check_destination(name, destination, condition)

    def _check_destination(self, name: str, destination: str, condition: str) -> None:
        parts = destination.split(":")
        taken = (*_DESTINATIONS, "s3") if condition == "OnFailure" else _DESTINATIONS
        if len(parts) < 6 or parts[0] != "arn" or parts[2] not in taken:
            message = f"The provided destination config DestinationConfig is invalid: {destination}"
            raise ApiError("InvalidParameterValueException", message, 400, Type="User")
        if parts[2] == "lambda" and split_reference(destination, None)[0] == name:
            message = "You can't specify the function as a destination for itself."
            raise ApiError("InvalidParameterValueException", message, 400, Type="User")
