"""The operations on tables: capacity modes, and changes of capacity, which take their time.

Source: the developer guide on provisioned capacity, on-demand maximum throughput and on switching capacity modes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from localcloud.api import ApiCall, ApiError
from localcloud.services.dynamodb.capacity import Capacity
from localcloud.services.dynamodb.consumption import plain
from localcloud.services.dynamodb.throughput import ON_DEMAND, on_demand

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_PROVISIONED = "PROVISIONED"
_DAY_S = 86_400
_UNITS = ("ReadCapacityUnits", "WriteCapacityUnits")


@dataclass(slots=True)
class _State:
    """What moto does not keep of a table: whether it is being updated, and when it was changed how."""

    updating: bool = False
    to_on_demand_s: list[int] = field(default_factory=list)
    decreases: dict[int, int] = field(default_factory=dict)  # by day (UTC)


class TableOperations:
    """Answers them; what is not about capacity stays with moto."""

    def __init__(self, cloud: Cloud, capacity: Capacity) -> None:
        self._cloud = cloud
        self._capacity = capacity
        self._states: WeakKeyDictionary[Any, _State] = WeakKeyDictionary()
        self._update_us = round(float(cloud.facts.value("model.dynamodb.capacity_update_s")) * 1e6)
        self._switches = int(cloud.facts.value("quota.dynamodb.switches_to_on_demand"))
        initial = cloud.facts.value("quota.dynamodb.on_demand_initial")
        self._initial = {"ReadUnitsPerSecond": initial["reads_s"], "WriteUnitsPerSecond": initial["writes_s"]}

    def install(self) -> None:
        """Answer the operations."""
        register = self._cloud.api.register
        register("dynamodb", "CreateTable", self._create)
        register("dynamodb", "UpdateTable", self._update)
        register("dynamodb", "DescribeTable", self._describe)
        register("dynamodb", "DeleteTable", self._delete)

    # -- making --------------------------------------------------------------------------------

    def _create(self, call: ApiCall) -> dict[str, Any]:
        params = call.params
        indexes = params.get("GlobalSecondaryIndexes") or ()
        if params.get("BillingMode", _PROVISIONED) == _PROVISIONED:
            self._check_provisioned(params, indexes)
        answer = self._cloud.api.stock(call)
        table = self._capacity.backend.tables[plain(params["TableName"])]
        _keep_maximum(table, params)
        for index in indexes:
            _keep_maximum(_index(table, index["IndexName"]), index)
        self._complete(table, answer["TableDescription"])
        return answer

    @staticmethod
    def _check_provisioned(params: Mapping[str, Any], indexes: Any) -> None:
        if params.get("OnDemandThroughput"):
            raise _invalid("One or more parameter values were invalid: OnDemandThroughput cannot be specified when "
                           "BillingMode is PROVISIONED")  # fmt: skip
        for index in indexes:
            if "ProvisionedThroughput" not in index:
                raise _invalid(
                    "One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be "
                    f"specified for index: {index['IndexName']}"
                )

    def _describe(self, call: ApiCall) -> dict[str, Any]:
        answer = self._cloud.api.stock(call)
        table = self._capacity.backend.tables.get(plain(call.params["TableName"]))
        if table is not None:
            self._complete(table, answer["Table"])
        return answer

    def _delete(self, call: ApiCall) -> dict[str, Any]:
        """Provisioned capacity is paid until the table is gone."""
        table = self._capacity.backend.tables.get(plain(call.params["TableName"]))
        if table is not None:
            if table.deletion_protection_enabled:
                raise _invalid("Resource cannot be deleted as it is currently protected against deletion. Disable "
                               "deletion protection first.")  # fmt: skip
            self._capacity.changing(table)
        return self._cloud.api.stock(call)

    def _complete(self, table: Any, described: dict[str, Any]) -> None:
        """Say what moto does not."""
        if self._state(table).updating:
            described["TableStatus"] = "UPDATING"
        if getattr(table, "on_demand_throughput", None):
            described["OnDemandThroughput"] = dict(table.on_demand_throughput)
        for index in described.get("GlobalSecondaryIndexes") or ():
            maximum = getattr(_index(table, index["IndexName"]), "on_demand_throughput", None)
            if maximum:
                index["OnDemandThroughput"] = dict(maximum)

    # -- changing ------------------------------------------------------------------------------

    def _update(self, call: ApiCall) -> dict[str, Any]:
        params = call.params
        table = self._capacity.backend.tables.get(plain(params["TableName"]))
        if table is None:
            return self._cloud.api.stock(call)
        if self._state(table).updating:
            message = f"Attempt to change a resource which is still in use: Table is being updated: {table.name}"
            raise ApiError("ResourceInUseException", message, 400)
        self._check_update(table, params)
        self._capacity.changing(table)
        before = _Settings.of(table)
        answer = self._cloud.api.stock(replace(call, params=_with_known_attributes(table, params)))
        self._capacity.changed(table)
        _keep_maximum(table, params)
        for change in params.get("GlobalSecondaryIndexUpdates") or ():
            for settings in change.values():
                if any(one.name == settings["IndexName"] for one in table.global_indexes):
                    _keep_maximum(_index(table, settings["IndexName"]), settings)
        after = _Settings.of(table)
        if before.mode != after.mode and after.mode == ON_DEMAND:
            self._warm(table, before)
            after = _Settings.of(table)
        if (before.mode, before.table, before.indexes) == (after.mode, after.table, after.indexes):
            self._capacity.changed(table)
        else:
            self._delay(table, before, after)
        described = answer["TableDescription"]
        described["ProvisionedThroughput"] = {**described["ProvisionedThroughput"], **_units(table.throughput)}
        described["BillingModeSummary"] = {"BillingMode": table.billing_mode}
        self._complete(table, described)
        return answer

    def _check_update(self, table: Any, params: Mapping[str, Any]) -> None:
        if params.get("ReplicaUpdates"):
            raise _invalid("The local cloud has no global tables: leave ReplicaUpdates out of what you deploy here.")
        if set(params) == {"TableName"}:
            raise _invalid("At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, "
                           "GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required")  # fmt: skip
        mode = params.get("BillingMode") or (ON_DEMAND if on_demand(table) else _PROVISIONED)
        wanted = params.get("ProvisionedThroughput")
        if mode == ON_DEMAND:
            if wanted:
                raise _invalid("One or more parameter values were invalid: Neither ReadCapacityUnits nor "
                               "WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST")  # fmt: skip
            if not on_demand(table):
                self._check_switches(table)
            return
        if on_demand(table) and not wanted:
            raise _invalid("One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must "
                           "both be specified when BillingMode is PROVISIONED")  # fmt: skip
        if wanted and not on_demand(table) and _units(wanted) == _units(table.throughput):
            raise _invalid(
                "The provisioned throughput for the table will not change. The requested value equals the current "
                f"value. Current ReadCapacityUnits provisioned for the table: {wanted[_UNITS[0]]}. Requested "
                f"ReadCapacityUnits: {wanted[_UNITS[0]]}. Current WriteCapacityUnits provisioned for the table: "
                f"{wanted[_UNITS[1]]}. Requested WriteCapacityUnits: {wanted[_UNITS[1]]}. Refer to the Amazon "
                "DynamoDB Developer Guide for current limits and how to request higher limits."
            )

    def _check_switches(self, table: Any) -> None:
        """Four times in 24 hours a table may be switched to on-demand mode."""
        now_s = self._cloud.kernel.unix_us // 1_000_000
        recent = [at_s for at_s in self._state(table).to_on_demand_s if now_s - at_s < _DAY_S]
        if len(recent) >= self._switches:
            message = (
                f"Subscriber limit exceeded: Update to PayPerRequest mode are limited to {self._switches} times in "
                "24 hours."
            )
            raise ApiError("LimitExceededException", message, 400)
        self._state(table).to_on_demand_s = [*recent, now_s]

    def _warm(self, table: Any, before: _Settings) -> None:
        """A table comes to on-demand mode with the capacity that it had, or that of a new table if that is more."""
        for holder, had in ((table, before.table), *((one, before.indexes[one.name]) for one in table.global_indexes)):
            given = {"ReadUnitsPerSecond": had[_UNITS[0]], "WriteUnitsPerSecond": had[_UNITS[1]]}
            holder.warm_throughput = {
                **holder.warm_throughput,
                **{
                    name: max(initial, given[name], holder.warm_throughput.get(name) or 0)
                    for name, initial in self._initial.items()
                },
            }

    def _delay(self, table: Any, before: _Settings, after: _Settings) -> None:
        """The capacity stays as it was until the update is done."""
        before.put(table)
        self._state(table).updating = True
        kernel = self._cloud.kernel
        kernel.call_in_background(kernel.now_us + self._update_us, self._done, table, before, after)

    def _done(self, table: Any, before: _Settings, after: _Settings) -> None:
        self._capacity.changing(table)
        after.put(table)
        self._date(table, before, after)
        self._state(table).updating = False
        if before.mode == ON_DEMAND and after.mode != ON_DEMAND:
            self._capacity.restart(table)
        self._capacity.changed(table)

    def _date(self, table: Any, before: _Settings, after: _Settings) -> None:
        """Note on the table's provisioned throughput when it was increased and decreased."""
        now, day = self._cloud.now, self._cloud.kernel.unix_us // 1_000_000 // _DAY_S
        state, dated = self._state(table), dict(table.throughput)
        if any(after.table[name] > before.table[name] for name in _UNITS):
            dated["LastIncreaseDateTime"] = now
        if any(after.table[name] < before.table[name] for name in _UNITS):
            dated["LastDecreaseDateTime"] = now
            state.decreases[day] = state.decreases.get(day, 0) + 1
        dated["NumberOfDecreasesToday"] = state.decreases.get(day, 0)
        table.throughput = dated

    def _state(self, table: Any) -> _State:
        return self._states.setdefault(table, _State())


