"""What Lambda refuses of a function's settings, and moto lets through."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping
from typing import Any, NoReturn

from localcloud.api import ApiError
from localcloud.facts import Facts
from localcloud.services.lambda_.log_settings import check_logging

_RESERVED = frozenset(
    {
        "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)  # fmt: skip
_LONGEST_NAME = 64
_VARIABLE = re.compile(r"[a-zA-Z][a-zA-Z0-9_]+")
_FOR_ENVIRONMENT = (
    "Lambda was unable to configure your environment variables because the environment variables you have provided"
)


def check_settings(params: Mapping[str, Any], facts: Facts) -> None:
    """Raises ApiError ValidationException or InvalidParameterValueException."""
    if not params.get("CapacityProviderConfig"):  # functions on managed instances have limits of their own
        _at_most("timeout", params.get("Timeout"), int(facts.value("quota.lambda.timeout.max")))
        _at_most("memorySize", params.get("MemorySize"), int(facts.value("quota.lambda.memory")["max"]))
    variables = (params.get("Environment") or {}).get("Variables") or {}
    if variables:
        _check_variables(variables, int(facts.value("quota.lambda.env_vars")) * 1_024)
    if params.get("TenancyConfig") and not params.get("CapacityProviderConfig"):
        _refuse("The local cloud does not isolate tenants: leave TenancyConfig out of what you deploy here.")
    check_logging(params.get("LoggingConfig") or {})
    _check_name(params)
    _check_archive(params)


def _at_most(member: str, value: int | None, most: int) -> None:
    if value is not None and value > most:
        _invalid(str(value), member, f"Member must have value less than or equal to {most}")


def _check_variables(variables: Mapping[str, str], most_bytes: int) -> None:
    if not all(map(_VARIABLE.fullmatch, variables)):
        shown = "{" + ", ".join(f"{name}={value}" for name, value in variables.items()) + "}"
        pattern = "Map keys must satisfy constraint: [Member must satisfy regular expression pattern: "
        _invalid(shown, "environment.variables", f"{pattern}[a-zA-Z]([a-zA-Z0-9_])+]")
    reserved = [name for name in variables if name in _RESERVED]
    if reserved:
        _refuse(
            f"{_FOR_ENVIRONMENT} contains reserved keys that are currently not supported for modification. Reserved "
            f"keys used in this request: {', '.join(reserved)}"
        )
    measured = json.dumps(dict(variables), separators=(",", ":"), ensure_ascii=False)
    if len(measured.encode()) > most_bytes:
        _refuse(f"{_FOR_ENVIRONMENT} exceeded the {most_bytes // 1_024}KB limit. String measured: {measured}")


def _check_name(params: Mapping[str, Any]) -> None:
    """A name has at most 64 characters: the model allows for those of an ARN."""
    name = str(params.get("FunctionName", "")).rsplit(":", 1)[-1]
    if "Code" in params and len(name) > _LONGEST_NAME:
        _invalid(name, "functionName", f"Member must have length less than or equal to {_LONGEST_NAME}")


def _check_archive(params: Mapping[str, Any]) -> None:
    """Code that comes with the request: CreateFunction has it in `Code`, UpdateFunctionCode at the top."""
    if "Code" in params and not {"ZipFile", "S3Bucket", "ImageUri"} & set(params["Code"]):
        _refuse("Please provide a source for function code.")
    archive = (params.get("Code") or params).get("ZipFile")
    if isinstance(archive, bytes) and not zipfile.is_zipfile(io.BytesIO(archive)):
        _refuse("Could not unzip uploaded file. Please check your file, then try to upload again.")


def _invalid(value: str, member: str, constraint: str) -> NoReturn:
    raise ApiError(
        "ValidationException",
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}",
    )


def _refuse(message: str) -> NoReturn:
    raise ApiError("InvalidParameterValueException", message, 400, Type="User")
