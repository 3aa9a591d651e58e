"""Items in the order of their keys, so that a query reads its own partition and nothing else."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from operator import itemgetter
from typing import Any

from localcloud.stores.dynamodb.items import StoredItem, Wire

Sort = tuple[Any, ...]
Entry = tuple[Sort, StoredItem]

_sort_of: Callable[[Entry], Sort] = itemgetter(0)


def key_value(attribute: Mapping[str, Any]) -> Any:
    """A key attribute as something that sorts as DynamoDB sorts: text by code point, numbers by value, bytes."""
    ((kind, content),) = attribute.items()
    return Decimal(content) if kind == "N" else content


class SortedIndex:
    """The items that have all the key attributes, by partition, sorted by sort key and then by the table's key.

    Args:
        hash_names: attributes of the partition key; none for one partition that holds everything (a scan).
        sort_names: attributes of the sort key.
        table_key: attributes of the table's own key; they tell items with equal keys apart.
        kinds: the type of each of these attributes, "S", "N" or "B".
    """

    def __init__(
        self, hash_names: Sequence[str], sort_names: Sequence[str], table_key: Sequence[str], kinds: Mapping[str, str]
    ) -> None:
        self._hash_names = tuple(hash_names)
        self._sort_names = (*sort_names, *(name for name in table_key if name not in (*hash_names, *sort_names)))
        self._kinds = {name: kinds[name] for name in (*self._hash_names, *self._sort_names)}
        self._partitions: dict[tuple[Any, ...], list[Entry]] = {}
        self.of: Any = None  # moto's index, where it is the order of one

    def add(self, item: StoredItem) -> None:
        """Take an item in, unless it lacks a key attribute: then the index is sparse."""
        wire = item.wire
        if self._holds(wire):
            partition = self._partitions.setdefault(self._values(wire, self._hash_names), [])
            insort(partition, (self._values(wire, self._sort_names), item), key=_sort_of)

    def remove(self, item: StoredItem) -> None:
        """Take an item out."""
        wire = item.wire
        if not self._holds(wire):
            return
        key = self._values(wire, self._hash_names)
        partition = self._partitions[key]
        del partition[bisect_left(partition, self._values(wire, self._sort_names), key=_sort_of)]
        if not partition:
            del self._partitions[key]

    def partition(self, values: tuple[Any, ...]) -> list[Entry]:
        """The entries of one partition, in order. Not to be changed."""
        return self._partitions.get(values, [])

    def within(self, key: Wire, values: tuple[Any, ...]) -> bool:
        """Whether a key is one of this partition."""
        return self._values(key, self._hash_names) == values

    def after(self, key: Wire, entries: list[Entry], forward: bool) -> int:
        """Where a page begins that follows `key`; a backward page ends there. The item itself may be gone."""
        sort = self._values(key, self._sort_names)
        return (bisect_right if forward else bisect_left)(entries, sort, key=_sort_of)

    def _holds(self, wire: Wire) -> bool:
        return all(kind in wire.get(name, ()) for name, kind in self._kinds.items())

    @staticmethod
    def _values(wire: Wire, names: Sequence[str]) -> Sort:
        return tuple(key_value(wire[name]) for name in names)


def within(entries: list[Entry], equal: Sort, comparison: str | None, values: Sequence[Any]) -> range:
    """The positions whose sort key begins with the values `equal` and whose next attribute satisfies `comparison`."""
    at = len(equal)
    low = bisect_left(entries, equal, key=lambda entry: entry[0][:at])
    high = bisect_right(entries, equal, key=lambda entry: entry[0][:at])

    def left(value: Any, of: Callable[[Any], Any] = lambda found: found) -> int:
        return bisect_left(entries, value, low, high, key=lambda entry: of(entry[0][at]))

    def right(value: Any, of: Callable[[Any], Any] = lambda found: found) -> int:
        return bisect_right(entries, value, low, high, key=lambda entry: of(entry[0][at]))

    if comparison is None:
        return range(low, high)
    if comparison == "BETWEEN":
        return range(left(values[0]), right(values[1]))
    (value,) = values
    if comparison == "BEGINS_WITH":  # cut to the prefix's length, keys are in order still
        length = len(value)
        return range(left(value, lambda found: found[:length]), right(value, lambda found: found[:length]))
    starts = {"=": left, ">=": left, ">": right}
    ends = {"=": right, "<=": right, "<": left}
    low_at = starts[comparison](value) if comparison in starts else low
    return range(low_at, ends[comparison](value) if comparison in ends else high)
