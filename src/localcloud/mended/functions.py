"""Functions: settings that moto takes and forgets, and the form in which Lambda describes them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException, UnknownFunctionException
from moto.awslambda.models import FunctionUrlConfig, LambdaBackend, LambdaFunction
from moto.core.utils import iso_8601_datetime_with_nanoseconds

from localcloud.patching import Patches
from localcloud.services.lambda_.log_settings import LOGGING_KEY, described


def install(patches: Patches) -> None:
    """Let moto's functions keep and show them until the patches are undone."""
    create, update, describe = LambdaFunction.__init__, LambdaFunction.update_configuration, LambdaFunction.get_code
    update_code, configuration = LambdaFunction.update_function_code, LambdaFunction.get_configuration
    versions, url = LambdaBackend.list_versions_by_function, FunctionUrlConfig.to_dict

    def init(function: Any, account_id: str, spec: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        create(function, account_id, spec, *args, **kwargs)
        _keep_logging(function, spec)

    def update_configuration(function: Any, updates: dict[str, Any]) -> Any:
        if "TracingConfig" in updates:
            function.tracing_config = updates["TracingConfig"]
        if "EphemeralStorage" in updates:
            function.ephemeral_storage = updates["EphemeralStorage"]["Size"]
        if "KMSKeyArn" in updates:
            function.kms_key_arn = updates["KMSKeyArn"] or None
        _keep_logging(function, updates)
        function.last_modified = iso_8601_datetime_with_nanoseconds()
        return update(function, updates)

    def update_function_code(function: Any, updates: dict[str, Any]) -> Any:
        if not updates.get("DryRun"):
            function.last_modified = iso_8601_datetime_with_nanoseconds()
        try:
            return update_code(function, updates)
        except ValueError as exc:  # moto's own way to say that S3 does not have the code
            raise InvalidParameterValueException(str(exc.args[-1])) from None

    def get_configuration(function: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        found: dict[str, Any] = configuration(function, *args, **kwargs)
        modified = f"{found['LastModified'][:23]}+0000"  # Lambda gives milliseconds and an offset
        return {**found, "LastModified": modified, "LoggingConfig": _logging(function)}

    def get_code(function: Any) -> dict[str, Any]:
        found: dict[str, Any] = describe(function)
        if function.reserved_concurrency is not None:  # moto leaves 0 out
            found["Concurrency"] = {"ReservedConcurrentExecutions": function.reserved_concurrency}
        return found

    def list_versions_by_function(backend: Any, function_name: str) -> Any:
        found = versions(backend, function_name)
        if not found:
            arn = f"arn:aws:lambda:{backend.region_name}:{backend.account_id}:function:{function_name}"
            raise UnknownFunctionException(arn)
        return found

    def to_dict(config: Any) -> dict[str, Any]:
        found = url(config)
        mode = (config.config.get("InvokeMode") or "BUFFERED").upper()
        return {**found, "FunctionUrl": f"{found['FunctionUrl']}/", "InvokeMode": mode}

    def deep_copy(function: Any, memo: dict[int, Any]) -> Any:
        """A version that is published: moto would copy the account's logs with it, and what writes them."""
        copied = memo[id(function)] = LambdaFunction.__new__(LambdaFunction)
        shared = {"logs_backend": function.logs_backend}
        own = {name: value for name, value in function.__getstate__().items() if name not in shared}
        copied.__dict__.update(copy.deepcopy(own, memo), **shared)
        return copied

    patches.set(LambdaFunction, "__init__", init)
    patches.set(LambdaFunction, "__deepcopy__", deep_copy)
    patches.set(LambdaFunction, "update_configuration", update_configuration)
    patches.set(LambdaFunction, "update_function_code", update_function_code)
    patches.set(LambdaFunction, "get_configuration", get_configuration)
    patches.set(LambdaFunction, "get_code", get_code)
    patches.set(LambdaBackend, "list_versions_by_function", list_versions_by_function)
    patches.set(FunctionUrlConfig, "to_dict", to_dict)


def _keep_logging(function: Any, settings: Mapping[str, Any]) -> None:
    if settings.get("LoggingConfig"):
        setattr(function, LOGGING_KEY, dict(settings["LoggingConfig"]))


def _logging(function: Any) -> dict[str, Any]:
    return described(function.function_name, function.__dict__.get(LOGGING_KEY) or {})
