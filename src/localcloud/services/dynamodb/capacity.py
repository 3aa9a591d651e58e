"""The capacity of all tables and indexes: who is let in, and what was consumed."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends

from localcloud.services.dynamodb.throttling import NAMESPACE, Refusal, ThrottleMetrics
from localcloud.services.dynamodb.throughput import Rules, Throughput, on_demand
from localcloud.services.dynamodb.units import Units
from localcloud.stores.dynamodb import Touch

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_SAMPLE_S = 300  # provisioned capacity is published every five minutes
_HOUR_S = 3_600


class Capacity:
    """Keeps a `Throughput` for the reads and the writes of each table and index."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._kernel = cloud.kernel
        self._rules = {write: Rules.of(cloud.facts, write) for write in (False, True)}
        self._known: dict[tuple[str, str | None, bool], Throughput] = {}
        # by moto's table: until when its provisioned capacity was counted
        self._settled_s: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
        self.metrics = ThrottleMetrics(cloud)

    def install(self) -> None:
        """Publish and meter provisioned capacity whenever somebody looks."""
        self._cloud.meter.before_reading.append(self._settle_all)
        self._cloud.cloudwatch.before_reading.append(self._settle_all)

    @cached_property
    def backend(self) -> DynamoDBBackend:
        """moto's tables."""
        found: DynamoDBBackend = dynamodb_backends[self._cloud.account_id][self._cloud.region]
        return found

    def of(self, table: Any, index: str | None, write: bool) -> Throughput:
        """The throughput that an index of a table (None: the table) draws on; local indexes draw on the table's."""
        key = (table.name, index, write)
        found = self._known.get(key)
        if found is None or found.table is not table:
            found = self._known[key] = self._make(table, index, write)
        return found

    def _make(self, table: Any, index: str | None, write: bool) -> Throughput:
        holder = next((one for one in table.global_indexes if one.name == index), None) if index else table
        if holder is None:  # a local index, or one that has just been deleted
            return self.of(table, None, write)
        name = "ConsumedWriteCapacityUnits" if write else "ConsumedReadCapacityUnits"
        series = self._cloud.cloudwatch.series(NAMESPACE, name, _dimensions(table, index), "Count")
        return Throughput(table, holder, write, self._rules[write], series)

    # -- letting in ----------------------------------------------------------------------------

    def refusal(self, table: Any, index: str | None, write: bool, partition: Any) -> Refusal | None:
        """Why a read or write is not let in now, or None."""
        limit = self.of(table, index, write).refusal(self._kernel.unix_us, partition)
        return Refusal(table, index, write, limit) if limit is not None else None

    def strained(self, table: Any) -> bool:
        """Whether a global index of the table may refuse a write now: that holds back writes to the table."""
        now_us = self._kernel.unix_us
        return any(self.of(table, index.name, True).strained(now_us) for index in table.global_indexes)

    def refused_by_index(self, table: Any, touched: Iterable[Touch]) -> Refusal | None:
        """The first index that does not take its part of a write."""
        for touch in touched:
            index = touch.index_name
            if index is not None and touch.write and self.of(table, index, True).holder is not table:
                refusal = self.refusal(table, index, True, touch.partition)
                if refusal is not None:
                    return refusal
        return None

    def take(self, consumed: Iterable[Units]) -> Refusal | None:
        """Take what a read consumed, unless it is throttled."""
        now_us, tables = self._kernel.unix_us, self.backend.tables
        for used in consumed:
            throughput = self.of(tables[used.table], used.index_name, False)
            limit = throughput.refusal(now_us, used.partition)
            if limit is not None:
                return Refusal(throughput.table, used.index_name, False, limit)
            throughput.spend(now_us, used.units, used.partition)
            if throughput.on_demand:
                self._cloud.meter.add("dynamodb.rru", used.units, used.table)
        return None

    # -- consuming -----------------------------------------------------------------------------

    def spend(self, consumed: Iterable[Units]) -> None:
        """Take what was consumed. Units of on-demand tables are metered, provisioned ones are paid by the hour."""
        now_us, tables, meter = self._kernel.unix_us, self.backend.tables, self._cloud.meter
        for used in consumed:
            table = tables.get(used.table)
            if table is None:
                continue
            throughput = self.of(table, used.index_name, used.write)
            throughput.spend(now_us, used.units, used.partition)
            if throughput.on_demand:
                meter.add("dynamodb.wru" if used.write else "dynamodb.rru", used.units, used.table)

    # -- provisioned capacity ------------------------------------------------------------------

    def changing(self, table: Any) -> None:
        """The capacity of a table is about to change: settle all that depends on it."""
        now_us = self._kernel.unix_us
        self._settle(table)
        for throughput in self._throughputs(table):
            throughput.settle(now_us)

    def changed(self, table: Any) -> None:
        """The capacity of a table or of its indexes is another one from now on; indexes may have come and gone."""
        holders = [table, *table.global_indexes]
        for key, throughput in list(self._known.items()):
            if key[0] == table.name and throughput.holder not in holders:
                del self._known[key]
        for throughput in self._throughputs(table):
            throughput.changed()

    def restart(self, table: Any) -> None:
        """A table was switched to provisioned mode."""
        now_us = self._kernel.unix_us
        for throughput in self._throughputs(table):
            throughput.restart(now_us)
        self._settled_s[table] = now_us // 1_000_000

    def _throughputs(self, table: Any) -> list[Throughput]:
        indexes = [None, *(index.name for index in table.global_indexes)]
        return [self.of(table, index, write) for index in indexes for write in (False, True)]

    def _settle_all(self) -> None:
        for table in list(self.backend.tables.values()):
            self._settle(table)

    def _settle(self, table: Any) -> None:
        """Publish and meter the provisioned capacity of a table and its indexes since the last time."""
        if on_demand(table):
            return
        now_s, throughputs = self._kernel.unix_us // 1_000_000, self._throughputs(table)
        since_s = self._settled_s.get(table)
        if since_s is None:
            since_s = throughputs[0].created_us // 1_000_000
            self._publish(throughputs, since_s)
        for at_s in range((since_s // _SAMPLE_S + 1) * _SAMPLE_S, now_s + 1, _SAMPLE_S):
            self._publish(throughputs, at_s)
        for one in throughputs:
            item = "dynamodb.wcu_hours" if one.write else "dynamodb.rcu_hours"
            self._cloud.meter.add(item, one.provisioned() * (now_s - since_s) / _HOUR_S, table.name)
        self._settled_s[table] = now_s

    def _publish(self, throughputs: Iterable[Throughput], at_s: int) -> None:
        for one in throughputs:
            name = "ProvisionedWriteCapacityUnits" if one.write else "ProvisionedReadCapacityUnits"
            dimensions = _dimensions(one.table, None if one.holder is one.table else one.holder.name)
            self._cloud.cloudwatch.record(
                NAMESPACE, name, float(one.provisioned()), dimensions, "Count", at_s * 1_000_000
            )


def _dimensions(table: Any, index: str | None) -> dict[str, str]:
    """Those of a table's or of a global index's metrics."""
    return {"TableName": table.name} if index is None else {"TableName": table.name, "GlobalSecondaryIndexName": index}
