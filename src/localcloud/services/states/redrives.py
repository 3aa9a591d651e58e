"""Redriving: which executions may go on from where they failed, and why others may not.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.api import ApiCall, ApiError
from localcloud.services.states.executions import RUNNING, SUCCEEDED, Execution, moment

if TYPE_CHECKING:
    from localcloud.cloud import Cloud
    from localcloud.services.states.running import Executions

_DAY_US = 86_400_000_000


class Redrives:
    """Answers RedriveExecution, and says whether it would."""

    def __init__(self, cloud: Cloud, executions: Executions) -> None:
        self._cloud = cloud
        self._executions = executions
        facts = cloud.facts
        self._period_us = int(facts.value("quota.sfn.redrive_period")) * _DAY_US
        self._longest_us = int(facts.value("quota.sfn.standard.max_duration")) * 1_000_000
        self._most_events = int(facts.value("quota.sfn.history"))
        self._most = int(facts.value("quota.sfn.redrives"))
        self._token_us = int(facts.value("quota.sfn.redrive_token_s")) * 1_000_000
        self._tokens: dict[tuple[str, str], int] = {}  # when each client token was used, by execution

    def reason(self, execution: Execution) -> str | None:
        """Why an execution cannot be redriven, as DescribeExecution says it; None when it can."""
        now_us = self._cloud.kernel.unix_us
        if execution.status in (RUNNING, SUCCEEDED):
            return f"Execution is {execution.status} and cannot be redriven"
        if execution.history.count >= self._most_events - 1:
            return "Execution history event limit exceeded"
        if now_us - execution.started_us >= self._longest_us:
            return "Execution has exceeded the max execution time"
        if execution.stopped_us is not None and now_us - execution.stopped_us > self._period_us:
            return "Execution redrivable period exceeded"
        if execution.redrives >= self._most:
            return "Execution redrive limit exceeded"
        return None

    def told(self, execution: Execution) -> dict[str, str]:
        """The members of DescribeExecution about it."""
        reason = self.reason(execution)
        if execution.map_run_arn is not None and reason is None:
            return {"redriveStatus": "REDRIVABLE_BY_MAP_RUN"}
        if reason is None:
            return {"redriveStatus": "REDRIVABLE"}
        return {"redriveStatus": "NOT_REDRIVABLE", "redriveStatusReason": reason}

    def answer(self, call: ApiCall) -> dict[str, Any]:
        """RedriveExecution. Raises ApiError."""
        execution = self._executions.find(call.params["executionArn"])
        now_us = self._cloud.kernel.unix_us
        token = call.params.get("clientToken")
        if token is not None and execution.redriven_us is not None:
            used_us = self._tokens.get((execution.arn, token))
            if used_us is not None and now_us - used_us <= self._token_us:
                return {"redriveDate": moment(execution.redriven_us)}
        reason = self.reason(execution)
        if execution.map_run_arn is not None:
            reason = reason or "Child workflow executions are redriven by their Map Run"
        if reason is not None:
            raise ApiError("ExecutionNotRedrivable", f"Execution Not Redrivable: '{reason}'")
        if token is not None:
            self._tokens[execution.arn, token] = now_us
        self._executions.redrive(execution)
        return {"redriveDate": moment(now_us)}
