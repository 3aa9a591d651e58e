"""A pipe's source, as the pollers of event source mappings see a mapping."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.services.lambda_ import InvokeResult

_PARTS = {"sqs": "SqsQueueParameters", "kinesis": "KinesisStreamParameters", "dynamodb": "DynamoDBStreamParameters"}
_BATCH_SIZES = {"sqs": 10, "kinesis": 100, "dynamodb": 100}


def source_kind(arn: str) -> str:
    """"sqs", "kinesis" or "dynamodb"; "" for what the local cloud has no source for."""
    service = arn.split(":")[2] if arn.count(":") >= 5 else ""
    return service if service in _PARTS else ""


def source_settings(arn: str, parameters: Mapping[str, Any] | None) -> dict[str, Any]:
    """The settings of this kind of source."""
    return dict((parameters or {}).get(_PARTS[source_kind(arn)]) or {})


@dataclass(frozen=True)
class Feed:
    """Settings with the names that pollers read; those of the pipe are looked up at every use.

    `run(payload)` takes a batch through the pipe.
    """

    pipe: Any
    role_arn: str
    most_at_once: int
    run: Callable[[bytes], InvokeResult]

    @property
    def _settings(self) -> dict[str, Any]:
        return source_settings(self.pipe.source, self.pipe.source_parameters)

    @property
    def pipe_arn(self) -> str:
        return str(self.pipe.arn)

    @property
    def uuid(self) -> str:
        return str(self.pipe.name)

    @property
    def function_name(self) -> str:
        return str(self.pipe.name)

    @property
    def function_arn(self) -> str:
        return str(self.pipe.arn)

    @property
    def event_source_arn(self) -> str:
        return str(self.pipe.source)

    @property
    def enabled(self) -> bool:
        return bool(self.pipe.desired_state == "RUNNING")

    @property
    def batch_size(self) -> int:
        return int(self._settings.get("BatchSize") or _BATCH_SIZES[source_kind(self.pipe.source)])

    @property
    def max_batch_window(self) -> int:
        return int(self._settings.get("MaximumBatchingWindowInSeconds") or 0)

    @property
    def filter_criteria(self) -> Any:
        return (self.pipe.source_parameters or {}).get("FilterCriteria")

    @property
    def function_response_types(self) -> list[str]:
        return ["ReportBatchItemFailures"]  # a pipe always understands them

    @property
    def poller_config(self) -> Any:
        return None

    @property
    def scaling_config(self) -> dict[str, int]:
        return {"MaximumConcurrency": self.most_at_once}

    @property
    def bisect_on_error(self) -> bool:
        return bool(self._settings.get("OnPartialBatchItemFailure") == "AUTOMATIC_BISECT")

    @property
    def destination_config(self) -> dict[str, Any]:
        arn = (self._settings.get("DeadLetterConfig") or {}).get("Arn")
        return {"OnFailure": {"Destination": arn}} if arn else {}

    @property
    def max_record_age(self) -> int | None:
        return self._settings.get("MaximumRecordAgeInSeconds")

    @property
    def max_retry_attempts(self) -> int | None:
        return self._settings.get("MaximumRetryAttempts")

    @property
    def parallelization_factor(self) -> int:
        return int(self._settings.get("ParallelizationFactor") or 1)

    @property
    def tumbling_window(self) -> int:
        return 0

    @property
    def starting_position(self) -> Any:
        return self._settings.get("StartingPosition")

    @property
    def starting_position_timestamp(self) -> Any:
        return self._settings.get("StartingPositionTimestamp")