@dataclass(frozen=True, slots=True)
class _Settings:
    """The capacity mode of a table, and the capacity units of the table and of its global indexes."""

    mode: str
    table: dict[str, int]
    indexes: dict[str, dict[str, int]]

    @classmethod
    def of(cls, table: Any) -> _Settings:
        mode = ON_DEMAND if on_demand(table) else _PROVISIONED
        return cls(mode, _units(table.throughput), {one.name: _units(one.throughput) for one in table.global_indexes})

    def put(self, table: Any) -> None:
        """Give the table these; indexes that came later keep theirs."""
        table.billing_mode = self.mode
        table.throughput = {**table.throughput, **self.table}
        for one in table.global_indexes:
            if one.name in self.indexes:
                one.throughput = {**one.throughput, **self.indexes[one.name]}


def _units(throughput: Mapping[str, Any]) -> dict[str, int]:
    return {name: int(throughput[name]) for name in _UNITS}


def _index(table: Any, name: str) -> Any:
    return next(one for one in table.global_indexes if one.name == name)


def _keep_maximum(holder: Any, given: Mapping[str, Any]) -> None:
    """Keep an OnDemandThroughput with moto's table or index; -1 takes a maximum away."""
    if given.get("OnDemandThroughput"):
        kept = {**(getattr(holder, "on_demand_throughput", None) or {}), **given["OnDemandThroughput"]}
        holder.on_demand_throughput = {name: value for name, value in kept.items() if value != -1}


def _invalid(message: str) -> ApiError:
    return ApiError("ValidationException", message, 400)


def _with_known_attributes(table: Any, params: dict[str, Any]) -> dict[str, Any]:
    """An update defines the attributes of new indexes; for moto they would be all that the table has."""
    given = params.get("AttributeDefinitions")
    if given is None:
        return params
    known = {one["AttributeName"]: one for one in (*table.attr, *given)}
    return {**params, "AttributeDefinitions": list(known.values())}
