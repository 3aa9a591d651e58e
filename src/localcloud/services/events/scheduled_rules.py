"""Rules of the default bus that run on a schedule."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiError
from localcloud.kernel import Timer
from localcloud.services.schedule_expressions import Due, InvalidSchedule, compile_schedule

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


class ScheduledRules:
    """Keeps the next time of each. `fire(rule, due)` brings a Scheduled Event to the rule's targets."""

    def __init__(self, cloud: Cloud, fire: Callable[[Any, datetime], None]) -> None:
        self._cloud = cloud
        self._deliver = fire
        self._timers: dict[str, Timer] = {}
        self._delays = cloud.kernel.streams["events/schedule-delays"]
        self._precision_us = round(float(cloud.facts.value("quota.scheduler.precision")) * 1e6)

    def check(self, expression: str, bus_name: str) -> None:
        """Raises ApiError for an expression or a bus that scheduled rules cannot have."""
        if bus_name != "default":
            raise ApiError("ValidationException", "ScheduleExpression is supported only on the default event bus.", 400)
        self._compiled(expression)

    def _compiled(self, expression: str) -> Due:
        try:
            return compile_schedule(expression, self._cloud.now, once=False)
        except InvalidSchedule:
            raise ApiError("ValidationException", "Parameter ScheduleExpression is not valid.", 400) from None

    def changed(self, rule: Any) -> None:
        """A rule was put, enabled or disabled: a rate begins to count anew."""
        self.gone(rule.arn)
        if rule.scheduled_expression and rule.state != "DISABLED":
            self._arm(rule, self._compiled(rule.scheduled_expression), self._cloud.now)

    def gone(self, rule_arn: str) -> None:
        timer = self._timers.pop(rule_arn, None)
        if timer is not None:
            timer.cancel()

    def _arm(self, rule: Any, after: Due, moment: datetime) -> None:
        due = after(moment)
        if due is None:
            return
        kernel = self._cloud.kernel
        at_us = kernel.now_us + round(due.timestamp() * 1e6) - kernel.unix_us
        self._timers[rule.arn] = kernel.call_in_background(at_us, self._fire, rule, after, due)

    def _fire(self, rule: Any, after: Due, due: datetime) -> None:
        self._cloud.kernel.spawn(
            self._deliver, rule, due, name=f"rule {rule.name}", delay_us=self._delays.randrange(self._precision_us)
        )
        self._arm(rule, after, due)
