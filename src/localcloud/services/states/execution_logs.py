"""An execution's events as log lines, by the state machine's logging configuration.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html and cloudwatch-log-level.html.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from localcloud.services.states.executions import Execution
from localcloud.services.states.history import HistoryEvent

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_FATAL = {"ExecutionAborted", "ExecutionFailed", "ExecutionTimedOut"}
_ERROR = _FATAL | {
    "ActivityFailed", "ActivityScheduleFailed", "ActivityTimedOut", "EvaluationFailed", "FailStateEntered",
    "LambdaFunctionFailed", "LambdaFunctionScheduleFailed", "LambdaFunctionStartFailed", "LambdaFunctionTimedOut",
    "MapIterationAborted", "MapIterationFailed", "MapRunAborted", "MapRunFailed", "MapStateAborted", "MapStateFailed",
    "ParallelStateAborted", "ParallelStateFailed", "TaskFailed", "TaskStartFailed", "TaskStateAborted",
    "TaskSubmitFailed", "TaskTimedOut", "WaitStateAborted",
}  # fmt: skip
_LEVELS = {"ERROR": _ERROR, "FATAL": _FATAL}


def log_events(cloud: Cloud, execution: Execution, settings: Mapping[str, Any] | None) -> None:
    """Write the execution's events from now on, as `settings` (level, includeExecutionData, destinations) say."""
    level = (settings or {}).get("level", "OFF")
    if settings is None or level == "OFF" or not settings.get("destinations"):
        return
    group = settings["destinations"][0]["cloudWatchLogsLogGroup"]["logGroupArn"]
    group = group.split(":log-group:", 1)[-1].removesuffix(":*")
    wanted, with_data = _LEVELS.get(level), bool(settings.get("includeExecutionData"))
    day = datetime.fromtimestamp(execution.started_us / 1_000_000, UTC)
    stream = f"states/{execution.machine_name}/{day:%Y-%m-%d-%H-%M}/{execution.name[:8]}"

    def listener(event: HistoryEvent) -> None:
        if wanted is None or event.type in wanted:
            line = json.dumps(_line(event, execution, with_data), separators=(",", ":"), ensure_ascii=False)
            cloud.logs.put(group, stream, [(event.unix_us // 1_000, line)])

    execution.history.listener = listener


def _line(event: HistoryEvent, execution: Execution, with_data: bool) -> dict[str, Any]:
    return {
        "id": str(event.id),
        "type": event.type,
        "details": event.told(with_data),
        "previous_event_id": str(event.previous_id),
        "event_timestamp": str(event.unix_us // 1_000),
        "execution_arn": execution.arn,
        "redrive_count": str(execution.redrives),
    }
