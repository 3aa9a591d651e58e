"""Read and write request units, and how an answer reports them (ReturnConsumedCapacity)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

_KB = 1_024
_READ_BLOCK = 4 * _KB


def write_units(size_bytes: int) -> int:
    """One unit for each begun KB, at least one."""
    return max(1, -(-size_bytes // _KB))


def read_units(size_bytes: int, consistent: bool) -> float:
    """One unit for each begun 4 KB, half of it when eventually consistent; at least one block."""
    blocks = max(1, -(-size_bytes // _READ_BLOCK))
    return blocks if consistent else blocks / 2


class Units(NamedTuple):  # made by the thousand: a tuple takes a third of a dataclass's time
    """What one action consumed of a table (`index_name` None) or of one of its indexes.

    `partition` is the value of the partition key; None for a scan.
    """

    table: str
    index_name: str | None
    write: bool
    units: float
    partition: Any = None


def report(
    consumed: Iterable[Units], detail: str, local_indexes: dict[str, frozenset[str]], split: bool
) -> list[dict[str, Any]]:
    """ConsumedCapacity, one entry a table, in the order of their first use.

    Args:
        detail: TOTAL, or INDEXES for the shares of the table and of each index too.
        local_indexes: the names of each table's local secondary indexes.
        split: whether reads and writes are told apart, as transactions do.
    """
    found: dict[str, dict[str, Any]] = {}
    for used in consumed:
        entry = found.setdefault(used.table, {"TableName": used.table})
        _count(entry, used, split)
        if detail != "INDEXES":
            continue
        if used.index_name is None:
            _count(entry.setdefault("Table", {}), used, split)
        else:
            kind = "Local" if used.index_name in local_indexes.get(used.table, ()) else "Global"
            shares = entry.setdefault(f"{kind}SecondaryIndexes", {})
            _count(shares.setdefault(used.index_name, {}), used, split)
    return list(found.values())


def _count(entry: dict[str, Any], used: Units, split: bool) -> None:
    names = ["CapacityUnits"]
    if split:
        names.append("WriteCapacityUnits" if used.write else "ReadCapacityUnits")
    for name in names:
        entry[name] = entry.get(name, 0.0) + float(used.units)
