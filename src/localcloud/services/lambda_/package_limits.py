"""What a function's package, layers and variables may be at most.

Source: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from moto.s3.exceptions import S3ClientError
from moto.s3.models import s3_backends

from localcloud.api import ApiCall, ApiError
from localcloud.services.lambda_.code import unzipped_bytes
from localcloud.services.lambda_.functions import Functions, split_reference

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_MB = 1_048_576
_RESERVED = {
    "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
}  # fmt: skip
_VARIABLES = "Lambda was unable to configure your environment variables because the environment variables you have "


class PackageLimits:
    """Checks what CreateFunction, UpdateFunctionCode, UpdateFunctionConfiguration and PublishLayerVersion are given."""

    def __init__(self, cloud: Cloud, functions: Functions) -> None:
        self._cloud = cloud
        self._functions = functions
        facts = cloud.facts
        self._most_zipped = int(facts.value("quota.lambda.package.zip_upload")) * _MB
        self._most_unzipped = int(facts.value("quota.lambda.package.unzipped")) * _MB
        self._most_layers = int(facts.value("quota.lambda.layers"))
        self._most_variables = int(facts.value("quota.lambda.env_vars")) * 1_024

    def install(self) -> None:
        """Check layers too, and find them by their ARN, for which moto has no operation."""
        self._cloud.api.register("lambda", "PublishLayerVersion", self._publish_layer)
        self._cloud.api.register("lambda", "GetLayerVersionByArn", self._layer_by_arn)

    def _publish_layer(self, call: ApiCall) -> Any:
        self._unzipped(self._code(call.params.get("Content") or {}, call.operation))
        return self._cloud.api.stock(call)

    def _layer_by_arn(self, call: ApiCall) -> dict[str, Any]:
        arn = call.params["Arn"]
        found = self._functions.backend.layers_versions_by_arn(arn)
        if found is None:
            raise ApiError("ResourceNotFoundException", f"Layer version {arn} does not exist.", 404, Type="User")
        answer: dict[str, Any] = found.get_layer_version()
        return answer

    def check(self, call: ApiCall) -> None:
        """Raises ApiError for the first limit that is crossed."""
        params = call.params
        self._check_variables((params.get("Environment") or {}).get("Variables") or {})
        layers = params.get("Layers")
        if layers is not None:
            self._check_layers(layers)
        given = params.get("Code", params if call.operation == "UpdateFunctionCode" else {})
        code = self._code(given, call.operation)
        if code is None and layers is None:
            return
        if call.operation != "CreateFunction":
            model = self._functions.model(split_reference(params["FunctionName"], None)[0])
            code = model.code_bytes if code is None else code
            layers = [layer["Arn"] for layer in model.layers] if layers is None else layers
        self._check_size(code, layers or ())

    def _check_size(self, code: bytes | None, layers: Sequence[str]) -> None:
        size = self._unzipped(code)
        if not layers:
            return
        size += sum(unzipped_bytes(archive) for archive in self._functions.layer_archives(layers))
        if size > self._most_unzipped:
            raise _invalid(
                f"Function code combined with layers exceeds the maximum allowed size of {self._most_unzipped} bytes. "
                f"The actual size is {size} bytes."
            )

    def _unzipped(self, code: bytes | None) -> int:
        size = unzipped_bytes(code) if code is not None else 0
        if size > self._most_unzipped:
            raise _invalid(f"Unzipped size must be smaller than {self._most_unzipped} bytes")
        return size

    def _code(self, given: Mapping[str, Any], operation: str) -> bytes | None:
        """The zip file that a call brings or points at; None when it does neither."""
        if given.get("ZipFile") is not None:
            archive: bytes = given["ZipFile"]
            if len(archive) > self._most_zipped:
                most = -(-self._most_zipped * 4 // 3)  # as base64, which the request carries
                message = f"Request must be smaller than {most} bytes for the {operation} operation"
                raise ApiError("RequestEntityTooLargeException", message, 413)
            return archive
        if not given.get("S3Key"):
            return None
        try:
            key: Any = s3_backends[self._cloud.account_id]["aws"].get_object(given["S3Bucket"], given["S3Key"])
        except S3ClientError:
            return None  # no such bucket: moto says so when the function is made
        return bytes(key.value) if key is not None else None

    def _check_layers(self, layers: Sequence[str]) -> None:
        if len(layers) > self._most_layers:
            raise _invalid(f"Cannot reference more than {self._most_layers} layers.")
        names = [arn.rpartition(":")[0] for arn in layers]
        for name in names:
            if names.count(name) > 1:
                raise _invalid(
                    "Two different versions of the same layer are not allowed to be referenced in the same function. "
                    f"Layer ARN: {name}"
                )

    def _check_variables(self, variables: Mapping[str, str]) -> None:
        reserved = sorted(_RESERVED & set(variables))
        if reserved:
            raise _invalid(
                f"{_VARIABLES}contains reserved keys that are currently not supported for modification. "
                f"Reserved keys used in this request: {', '.join(reserved)}"
            )
        measured = json.dumps(variables, separators=(",", ":"), ensure_ascii=False)
        if variables and len(measured.encode()) > self._most_variables:
            limit = self._most_variables // 1_024
            raise _invalid(f"{_VARIABLES}exceeded the {limit}KB limit. String measured: {measured}")


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidParameterValueException", message, 400, Type="User")
