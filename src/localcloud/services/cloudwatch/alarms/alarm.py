"""One alarm: what it was asked to do, its state and its history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

OK, ALARM, INSUFFICIENT_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"
STATES = (OK, ALARM, INSUFFICIENT_DATA)
ACTIONS: Mapping[str, str] = {
    OK: "OKActions",
    ALARM: "AlarmActions",
    INSUFFICIENT_DATA: "InsufficientDataActions",
}


@dataclass(slots=True)
class HistoryItem:
    """One entry of DescribeAlarmHistory; `kind` is ConfigurationUpdate, StateUpdate or Action."""

    at: datetime
    kind: str
    summary: str
    data: str


@dataclass(slots=True)
class Alarm:
    """`settings` are the parameters of PutMetricAlarm or PutCompositeAlarm; `children` the alarms of a rule."""

    name: str
    arn: str
    settings: dict[str, Any]
    configured_at: datetime
    state: str = INSUFFICIENT_DATA
    reason: str = "Unchecked: Initial alarm creation"
    reason_data: str = ""
    updated_at: datetime | None = None
    transitioned_at: datetime | None = None
    history: list[HistoryItem] = field(default_factory=list)

    @property
    def composite(self) -> bool:
        return "AlarmRule" in self.settings

    @property
    def kind(self) -> str:
        """The AlarmType of the API."""
        return "CompositeAlarm" if self.composite else "MetricAlarm"

    def described(self) -> dict[str, Any]:
        """The alarm as DescribeAlarms gives it."""
        settings = {name: value for name, value in self.settings.items() if name not in ("Tags", "AlarmName")}
        described = {
            "ActionsEnabled": True,
            **{name: [] for name in ACTIONS.values()},
            **settings,
            "AlarmName": self.name,
            "AlarmArn": self.arn,
            "AlarmConfigurationUpdatedTimestamp": self.configured_at,
            "StateValue": self.state,
            "StateReason": self.reason,
            "StateUpdatedTimestamp": self.updated_at or self.configured_at,
            "StateTransitionedTimestamp": self.transitioned_at or self.configured_at,
        }
        if self.reason_data:
            described["StateReasonData"] = self.reason_data
        if not self.composite and "Metrics" not in settings:
            described.setdefault("Dimensions", [])
        return described

    def actions(self) -> list[str]:
        """The ARNs to tell about the present state; none when actions are switched off."""
        if not self.settings.get("ActionsEnabled", True):
            return []
        return list(self.settings.get(ACTIONS[self.state]) or ())
