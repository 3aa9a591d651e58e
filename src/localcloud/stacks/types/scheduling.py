"""AWS::Scheduler::*."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from localcloud.stacks.types.base import Made, Making, ResourceType, Updatable, chosen, names, timestamp


class Schedule(Updatable):
    name = "AWS::Scheduler::Schedule"
    custom_name = "Name"
    _arguments = (
        "Description EndDate FlexibleTimeWindow GroupName KmsKeyArn ScheduleExpression ScheduleExpressionTimezone "
        "StartDate State Target"
    )
    properties = names(_arguments + " Name")
    required = names("FlexibleTimeWindow ScheduleExpression Target")
    attributes = names("Arn")
    replacing = names("GroupName Name")

    def _given(self, making: Making) -> dict[str, Any]:
        given = chosen(making.properties, self._arguments)
        for name in ("StartDate", "EndDate"):
            if name in given:
                given[name] = datetime.fromisoformat(given[name])
        window = dict(given["FlexibleTimeWindow"])
        if "MaximumWindowInMinutes" in window:
            window["MaximumWindowInMinutes"] = int(window["MaximumWindowInMinutes"])
        target = dict(given["Target"])
        if "RetryPolicy" in target:
            target["RetryPolicy"] = {name: int(value) for name, value in target["RetryPolicy"].items()}
        return {**given, "FlexibleTimeWindow": window, "Target": target}

    def create(self, making: Making) -> Made:
        name = making.name("Name")
        arn = making.client("scheduler").create_schedule(Name=name, **self._given(making))["ScheduleArn"]
        return Made(name, {"Arn": arn})

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        making.client("scheduler").update_schedule(Name=made.physical_id, **self._given(making))
        return made

    def delete(self, making: Making, made: Made) -> None:
        making.client("scheduler").delete_schedule(Name=made.physical_id, **chosen(making.properties, "GroupName"))


class ScheduleGroup(ResourceType):
    name = "AWS::Scheduler::ScheduleGroup"
    custom_name = "Name"
    properties = names("Name Tags")
    attributes = names("Arn CreationDate LastModificationDate State")

    def create(self, making: Making) -> Made:
        name = making.name("Name")
        arn = making.client("scheduler").create_schedule_group(Name=name, Tags=making.tag_list())["ScheduleGroupArn"]
        found = making.client("scheduler").get_schedule_group(Name=name)
        attributes = {
            "Arn": arn,
            "CreationDate": timestamp(found["CreationDate"]),
            "LastModificationDate": timestamp(found["LastModificationDate"]),
            "State": found["State"],
        }
        return Made(name, attributes)

    def delete(self, making: Making, made: Made) -> None:
        making.client("scheduler").delete_schedule_group(Name=made.physical_id)


ALL = (Schedule(), ScheduleGroup())
