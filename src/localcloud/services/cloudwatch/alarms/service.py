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
from localcloud.services.cloudwatch.alarms.costs import AlarmCosts
from localcloud.services.cloudwatch.alarms.evaluation import COMPARISONS, PHRASES, TREATMENTS, Criterion, next_state
from localcloud.services.cloudwatch.alarms.rules import InvalidRule, Rule
from localcloud.services.cloudwatch.parameters import page_position, page_token
from localcloud.services.cloudwatch.selectors import selector

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_STANDARD_S = 60


def _refuse(message: str) -> ApiError:
    return ApiError("ValidationError", message, 400)


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
        self._page = int(cloud.facts.value("quota.cloudwatch.describe_alarms"))

    def scale_by(self, scale: Callable[[Alarm, str], str]) -> None:
        """Let `scale(alarm, action)` carry out scaling policies; it answers "" or why that failed."""
        self._actions.scale = scale

    def install(self) -> None:
        """Answer the operations on alarms."""
        register = self._cloud.api.register
        for operation, handler in (
            ("PutMetricAlarm", self._put_metric_alarm),
            ("PutCompositeAlarm", self._put_composite_alarm),
            ("DescribeAlarms", self._describe),
            ("DescribeAlarmsForMetric", self._describe_for_metric),
            ("DescribeAlarmHistory", self._describe_history),
            ("DeleteAlarms", self._delete),
            ("SetAlarmState", self._set_state),
            ("EnableAlarmActions", self._enable),
            ("DisableAlarmActions", self._disable),
        ):
            register("cloudwatch", operation, handler)

    # -- putting -----------------------------------------------------------------------------

    def _put_metric_alarm(self, call: ApiCall) -> dict[str, Any]:
        settings = call.params
        self._check(settings)
        alarm = self._put(settings)
        self._schedule(alarm)
        return {}

    def _check(self, settings: dict[str, Any]) -> None:
        if settings["ComparisonOperator"] not in COMPARISONS:
            raise _refuse(f"The local cloud has no anomaly detection: {settings['ComparisonOperator']}.")
        if "Threshold" not in settings:
            raise _refuse("Parameter Threshold must be specified.")
        needed = settings.get("DatapointsToAlarm", settings["EvaluationPeriods"])
        if not 1 <= needed <= settings["EvaluationPeriods"]:
            raise _refuse("Parameter DatapointsToAlarm must be between 1 and EvaluationPeriods.")
        if settings.get("TreatMissingData", "missing") not in TREATMENTS:
            raise _refuse(
                f"Option {settings['TreatMissingData']} is not supported. Supported options for parameter "
                "TreatMissingData are [breaching, notBreaching, ignore, missing]."
            )
        if settings.get("Metrics"):
            if settings.get("MetricName") or settings.get("Namespace"):
                raise _refuse("Metrics list and single metric parameters cannot be specified together.")
            if any("SEARCH(" in query.get("Expression", "").replace(" ", "").upper() for query in settings["Metrics"]):
                raise _refuse("SEARCH is not supported on Metric Alarms.")
            if sum(bool(query.get("ReturnData", True)) for query in settings["Metrics"]) != 1:
                raise _refuse("Exactly one element of the metrics list should return data.")
            return
        for name in ("MetricName", "Namespace", "Period"):
            if not settings.get(name):
                raise _refuse(f"Parameter {name} must be specified.")
        if bool(settings.get("Statistic")) == bool(settings.get("ExtendedStatistic")):
            raise _refuse("Exactly one of Statistic or ExtendedStatistic must be specified.")
        if selector(settings.get("Statistic") or settings["ExtendedStatistic"]) is None:
            raise _refuse(
                f"The value {settings['ExtendedStatistic']} for parameter ExtendedStatistic is not supported."
            )
        period_s = settings["Period"]
        if period_s not in (10, 20, 30) and (period_s <= 0 or period_s % _STANDARD_S):
            raise _refuse("Metric period must be 10, 20, 30 or a multiple of 60.")
        self._check_range(period_s, settings["EvaluationPeriods"])

    def _check_range(self, period_s: int, periods: int) -> None:
        long = period_s >= self._range["long_from_s"]
        most_s = self._range["long_period_s" if long else "short_period_s"]
        if period_s * periods > most_s:
            raise _refuse(
                f"Metrics cannot be checked across more than a {'week' if long else 'day'} (EvaluationPeriods * Period "
                f"must be <= {most_s})."
            )

    def _put_composite_alarm(self, call: ApiCall) -> dict[str, Any]:
        settings = call.params
        name = settings["AlarmName"]
        try:
            rule = Rule(settings["AlarmRule"])
        except InvalidRule as exc:
            raise _refuse(f"AlarmRule is invalid: {exc}") from None
        for child in rule.alarms:
            if self.find(child) is None:
                raise _refuse(f"Could not save the composite alarm as alarm {child} in the alarm rule does not exist.")
            if name == self._name(child) or name in self._below(self._name(child)):
                raise _refuse(f"Could not save the composite alarm {name}: its rule would depend on itself.")
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
            self._change(alarm, state, _reason(state, found, starts, criterion), self._reason_data(found, criterion))
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

    def _reason_data(self, found: list[float | None], criterion: Criterion) -> str:
        recent = [value for value in found if value is not None][-criterion.periods :]
        return json.dumps(
            {
                "version": "1.0",
                "queryDate": f"{self._now.isoformat()[:19]}.000+0000",
                "recentDatapoints": recent,
                "threshold": criterion.threshold,
            }
        )

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
            raise _refuse(
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
                raise _refuse(f"Cannot delete {used[0]}: the composite alarm {parent} depends on it.")
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

    def _describe(self, call: ApiCall) -> dict[str, Any]:
        params = call.params
        names, prefix = params.get("AlarmNames"), params.get("AlarmNamePrefix", "")
        kinds = params.get("AlarmTypes") or ["MetricAlarm"]
        if names:  # by name, both kinds are found
            kinds = params.get("AlarmTypes") or ["MetricAlarm", "CompositeAlarm"]
        found = [
            alarm
            for name, alarm in sorted(self._alarms.items())
            if alarm.kind in kinds
            and (not names or name in names)
            and name.startswith(prefix)
            and alarm.state == params.get("StateValue", alarm.state)
            and (
                "ActionPrefix" not in params
                or any(each.startswith(params["ActionPrefix"]) for each in alarm.settings.get("AlarmActions") or ())
            )
        ]
        (first,) = page_position(params.get("NextToken"), 1, "InvalidNextToken")
        end = first + params.get("MaxRecords", self._page)
        answer: dict[str, Any] = {"MetricAlarms": [], "CompositeAlarms": []}
        for alarm in found[first:end]:
            answer[f"{alarm.kind}s"].append(alarm.described())
        if end < len(found):
            answer["NextToken"] = page_token(end)
        return answer

    def _describe_for_metric(self, call: ApiCall) -> dict[str, Any]:
        params = call.params
        found = []
        for _, alarm in sorted(self._alarms.items()):
            settings = alarm.settings
            if settings.get("MetricName") != params["MetricName"] or settings.get("Namespace") != params["Namespace"]:
                continue
            if (settings.get("Dimensions") or []) != (params.get("Dimensions") or []):
                continue
            if all(settings.get(name) == params[name] for name in ("Statistic", "Period", "Unit") if name in params):
                found.append(alarm.described())
        return {"MetricAlarms": found}

    def _describe_history(self, call: ApiCall) -> dict[str, Any]:
        params = call.params
        start, end = params.get("StartDate"), params.get("EndDate")
        items: list[dict[str, Any]] = [
            {
                "AlarmName": alarm.name,
                "AlarmType": alarm.kind,
                "Timestamp": item.at,
                "HistoryItemType": item.kind,
                "HistorySummary": item.summary,
                "HistoryData": item.data,
            }
            for name, alarm in sorted(self._alarms.items())
            if name == params.get("AlarmName", name)
            for item in alarm.history
            if item.kind == params.get("HistoryItemType", item.kind)
            and (start is None or item.at >= start)
            and (end is None or item.at <= end)
        ]
        newest_first = params.get("ScanBy", "TimestampDescending") == "TimestampDescending"
        items.sort(key=lambda item: item["Timestamp"])
        if newest_first:
            items.reverse()
        return {"AlarmHistoryItems": items[: params.get("MaxRecords", self._page)]}


def _reason(state: str, found: list[float | None], starts: range, criterion: Criterion) -> str:
    """The StateReason, as CloudWatch words it."""
    real = [(at, value) for at, value in zip(starts, found, strict=True) if value is not None][-criterion.periods :]
    if not real:
        if state == INSUFFICIENT_DATA:
            return f"Insufficient Data: {criterion.periods} datapoint{_s(criterion.periods)} were unknown."
        treated = "Breaching" if state == ALARM else "NonBreaching"
        periods = f"{criterion.periods} period{_s(criterion.periods)}"
        filled = f"{criterion.periods} missing datapoint{_s(criterion.periods)}"
        return f"Threshold Crossed: no datapoints were received for {periods} and {filled} were treated as [{treated}]."
    shown = [(at, value) for at, value in real if criterion.breaches(value) == (state == ALARM)]
    values = ", ".join(
        f"{value} ({datetime.fromtimestamp(at, UTC):%d/%m/%y %H:%M:%S})" for at, value in reversed(shown)
    )
    negation = "" if state == ALARM else "not "
    counted = f"{len(shown)} out of the last {criterion.periods} datapoint{_s(criterion.periods)}"
    return (
        f"Threshold Crossed: {counted} [{values}] {'was' if len(shown) == 1 else 'were'} {negation}"
        f"{PHRASES[criterion.comparison]} the threshold ({criterion.threshold}) (minimum {criterion.needed} "
        f"datapoint{_s(criterion.needed)} for {'OK -> ALARM' if state == ALARM else 'ALARM -> OK'} transition)."
    )


def _s(count: int) -> str:
    return "" if count == 1 else "s"
