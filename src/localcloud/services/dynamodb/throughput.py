"""What a table or an index may still take: provisioned capacity with its burst, or what on-demand mode has grown to.

Sources: the developer guide on burst and adaptive capacity, on-demand capacity mode, warm throughput and throttling.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import Any

from localcloud.facts import Facts
from localcloud.services.cloudwatch.store import MINUTE_S, Series

ON_DEMAND = "PAY_PER_REQUEST"
PROVISIONED_EXCEEDED = "ProvisionedThroughputExceeded"
KEY_RANGE_EXCEEDED = "KeyRangeThroughputExceeded"
MAXIMUM_EXCEEDED = "MaxOnDemandThroughputExceeded"
ACCOUNT_EXCEEDED = "AccountLimitExceeded"

_SECOND_US = 1_000_000


def on_demand(table: Any) -> bool:
    """Whether a table is in on-demand mode; moto's restored tables know only the capacity that they had."""
    mode = table.billing_mode
    return mode == ON_DEMAND or (mode is None and not table.throughput["WriteCapacityUnits"])


@dataclass(frozen=True, slots=True)
class Rules:
    """What AWS sets for reads or for writes, in units a second; `burst_s` of unused capacity are kept."""

    partition: int
    account: int
    initial: int
    burst_s: int
    growth_s: int

    @classmethod
    def of(cls, facts: Facts, write: bool) -> Rules:
        initial = facts.value("quota.dynamodb.on_demand_initial")
        return cls(
            partition=int(facts.value("quota.dynamodb.partition")["wcu" if write else "rcu"]),
            account=int(facts.value("quota.dynamodb.table_default_max")),
            initial=int(initial["writes_s" if write else "reads_s"]),
            burst_s=int(facts.value("quota.dynamodb.burst_s")),
            growth_s=int(facts.value("quota.dynamodb.on_demand_growth_min")) * 60,
        )


