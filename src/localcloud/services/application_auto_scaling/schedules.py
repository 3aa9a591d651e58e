"""Scheduled actions: other bounds for a target at a time, at intervals or by cron."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiError
from localcloud.kernel import Timer
from localcloud.services.application_auto_scaling.scaling import Scaling
from localcloud.services.schedule_expressions import Due, InvalidSchedule, compile_schedule

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

Key = tuple[str, str, str]  # resource id, scalable dimension, name of the action


@dataclass(slots=True)
class _Armed:
    action: Any
    target: Any
    due: Due
    timer: Timer | None = None


class Schedules:
    """Applies the scheduled actions that moto keeps."""

    def __init__(self, cloud: Cloud, scaling: Scaling) -> None:
        self._cloud = cloud
        self._scaling = scaling
        self._armed: dict[Key, _Armed] = {}

    def check(self, expression: str, zone: str | None, start: Any) -> Due:
        """When an action is due. Raises ApiError for what is no schedule."""
        try:
            return compile_schedule(expression, _moment(start) or self._cloud.now, zone or "UTC")
        except InvalidSchedule as exc:
            raise ApiError("ValidationException", f"Invalid schedule expression: {exc}", 400) from None

    def put(self, action: Any, target: Any) -> None:
        """Wait for the next time of a new or changed action of moto's."""
        key = (action.resource_id, action.scalable_dimension, action.scheduled_action_name)
        self.forget(key)
        due = self.check(action.schedule, action.timezone, action.start_time)
        self._armed[key] = _Armed(action, target, due)
        start = _moment(action.start_time)
        self._arm(key, max(self._cloud.now, start) if start is not None else self._cloud.now)

    def forget(self, key: Key) -> None:
        """The action is gone."""
        armed = self._armed.pop(key, None)
        if armed is not None and armed.timer is not None:
            armed.timer.cancel()

    def forget_target(self, resource_id: str, dimension: str) -> list[str]:
        """A target is gone: the names of its actions, which go too."""
        keys = [key for key in self._armed if key[:2] == (resource_id, dimension)]
        for key in keys:
            self.forget(key)
        return [key[2] for key in keys]

    def _arm(self, key: Key, after: datetime) -> None:
        armed = self._armed[key]
        due, end = armed.due(after), _moment(armed.action.end_time)
        if due is None or (end is not None and due > end):
            return
        kernel = self._cloud.kernel
        at_us = kernel.now_us + round(due.timestamp() * 1e6) - kernel.unix_us
        armed.timer = kernel.call_in_background(at_us, self._fire, key, due)

    def _fire(self, key: Key, due: datetime) -> None:
        armed = self._armed[key]
        name = f"scheduled action {key[2]}"
        self._cloud.kernel.spawn(self._apply, armed.action, armed.target, name=name, critical=True)
        self._arm(key, due)

    def _apply(self, action: Any, target: Any) -> None:
        if (target.suspended_state or {}).get("ScheduledScalingSuspended"):
            return
        bounds = action.scalable_target_action or {}
        low, high = bounds.get("MinCapacity"), bounds.get("MaxCapacity")
        target.update(low, high, None)
        parts = [
            f"{kind} capacity to {value}" for kind, value in (("minimum", low), ("maximum", high)) if value is not None
        ]
        cause = f"scheduled action name: {action.scheduled_action_name}"
        activity = self._scaling.note(target, f"Setting {' and '.join(parts)}", cause)
        activity.status, activity.end = "Successful", self._cloud.now
        activity.message = f"Successfully set {' and '.join(parts)}"
        self._scaling.enforce(target, cause)


def _moment(value: Any) -> datetime | None:
    """A time of a request or of moto's, in UTC."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return datetime.fromtimestamp(float(value), UTC)
