"""What Lambda refuses of a mapping."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from localcloud.api import ApiError
from localcloud.facts import Facts

_SHORTEST_AGE_S = 60
_POSITIONS = ("LATEST", "AT_TIMESTAMP", "TRIM_HORIZON")


def check_stream(params: Mapping[str, Any], arn: str, facts: Facts) -> None:
    """Raises ApiError InvalidParameterValueException, or ValidationException for a starting position there is not."""
    kind = "kinesis" if ":kinesis:" in arn else "dynamodb"
    limits = {
        "BatchSize": facts.value("quota.lambda.esm.batch_size")[kind] | {"min": 1},
        "MaximumBatchingWindowInSeconds": facts.value("quota.lambda.esm.batch_window"),
        "ParallelizationFactor": facts.value("quota.lambda.esm.kinesis.parallelization"),
        "MaximumRetryAttempts": facts.value("quota.lambda.esm.stream.retry"),
        "MaximumRecordAgeInSeconds": facts.value("quota.lambda.esm.stream.max_age"),
        "TumblingWindowInSeconds": facts.value("quota.lambda.esm.stream.tumbling"),
    }
    for name, limit in limits.items():
        value = params.get(name)
        if value is not None and not limit["min"] <= value <= limit["max"]:
            _refuse(f"{name} must be from {limit['min']} to {limit['max']}; found {value}.")
    age = params.get("MaximumRecordAgeInSeconds")
    if age is not None and -1 < age < _SHORTEST_AGE_S:
        _refuse(f"MaximumRecordAgeInSeconds must be -1 or at least {_SHORTEST_AGE_S}; found {age}.")
    position = params.get("StartingPosition")
    if position is None:
        _refuse("StartingPosition is required for streams: TRIM_HORIZON, LATEST, or AT_TIMESTAMP for Kinesis.")
    if position not in _POSITIONS:
        raise ApiError(
            "ValidationException",
            f"1 validation error detected: Value '{position}' at 'startingPosition' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{', '.join(_POSITIONS)}]",
            400,
        )
    if position == "AT_TIMESTAMP" and kind == "dynamodb":
        _refuse("AT_TIMESTAMP is not supported for DynamoDB streams; use TRIM_HORIZON or LATEST.")
    if position == "AT_TIMESTAMP" and params.get("StartingPositionTimestamp") is None:
        _refuse("StartingPositionTimestamp is required with AT_TIMESTAMP.")
    for name in ("ScalingConfig", "ProvisionedPollerConfig"):
        if params.get(name):
            _refuse(f"Unsupported {name} parameter for given event source mapping type.")
    destination = ((params.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
    if destination and destination.split(":")[2:3] not in (["sqs"], ["sns"], ["s3"]):
        _refuse(f"An on-failure destination is a queue, a topic or a bucket; found {destination!r}.")


_RESPONSE_TYPES = ("ReportBatchItemFailures",)


def check_response_types(params: Mapping[str, Any]) -> None:
    """Raises ApiError ValidationException."""
    for number, kind in enumerate(params.get("FunctionResponseTypes") or (), 1):
        if kind not in _RESPONSE_TYPES:
            raise ApiError(
                "ValidationException",
                f"1 validation error detected: Value '{kind}' at 'functionResponseTypes.{number}.member' failed to "
                f"satisfy constraint: Member must satisfy enum value set: [{', '.join(_RESPONSE_TYPES)}]",
                400,
            )


_OF_STREAMS = (
    "BisectBatchOnFunctionError", "MaximumRecordAgeInSeconds", "MaximumRetryAttempts", "ParallelizationFactor",
    "TumblingWindowInSeconds",
)  # fmt: skip


def check_queue(params: Mapping[str, Any], facts: Facts) -> None:
    """Settings that mappings on queues do not have, and those of provisioned mode.

    Raises ApiError InvalidParameterValueException.
    """
    if params.get("StartingPosition"):
        _refuse("StartingPosition is not valid for SQS event sources.")
    for name in _OF_STREAMS:
        if params.get(name):
            _refuse(f"Unsupported {name} parameter for given event source mapping type.")
    if (params.get("DestinationConfig") or {}).get("OnFailure"):
        _refuse("Unsupported DestinationConfig parameter for given event source mapping type.")
    pollers = params.get("ProvisionedPollerConfig") or {}
    quota = facts.value("quota.lambda.esm.sqs.provisioned")
    for name, fact in (("MinimumPollers", "min_pollers"), ("MaximumPollers", "max_pollers")):
        least, most = quota[fact]["range"]
        value = pollers.get(name)
        if value is not None and not least <= value <= most:
            _refuse(f"{name} must be from {least} to {most}; found {value}.")
    least, most = pollers.get("MinimumPollers"), pollers.get("MaximumPollers")
    if least is not None and most is not None and least > most:
        _refuse(f"MinimumPollers must not be greater than MaximumPollers; found {least} and {most}.")


def _refuse(message: str) -> NoReturn:
    raise ApiError("InvalidParameterValueException", message, 400, Type="User")
