"""Dashboards: moto keeps them; what those beyond the free ones cost is metered here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.api import ApiCall
from localcloud.standing import ByTheHour

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_ITEM = "cloudwatch.dashboard_months"


class Dashboards:
    """The first dashboards of an account are free, in the order in which they were made."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._free = int(cloud.facts.value("quota.cloudwatch.free_dashboards"))
        self._names: list[str] = []
        self._held = ByTheHour(cloud.kernel, cloud.meter)

    def install(self) -> None:
        """Follow the operations that make and delete them."""
        self._cloud.api.register("cloudwatch", "PutDashboard", self._put)
        self._cloud.api.register("cloudwatch", "DeleteDashboards", self._delete)

    def _put(self, call: ApiCall) -> dict[str, Any]:
        answer = self._cloud.api.stock(call)
        if call.params["DashboardName"] not in self._names:
            self._names.append(call.params["DashboardName"])
        self._count()
        return answer

    def _delete(self, call: ApiCall) -> dict[str, Any]:
        answer = self._cloud.api.stock(call)
        for name in call.params["DashboardNames"]:
            if name in self._names:
                self._names.remove(name)
                self._held.ended(name)
        self._count()
        return answer

    def _count(self) -> None:
        for name in self._names[: self._free]:
            self._held.ended(name)
        for name in self._names[self._free :]:
            self._held.began(name, _ITEM)
