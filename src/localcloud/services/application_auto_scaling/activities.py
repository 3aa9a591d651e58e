"""The record of what was scaled, when and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from localcloud.services.cloudwatch.parameters import page_position, page_token

_KEPT = timedelta(weeks=6)
_PAGE = 50


@dataclass(slots=True)
class Activity:
    """One entry of DescribeScalingActivities; `end` is None while it is in progress."""

    id: str
    namespace: str
    resource_id: str
    dimension: str
    description: str
    cause: str
    start: datetime
    status: str = "InProgress"
    message: str = ""
    end: datetime | None = None

    def described(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "ActivityId": self.id,
            "ServiceNamespace": self.namespace,
            "ResourceId": self.resource_id,
            "ScalableDimension": self.dimension,
            "Description": self.description,
            "Cause": self.cause,
            "StartTime": self.start,
            "StatusCode": self.status,
        }
        if self.message:
            found["StatusMessage"] = self.message
        if self.end is not None:
            found["EndTime"] = self.end
        return found


class Activities:
    """Those of the last six weeks."""

    def __init__(self) -> None:
        self._all: list[Activity] = []

    def add(self, activity: Activity) -> Activity:
        self._all = [one for one in self._all if activity.start - one.start <= _KEPT]
        self._all.append(activity)
        return activity

    def describe(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """DescribeScalingActivities: the newest first. Raises ApiError for a token that is none."""
        found = [
            one.described()
            for one in reversed(self._all)
            if one.namespace == params["ServiceNamespace"]
            and one.resource_id == params.get("ResourceId", one.resource_id)
            and one.dimension == params.get("ScalableDimension", one.dimension)
        ]
        (first,) = page_position(params.get("NextToken"), 1, "InvalidNextTokenException")
        end = first + int(params.get("MaxResults") or _PAGE)
        answer: dict[str, Any] = {"ScalingActivities": found[first:end]}
        if end < len(found):
            answer["NextToken"] = page_token(end)
        return answer
