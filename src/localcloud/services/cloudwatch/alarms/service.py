"""The operations on alarms, and the clock that makes them look at their metrics.

An alarm is evaluated at the end of every period. The evaluations follow the virtual clock without driving it:
a cloud that has nothing else to do stands still, however many alarms it has.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiCall, ApiError
from localcloud.kernel import Timer
from localcloud.services.cloudwatch.alarms.actions import Actions, queries, state_of
from localcloud.services.cloudwatch.alarms.alarm import ALARM, INSUFFICIENT_DATA, OK, STATES, Alarm, HistoryItem
from localcloud.services.cloudwatch.alarms.checks import check_metric_alarm, refused
from localcloud.services.cloudwatch.alarms.costs import AlarmCosts
from localcloud.services.cloudwatch.alarms.descriptions import Descriptions
from localcloud.services.cloudwatch.alarms.evaluation import Criterion, next_state
from localcloud.services.cloudwatch.alarms.reasons import reason_data, reason_of
from localcloud.services.cloudwatch.alarms.rules import InvalidRule, Rule

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_STANDARD_S = 60


class Alarms:
    """The alarms of one cloud, by name."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._alarms: dict[str, Alarm] = {}
        self._rules: dict[str, Rule] = {}
        self._timers: dict[str, Timer] = {}
        self._actions = Actions(cloud)
        self.on_change: list[Callable[[Alarm], None]] = []  # told of every new state
        self._costs = AlarmCosts(cloud.kernel, cloud.meter)
        self._extra_periods = int(cloud.facts.value("model.cloudwatch.alarm_extra_periods"))
        self._range = cloud.facts.value("quota.cloudwatch.alarm_range")
        self._descriptions = Descriptions(cloud, self._alarms)

    def scale_by(self, scale: Callable[[Alarm, str], str]) -> None:
        """Let `scale(alarm, action)` carry out scaling policies; it answers "" or why that failed."""
        self._actions.scale = scale

    def install(self) -> None:
        """Answer the operations on alarms."""
        register = self._cloud.api.register
        for operation, handler in (
            ("PutMetricAlarm", self._put_metric_alarm),
            ("PutCompositeAlarm", self._put_composite_alarm),
            ("DeleteAlarms", self._delete),
            ("SetAlarmState", self._set_state),
            ("EnableAlarmActions", self._enable),
            ("DisableAlarmActions", self._disable),
        ):
            register("cloudwatch", operation, handler)
        self._descriptions.install()

    # -- putting -----------------------------------------------------------------------------

    def _put_metric_alarm(self, call: ApiCall) -> dict[str, Any]:
        settings = call.params
        check_metric_alarm(settings, self._range)
        if settings.get("Metrics"):
            self._cloud.cloudwatch.check_watched(settings["Metrics"])
        alarm = self._put(settings)
        self._schedule(alarm)
        return {}

    def _put_composite_alarm(self, call: ApiCall) -> dict[str, Any]:
        settings = call.params
        name = settings["AlarmName"]
        try:
            rule = Rule(settings["AlarmRule"])
        except InvalidRule as exc:
            raise refused(f"AlarmRule is invalid: {exc}") from None
        for child in rule.alarms:
            if self.find(child) is None:
                raise refused(f"Could not save the composite alarm as alarm {child} in the alarm rule does not exist.")
            if name == self._name(child) or name in self._below(self._name(child)):
                raise refused(f"Could not save the composite alarm {name}: its rule would depend on itself.")
        self._rules[name] = rule
        alarm = self._put(settings)
        self._cloud.kernel.call_later(0, self._evaluate_rule, alarm)
        return {}

    def _put(self, settings: dict[str, Any]) -> Alarm:
        """Keep the alarm; one that exists keeps its state."""
        name = settings["AlarmName"]
        arn = f"arn:aws:cloudwatch:{self._cloud.region}:{self._cloud.account_id}:alarm:{name}"
        alarm = self._alarms.get(name)
        if alarm is None or alarm.composite != ("AlarmRule" in settings):
            alarm = self._alarms[name] = Alarm(name, arn, dict(settings), self._now)
            change = "Create"
        else:
            alarm.settings, alarm.configured_at = dict(settings), self._now
            change = "Update"
        self._costs.put(alarm)
        data = json.dumps({"version": "1.0", "type": change, "alarmName": name})
        summary = f'Alarm "{name}" {"created" if change == "Create" else "updated"}'
        alarm.history.append(HistoryItem(self._now, "ConfigurationUpdate", summary, data))
        return alarm

    # -- watching ----------------------------------------------------------------------------

    @property
    def _now(self) -> datetime:
        return self._cloud.now

    def _period_s(self, alarm: Alarm) -> int:
        stats = [query["MetricStat"]["Period"] for query in queries(alarm.settings) if query.get("MetricStat")]
        given = [query["Period"] for query in queries(alarm.settings) if query.get("Period")]
        return int(max(stats + given, default=_STANDARD_S))

    def _schedule(self, alarm: Alarm) -> None:
        """Look again when the present period is over."""
        kernel, period_us = self._cloud.kernel, self._period_s(alarm) * 1_000_000
        before = self._timers.get(alarm.name)
        if before is not None:
            before.cancel()
        at_us = (kernel.unix_us // period_us + 1) * period_us - kernel.epoch_us
        self._timers[alarm.name] = kernel.call_in_background(at_us, self._tick, alarm)

    def _tick(self, alarm: Alarm) -> None:
        self._schedule(alarm)
        self._evaluate(alarm)

    def _evaluate(self, alarm: Alarm) -> None:
        settings, period_s = alarm.settings, self._period_s(alarm)
        criterion = Criterion(
            settings["ComparisonOperator"],
            settings["Threshold"],
            settings["EvaluationPeriods"],
            settings.get("DatapointsToAlarm", settings["EvaluationPeriods"]),
            settings.get("TreatMissingData", "missing"),
        )
        end_s = self._cloud.kernel.unix_us // 1_000_000
        starts = range(end_s - (criterion.periods + self._extra_periods) * period_s, end_s, period_s)
        try:
            points = self._points(settings, starts[0], end_s)
        except ApiError as exc:  # an expression that cannot be computed is no reason to stop the clock
            self._change(alarm, INSUFFICIENT_DATA, exc.message, "")
            return
        found = [points.get(start) for start in starts]
        state = next_state(alarm.state, found, criterion)
        if state != alarm.state:
            reason = reason_of(state, found, starts, criterion)
            self._change(alarm, state, reason, reason_data(found, criterion, self._now))
        elif state == ALARM:
            self._actions.repeat(alarm)

    def _points(self, settings: dict[str, Any], start_s: int, end_s: int) -> dict[int, float]:
        answer = self._cloud.cloudwatch.metric_data(
            {
                "MetricDataQueries": queries(settings),
                "StartTime": datetime.fromtimestamp(start_s, UTC),
                "EndTime": datetime.fromtimestamp(end_s, UTC),
            }
        )
        (result,) = answer["MetricDataResults"] or ({"Timestamps": [], "Values": []},)
        return {int(at.timestamp()): value for at, value in zip(result["Timestamps"], result["Values"], strict=True)}

    # -- changing state ----------------------------------------------------------------------

    def _change(self, alarm: Alarm, state: str, reason: str, reason_data: str) -> None:
        if state == alarm.state:
            return
        before = state_of(alarm)
        alarm.state, alarm.reason, alarm.reason_data = state, reason, reason_data
        alarm.updated_at = alarm.transitioned_at = self._now
        data = json.dumps({"version": "1.0", "oldState": before, "newState": state_of(alarm)})
        summary = f"Alarm updated from {before['value']} to {state}"
        alarm.history.append(HistoryItem(self._now, "StateUpdate", summary, data))
        self._actions.announce(alarm, before)
        for listener in self.on_change:
            listener(alarm)
        if not self._suppressed(alarm):
            for action in alarm.actions():
                self._act(alarm, action, before)
        for parent in list(self._alarms.values()):
            if parent.composite and alarm.name in map(self._name, self._rules[parent.name].alarms):
                self._evaluate_rule(parent)

    def _act(self, alarm: Alarm, action: str, before: dict[str, Any]) -> None:
        failure = self._actions.run(alarm, action, before)
        outcome = "Failed to execute" if failure else "Successfully executed"
        told = {"actionState": "Failed" if failure else "Succeeded", "notificationResource": action}
        data = json.dumps({**told, "error": failure} if failure else told)
        alarm.history.append(HistoryItem(self._now, "Action", f"{outcome} action {action}", data))

    def _suppressed(self, alarm: Alarm) -> bool:
        """Whether the actions of a composite alarm are held back by its suppressor."""
        suppressor = self.find(alarm.settings.get("ActionsSuppressor", "")) if alarm.composite else None
        return suppressor is not None and suppressor.state == ALARM

    def _evaluate_rule(self, alarm: Alarm) -> None:
        if self._alarms.get(alarm.name) is not alarm:
            return  # deleted meanwhile
        rule = self._rules[alarm.name]
        state = ALARM if rule.holds(self._state) else OK
        watched = ", ".join(f"{self._name(child)} is {self._state(child)}" for child in rule.alarms)
        self._change(alarm, state, f"{alarm.settings['AlarmRule']}: {watched}", "")

    def _state(self, reference: str) -> str:
        found = self.find(reference)
        return INSUFFICIENT_DATA if found is None else found.state

    @staticmethod
    def _name(reference: str) -> str:
        return reference.split(":alarm:", 1)[-1]

    def find(self, reference: str) -> Alarm | None:
        """The alarm of this name or ARN."""
        return self._alarms.get(self._name(reference))

    def _below(self, name: str) -> Iterator[str]:
        """The alarms that a composite alarm looks at, at every depth."""
        for child in self._rules[name].alarms if name in self._rules else ():
            yield self._name(child)
            yield from self._below(self._name(child))

    # -- other operations --------------------------------------------------------------------

    def _set_state(self, call: ApiCall) -> dict[str, Any]:
        params = call.params
        alarm = self._alarms.get(params["AlarmName"])
        if alarm is None:
            raise ApiError("ResourceNotFound", "", 404)
        if params["StateValue"] not in STATES:
            raise refused(
                f"1 validation error detected: Value '{params['StateValue']}' at 'stateValue' failed to satisfy "
                "constraint: Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]"
            )
        reason_data = params.get("StateReasonData") or ""
        if reason_data:
            try:
                json.loads(reason_data)
            except ValueError:
                raise ApiError("InvalidFormat", "StateReasonData is not valid JSON.") from None
        self._change(alarm, params["StateValue"], params["StateReason"], reason_data)
        return {}

    def _delete(self, call: ApiCall) -> dict[str, Any]:
        wanted = call.params["AlarmNames"]
        for name in wanted:
            if name not in self._alarms:
                raise ApiError("ResourceNotFound", f"Alarm {name} does not exist.", 404)
        for parent, rule in self._rules.items():
            used = [name for name in wanted if name in map(self._name, rule.alarms)]
            if used and parent not in wanted:
                raise refused(f"Cannot delete {used[0]}: the composite alarm {parent} depends on it.")
        for name in wanted:
            del self._alarms[name]
            self._costs.deleted(name)
            self._rules.pop(name, None)
            timer = self._timers.pop(name, None)
            if timer is not None:
                timer.cancel()
        return {}

    def _enable(self, call: ApiCall) -> dict[str, Any]:
        return self._switch(call, True)

    def _disable(self, call: ApiCall) -> dict[str, Any]:
        return self._switch(call, False)

    def _switch(self, call: ApiCall, enabled: bool) -> dict[str, Any]:
        for name in call.params["AlarmNames"]:
            if name in self._alarms:
                self._alarms[name].settings["ActionsEnabled"] = enabled
        return {}
