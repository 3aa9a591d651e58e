"""What alarms cost: by the metrics they watch, hour by hour."""

from __future__ import annotations

from localcloud.kernel import Kernel
from localcloud.metering import Meter
from localcloud.services.cloudwatch.alarms.actions import queries
from localcloud.services.cloudwatch.alarms.alarm import Alarm
from localcloud.standing import ByTheHour

_MINUTE_S = 60


class AlarmCosts:
    """Meters alarm-months by alarm. An alarm over a metric math expression costs as much as one for each metric."""

    def __init__(self, kernel: Kernel, meter: Meter) -> None:
        self._held = ByTheHour(kernel, meter)

    def put(self, alarm: Alarm) -> None:
        """An alarm was made or changed."""
        if alarm.composite:
            self._held.began(alarm.name, "cloudwatch.composite_alarm_months")
            return
        stats = [query["MetricStat"] for query in queries(alarm.settings) if query.get("MetricStat")]
        periods = [stat["Period"] for stat in stats]
        fast = min(periods, default=_MINUTE_S) < _MINUTE_S
        item = "cloudwatch.high_resolution_alarm_months" if fast else "cloudwatch.alarm_months"
        self._held.began(alarm.name, item, max(1, len(stats)))

    def deleted(self, name: str) -> None:
        """An alarm is gone."""
        self._held.ended(name)
