"""The operations of Cost Explorer. Every request costs money, as on AWS.

Source: "AWS Cost Management API Reference".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiCall, ApiError
from localcloud.services.billing.charges import Charge, month_of, within
from localcloud.services.billing.forecast import daily_cost
from localcloud.services.cost_explorer.expressions import Dimensions

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

# without discounts and reservations they are all the same
_COSTS = ("AmortizedCost", "BlendedCost", "NetAmortizedCost", "NetUnblendedCost", "UnblendedCost")
_METRICS = {**{name: name for name in _COSTS}, "AMORTIZED_COST": "AmortizedCost", "BLENDED_COST": "BlendedCost",
            "NET_AMORTIZED_COST": "NetAmortizedCost", "NET_UNBLENDED_COST": "NetUnblendedCost",
            "UNBLENDED_COST": "UnblendedCost", "UsageQuantity": "UsageQuantity",
            "USAGE_QUANTITY": "UsageQuantity"}  # fmt: skip
_MOST_GROUPS = 2


class CostExplorer:
    """Sees charges as they were when its data was refreshed last."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        facts = cloud.facts
        self._every_us = round(facts.value("quota.cost_explorer.refresh") * 3_600_000_000)
        self._history_days = int(facts.value("quota.cost_explorer.forecast_history"))
        self._dimensions = Dimensions(cloud.region, cloud.account_id)
        self._seen: list[Charge] = []

    def install(self) -> None:
        """Answer the operations and refresh the data from now on."""
        operations: Mapping[str, Callable[[ApiCall], dict[str, Any]]] = {
            "GetCostAndUsage": self._cost_and_usage,
            "GetCostForecast": self._cost_forecast,
            "GetDimensionValues": self._dimension_values,
            "GetTags": self._tags,
            "ListCostAllocationTags": self._list_tags,
            "UpdateCostAllocationTagsStatus": self._update_tags,
        }
        for name, operation in operations.items():
            self._cloud.api.register("ce", name, self._billed(operation))
        self._later()

    def _later(self) -> None:
        kernel = self._cloud.kernel
        kernel.call_in_background(kernel.now_us + self._every_us, self._refresh)

    def _refresh(self) -> None:
        self._seen = self._cloud.billing.ledger.charges()
        self._later()

    def _billed(self, operation: Callable[[ApiCall], dict[str, Any]]) -> Callable[[ApiCall], dict[str, Any]]:
        def answer(call: ApiCall) -> dict[str, Any]:
            self._cloud.meter.add("ce.requests", 1)
            return operation(call)

        return answer

    # -- costs ---------------------------------------------------------------------------------

    def _cost_and_usage(self, call: ApiCall) -> dict[str, Any]:
        params = call.params
        start, end = self._period(params)
        if start > self._cloud.now.date():
            raise ApiError("ValidationException", "Start date cannot be after the current date.", 400)
        groups = params.get("GroupBy") or []
        if len(groups) > _MOST_GROUPS:
            raise ApiError("ValidationException", "Maximum of 2 GroupBy definitions are allowed.", 400)
        names = [self._metric(name) for name in params["Metrics"]]
        matches = self._dimensions.filter(params.get("Filter"))
        charges = [charge for charge in within(self._seen, start, end) if matches(charge)]
        results = []
        for first, last in _intervals(start, end, params["Granularity"]):
            part = list(within(charges, first, last))
            result: dict[str, Any] = {
                "TimePeriod": {"Start": f"{first}", "End": f"{last}"},
                "Total": {} if groups else _amounts(part, names),
                "Groups": self._grouped(part, groups, names),
                "Estimated": last > month_of(self._cloud.now.date())[0],  # until the month's bill is final
            }
            results.append(result)
        answer: dict[str, Any] = {"ResultsByTime": results, "DimensionValueAttributes": []}
        return {"GroupDefinitions": groups, **answer} if groups else answer

    def _grouped(
        self, charges: list[Charge], groups: list[Mapping[str, str]], names: list[str]
    ) -> list[dict[str, Any]]:
        if not groups:
            return []
        found: dict[tuple[str, ...], list[Charge]] = {}
        for charge in charges:
            key = tuple(self._dimensions.group(charge, definition) for definition in groups)
            found.setdefault(key, []).append(charge)
        return [{"Keys": list(key), "Metrics": _amounts(found[key], names)} for key in sorted(found)]

    @staticmethod
    def _metric(name: str) -> str:
        if name not in _METRICS:
            message = f"Metrics {name} is invalid. Valid values are {', '.join((*_COSTS, 'UsageQuantity'))}."
            raise ApiError("ValidationException", message, 400)
        return _METRICS[name]

    @staticmethod
    def _period(params: Mapping[str, Any]) -> tuple[date, date]:
        try:
            start, end = (date.fromisoformat(params["TimePeriod"][name][:10]) for name in ("Start", "End"))
        except ValueError:
            raise ApiError("ValidationException", "Invalid date format, it should be YYYY-MM-DD.", 400) from None
        if params.get("Granularity") == "HOURLY":
            message = "Hourly granularity is only available for accounts that opted in to it."
            raise ApiError("ValidationException", message, 400)
        if start >= end:
            raise ApiError("ValidationException", "Start date (and hour) should be before end date (and hour)", 400)
        return start, end

    # -- forecasts -----------------------------------------------------------------------------

    def _cost_forecast(self, call: ApiCall) -> dict[str, Any]:
        params, today = call.params, self._cloud.now.date()
        start, end = self._period(params)
        if start < today:
            raise ApiError("ValidationException", "Forecast start date must not be before the current date.", 400)
        self._metric(params["Metric"])
        began = self._cloud.billing.ledger.began
        if (today - began).days < self._history_days:
            raise ApiError(
                "DataUnavailableException", "Insufficient amount of historical data to generate forecast.", 400
            )
        matches = self._dimensions.filter(params.get("Filter"))
        daily = daily_cost((charge for charge in self._seen if matches(charge)), began, today)
        level = params.get("PredictionIntervalLevel")
        results = []
        for first, last in _intervals(start, end, params["Granularity"]):
            mean, lower, upper = daily.days((last - first).days, (level or 80) / 100)
            result = {"TimePeriod": {"Start": f"{first}", "End": f"{last}"}, "MeanValue": _text(mean)}
            if level is not None:
                result |= {"PredictionIntervalLowerBound": _text(lower), "PredictionIntervalUpperBound": _text(upper)}
            results.append(result)
        total = {"Amount": _text(daily.mean * (end - start).days), "Unit": "USD"}
        return {"Total": total, "ForecastResultsByTime": results}

    # -- what there is -------------------------------------------------------------------------

    def _dimension_values(self, call: ApiCall) -> dict[str, Any]:
        start, end = self._period(call.params)
        matches = self._dimensions.filter(call.params.get("Filter"))
        key, wanted = call.params["Dimension"], call.params.get("SearchString", "")
        charges = (charge for charge in within(self._seen, start, end) if matches(charge))
        values = sorted({self._dimensions.value(charge, key) for charge in charges})
        found = [{"Value": value, "Attributes": {}} for value in values if wanted.lower() in value.lower()]
        return {"DimensionValues": found, "ReturnSize": len(found), "TotalSize": len(found)}

    def _tags(self, call: ApiCall) -> dict[str, Any]:
        start, end = self._period(call.params)
        matches, key = self._dimensions.filter(call.params.get("Filter")), call.params.get("TagKey")
        charges = [charge for charge in within(self._seen, start, end) if matches(charge)]
        if key is None:
            found = sorted({name for charge in charges for name in charge.tags})
        else:
            found = sorted({charge.tags.get(key, "") for charge in charges})
        return {"Tags": found, "ReturnSize": len(found), "TotalSize": len(found)}

    # -- cost allocation tags ------------------------------------------------------------------

    def _list_tags(self, call: ApiCall) -> dict[str, Any]:
        billing, params = self._cloud.billing, call.params
        found = [
            {
                "TagKey": key,
                "Type": "UserDefined",
                "Status": "Active" if key in billing.active_tags else "Inactive",
                **({"LastUpdatedDate": billing.active_tags[key]} if key in billing.active_tags else {}),
            }
            for key in sorted({*billing.known_tags(), *billing.active_tags})
            if not params.get("TagKeys") or key in params["TagKeys"]
        ]
        wanted = params.get("Status")
        return {"CostAllocationTags": [tag for tag in found if wanted in (None, tag["Status"])]}

    def _update_tags(self, call: ApiCall) -> dict[str, Any]:
        billing, errors = self._cloud.billing, []
        known = {*billing.known_tags(), *billing.active_tags}
        for entry in call.params["CostAllocationTagsStatus"]:
            key = entry["TagKey"]
            if key not in known:
                message = "Tag key not found"
                errors.append({"TagKey": key, "Code": "TagKeysNotFoundException", "Message": message})
            elif entry["Status"] == "Active":
                billing.active_tags.setdefault(key, self._cloud.now.strftime("%Y-%m-%dT%H:%M:%SZ"))
            else:
                billing.active_tags.pop(key, None)
        return {"Errors": errors}


def _intervals(start: date, end: date, granularity: str) -> Iterator[tuple[date, date]]:
    """The days, or the months cut to the period."""
    at = start
    while at < end:
        following = at + timedelta(days=1) if granularity == "DAILY" else min(month_of(at)[1], end)
        yield at, following
        at = following


def _amounts(charges: Iterable[Charge], names: list[str]) -> dict[str, dict[str, str]]:
    found = list(charges)
    usd = {"Amount": _text(math.fsum(charge.usd for charge in found)), "Unit": "USD"}
    used = {"Amount": _text(math.fsum(charge.quantity for charge in found)), "Unit": "N/A"}
    return {name: used if name == "UsageQuantity" else usd for name in names}


def _text(amount: float) -> str:
    return f"{amount:.10f}".rstrip("0").rstrip(".")