class Throughput:
    """The reads or the writes of one table or one of its global secondary indexes.

    A request is let in while there is anything left, and may take more than that: its size is known only when it
    is done. Provisioned capacity fills a bucket that holds five minutes of it. On-demand mode takes so much a
    second as the warm throughput says; twice the highest second becomes the new warm throughput when half an hour
    has passed. In both modes no partition takes more than its limit a second, and each value of the partition key
    counts as one partition: adaptive capacity gives a busy one a partition to itself.

    Args:
        table: moto's table.
        holder: what has the capacity: the table itself or moto's global secondary index.
        consumed: the metric to publish to.
    """

    __slots__ = (
        "_balance", "_burst_us", "_consumed", "_filled_us", "_limit", "_maximum", "_minute_s",
        "_partition_limit", "_partitions", "_peak", "_peak_s", "_provisioned", "_rules", "_second", "_used", "_warm",
        "created_us", "holder", "on_demand", "table", "write",
    )  # fmt: skip

    def __init__(self, table: Any, holder: Any, write: bool, rules: Rules, consumed: Series) -> None:
        kind = "Write" if write else "Read"
        self.table, self.holder, self.write = table, holder, write
        self._rules, self._consumed = rules, consumed
        self._provisioned, self._warm = f"{kind}CapacityUnits", f"{kind}UnitsPerSecond"
        self._maximum = f"Max{kind}RequestUnits"
        self._burst_us, self._partition_limit = rules.burst_s * _SECOND_US, rules.partition
        self.on_demand = on_demand(table)  # looked up each second, and when the table is updated
        self._second = self._minute_s = 0
        self._used = 0.0
        self._partitions: dict[Any, float] = {}
        self._limit = 0
        self._peak, self._peak_s = 0.0, 0
        # the bucket, in millionths of a unit; a new one has what one second gives
        self.created_us = self._filled_us = round(table.created_at.replace(tzinfo=UTC).timestamp() * 1e6)
        self._balance = self.provisioned() * _SECOND_US

    def provisioned(self) -> int:
        """Capacity units a second."""
        return int(self.holder.throughput[self._provisioned])

    def refusal(self, unix_us: int, partition: Any) -> str | None:
        """Why nothing more is let in now (for this value of the partition key), or None."""
        second = unix_us // _SECOND_US
        if second != self._second:
            self._roll(second)
        used = self._used
        if not self.on_demand:
            self._fill(unix_us)
            if self._balance <= 0:
                return PROVISIONED_EXCEEDED
        elif used >= self._limit:
            return self._on_demand_refusal(used)
        if used >= self._partition_limit and self._partitions.get(partition, 0.0) >= self._partition_limit:
            return KEY_RANGE_EXCEEDED
        return None

    def spend(self, unix_us: int, units: float, partition: Any) -> None:
        """Take units that were consumed; `partition` None for what is spread over many, such as a scan."""
        second = unix_us // _SECOND_US
        if second != self._second:
            self._roll(second)
        self._used += units
        if partition is not None:
            partitions = self._partitions
            partitions[partition] = partitions.get(partition, 0.0) + units
        if not self.on_demand:
            self._fill(unix_us)
            self._balance -= round(units * _SECOND_US)
        self._consumed.add(self._minute_s, units)

    def strained(self, unix_us: int) -> bool:
        """Whether some value of the partition key may be refused now."""
        return self.refusal(unix_us, None) is not None or self._used >= self._partition_limit

    def settle(self, unix_us: int) -> None:
        """Bring the bucket up to now, before the capacity changes."""
        self._fill(unix_us)

    def changed(self) -> None:
        """The capacity is another one from now on."""
        self.on_demand = on_demand(self.table)
        self._limit = self._on_demand_limit()

    def restart(self, unix_us: int) -> None:
        """Begin anew as a provisioned table or index: there is no unused capacity yet."""
        self._filled_us, self._balance = unix_us, self.provisioned() * _SECOND_US

    # -- provisioned ---------------------------------------------------------------------------

    def _fill(self, unix_us: int) -> None:
        rate = int(self.holder.throughput[self._provisioned])
        self._balance = min(self._balance + rate * (unix_us - self._filled_us), rate * self._burst_us)
        self._filled_us = unix_us

    # -- on demand -----------------------------------------------------------------------------

    def _on_demand_limit(self) -> int:
        warm = max(int(self.holder.warm_throughput.get(self._warm) or 0), self._rules.initial)
        return min(warm, self._rules.account, self._asked_maximum() or warm)

    def _asked_maximum(self) -> int:
        """The most that the owner of the table wants to pay for; 0 when there is no such limit."""
        asked = (getattr(self.holder, "on_demand_throughput", None) or {}).get(self._maximum)
        return max(0, int(asked or 0))  # -1 takes a maximum away

    def _on_demand_refusal(self, used: float) -> str:
        maximum = self._asked_maximum()
        if maximum and used >= maximum:
            return MAXIMUM_EXCEEDED
        return ACCOUNT_EXCEEDED if used >= self._rules.account else KEY_RANGE_EXCEEDED

    def _roll(self, second: int) -> None:
        """Another second begins."""
        before, used = self._second, self._used
        self._second, self._minute_s = second, second - second % MINUTE_S
        self._used = 0.0
        if self._partitions:
            self._partitions.clear()
        self.on_demand = on_demand(self.table)
        if self.on_demand:
            self._grow(before, used, second)
            self._limit = self._on_demand_limit()

    def _grow(self, before: int, used: float, second: int) -> None:
        """Twice the highest second is what it takes half an hour later."""
        warm = self.holder.warm_throughput
        if 2 * used > max(int(warm.get(self._warm) or 0), self._rules.initial):
            if not self._peak:
                self._peak_s = before
            self._peak = max(self._peak, used)
        if self._peak and second - self._peak_s >= self._rules.growth_s:
            warm[self._warm] = max(int(warm.get(self._warm) or 0), int(2 * self._peak))
            self._peak = 0.0
