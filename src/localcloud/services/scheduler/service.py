"""Schedules: what is accepted, and when each one is due."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.utils import parse_timestamp
from moto.scheduler.models import scheduler_backends

from localcloud.api import ApiCall, ApiError
from localcloud.ids import uuid4_text
from localcloud.kernel import Timer
from localcloud.services.role_targets import RoleTargets
from localcloud.services.schedule_expressions import Due, InvalidSchedule, compile_schedule
from localcloud.services.scheduler.invocations import Invocation, Invocations

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_MINUTE_US = 60_000_000
_DEFAULT = "default"


@dataclass(slots=True)
class _Armed:
    """A schedule that waits for its next time."""

    schedule: Any
    due: Due
    timer: Timer | None = None


class Scheduler:
    """Invokes the targets of schedules in virtual time."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._targets = RoleTargets(cloud)
        self._invocations = Invocations(cloud, self._targets)
        self._armed: dict[str, _Armed] = {}
        self._ids = cloud.kernel.streams["scheduler/ids"]
        self._delays = cloud.kernel.streams["scheduler/delays"]
        self._precision_us = round(float(cloud.facts.value("quota.scheduler.precision")) * 1e6)
        self._window_min = int(cloud.facts.value("quota.scheduler.flexible_window")["max_min"])

    def install(self) -> None:
        """Answer what makes, changes and deletes schedules."""
        register = self._cloud.api.register
        register("scheduler", "CreateSchedule", self._put)
        register("scheduler", "UpdateSchedule", self._put)
        register("scheduler", "DeleteSchedule", self._delete)
        register("scheduler", "CreateScheduleGroup", self._create_group)
        register("scheduler", "DeleteScheduleGroup", self._delete_group)

    @cached_property
    def _backend(self) -> Any:
        return scheduler_backends[self._cloud.account_id][self._cloud.region]

    # -- operations ----------------------------------------------------------------------------

    def _put(self, call: ApiCall) -> Any:
        params = call.params
        due = self._check(params)
        group = params.get("GroupName") or _DEFAULT
        if group not in self._backend.schedule_groups:
            raise ApiError("ResourceNotFoundException", f"Schedule group {group} does not exist.", 404)
        answer = self._cloud.api.stock(call)
        schedule = self._backend.get_schedule(group, params["Name"])
        schedule.state = params.get("State") or "ENABLED"  # moto keeps None on updates
        schedule.action_after_completion = params.get("ActionAfterCompletion") or "NONE"
        self._disarm(schedule.arn)
        if schedule.state == "ENABLED":
            self._armed[schedule.arn] = _Armed(schedule, due)
            self._arm(schedule.arn, self._start(schedule))
        return answer

    def _check(self, params: Mapping[str, Any]) -> Due:
        try:
            due = compile_schedule(
                params["ScheduleExpression"],
                _moment(params.get("StartDate")) or self._cloud.now,
                params.get("ScheduleExpressionTimezone") or "UTC",
                at_once=True,
            )
        except InvalidSchedule as exc:
            raise _refused(f"Invalid Schedule Expression {exc}.") from None
        window = params["FlexibleTimeWindow"]
        minutes = window.get("MaximumWindowInMinutes")
        if window["Mode"] == "FLEXIBLE" and not 1 <= int(minutes or 0) <= self._window_min:
            raise _refused(f"MaximumWindowInMinutes must be between 1 and {self._window_min}, found {minutes}.")
        if window["Mode"] == "OFF" and minutes is not None:
            raise _refused("MaximumWindowInMinutes must not be given when the Mode is OFF.")
        arn = params["Target"]["Arn"]
        if not self._targets.knows(arn):
            raise _refused(f"Provided Arn is not in correct format, or not simulated by the local cloud: {arn}")
        start, end = _moment(params.get("StartDate")), _moment(params.get("EndDate"))
        if start and end and end <= start:
            raise _refused("The EndDate must come after the StartDate.")
        return due

    def _delete(self, call: ApiCall) -> Any:
        group = self._backend.schedule_groups.get(call.params.get("GroupName") or _DEFAULT)
        known = group.schedules.get(call.params["Name"]) if group is not None else None
        answer = self._cloud.api.stock(call)
        if known is not None:
            self._disarm(known.arn)
        return answer

    def _create_group(self, call: ApiCall) -> Any:
        name = call.params["Name"]
        if name in self._backend.schedule_groups:
            raise ApiError("ConflictException", f"Schedule group {name} already exists.", 409)
        return self._cloud.api.stock(call)

    def _delete_group(self, call: ApiCall) -> Any:
        name = call.params["Name"]
        group = self._backend.schedule_groups.get(name)
        if group is None:
            raise ApiError("ResourceNotFoundException", f"Schedule group {name} does not exist.", 404)
        if name == _DEFAULT:
            raise _refused("The default schedule group cannot be deleted.")
        answer = self._cloud.api.stock(call)
        for schedule in group.schedules.values():
            self._disarm(schedule.arn)
        return answer

    # -- time ----------------------------------------------------------------------------------

    def _start(self, schedule: Any) -> datetime:
        """The moment after which the first time is looked for: now and a StartDate may be one themselves."""
        start, now = _moment(schedule.start_date), self._cloud.now
        return (max(now, start) if start is not None else now) - timedelta(microseconds=1)

    def _arm(self, arn: str, after: datetime) -> None:
        armed = self._armed[arn]
        due, end = armed.due(after), _moment(armed.schedule.end_date)
        if due is None or (end is not None and due > end):
            self._complete(armed.schedule)
            return
        kernel = self._cloud.kernel
        at_us = kernel.now_us + round(due.timestamp() * 1e6) - kernel.unix_us
        armed.timer = kernel.call_in_background(at_us, self._fire, arn, due)

    def _disarm(self, arn: str) -> None:
        armed = self._armed.pop(arn, None)
        if armed is not None and armed.timer is not None:
            armed.timer.cancel()

    def _fire(self, arn: str, due: datetime) -> None:
        """It is due: the target is invoked within the minute, or anywhere in a flexible window."""
        schedule = self._armed[arn].schedule
        window = schedule.flexible_time_window
        flexible_us = int(window.get("MaximumWindowInMinutes") or 0) * _MINUTE_US
        delay_us = self._delays.randrange(flexible_us or self._precision_us)
        invocation = Invocation(
            uuid4_text(self._ids), schedule.arn, schedule.group_name, dict(schedule.target), due.astimezone(UTC)
        )
        kernel = self._cloud.kernel
        kernel.spawn(
            self._invocations.run, invocation, name=f"schedule {schedule.name}", delay_us=delay_us, critical=True
        )
        self._arm(arn, due)

    def _complete(self, schedule: Any) -> None:
        """There is no time left."""
        self._armed.pop(schedule.arn, None)
        if schedule.action_after_completion == "DELETE":
            group = self._backend.schedule_groups.get(schedule.group_name)
            if group is not None:
                group.schedules.pop(schedule.name, None)


def _moment(value: Any) -> datetime | None:
    """A time of a request or of moto's, in UTC."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    parsed: datetime = parse_timestamp(value)
    return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _refused(message: str) -> ApiError:
    return ApiError("ValidationException", message, 400)
