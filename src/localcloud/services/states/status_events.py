"""What EventBridge hears of Standard executions: "Step Functions Execution Status Change" on the default bus.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from moto.events.models import events_backends

from localcloud.services.states.executions import Execution

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


class StatusEvents:
    """Publishes them. `redrive(execution)` is what is told of redriving it."""

    def __init__(self, cloud: Cloud, redrive: Callable[[Execution], dict[str, str]]) -> None:
        self._cloud = cloud
        self._redrive = redrive
        self._longest = int(cloud.facts.value("quota.sfn.status_event_data"))

    @cached_property
    def _backend(self) -> Any:
        return events_backends[self._cloud.account_id][self._cloud.region]

    def changed(self, execution: Execution) -> None:
        """The status of an execution is another one now. Express executions and children of Map Runs tell nobody."""
        if execution.express or execution.map_run_arn is not None:
            return
        if not self._backend.event_buses["default"].rules and not self._backend.archives:
            return  # nobody could see it
        entry = {
            "Source": "aws.states",
            "DetailType": "Step Functions Execution Status Change",
            "Detail": json.dumps(self._detail(execution)),
            "Resources": [execution.arn],
        }
        self._cloud.events.publish(entry)

    def _detail(self, execution: Execution) -> dict[str, Any]:
        texts = {"input": execution.input_text, "output": execution.output_text}
        whole = sum(len(json.dumps(text).encode()) for text in texts.values() if text is not None) <= self._longest
        stopped_us, redriven_us = execution.stopped_us, execution.redriven_us
        told: dict[str, Any] = {
            "executionArn": execution.arn,
            "stateMachineArn": execution.machine_arn,
            "name": execution.name,
            "status": execution.status,
            "startDate": execution.started_us // 1_000,
            "stopDate": None if stopped_us is None else stopped_us // 1_000,
            "redriveCount": execution.redrives,
            "redriveDate": None if redriven_us is None else redriven_us // 1_000,
            "error": execution.error,
            "cause": execution.cause,
            "stateMachineVersionArn": execution.version_arn,
            "stateMachineAliasArn": execution.alias_arn,
            **self._redrive(execution),
        }
        for name, text in texts.items():
            told[name] = text if whole else None
            told[f"{name}Details"] = None if text is None else {"included": whole}
        return told
