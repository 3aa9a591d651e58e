"""Query and Scan over sorted indexes, in place of moto's look at every item."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from moto.dynamodb.exceptions import MockValidationException
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table

from localcloud.patching import Patches
from localcloud.stores.dynamodb.indexes import Entry, key_value, within
from localcloud.stores.dynamodb.items import StoredItem, Wire, as_item
from localcloud.stores.dynamodb.secondary import Touch, needs_table, one_or_all, project
from localcloud.stores.dynamodb.sizes import item_size

if TYPE_CHECKING:
    from localcloud.stores.dynamodb.tables import Tables

_PAGE_BYTES = 1024 * 1024
_Found = tuple[list[Any], int, "Wire | None"]  # items (with `attrs`), how many were read, where the next page begins


class Searches:
    """Table.query and Table.scan of moto, reading only what they must."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def install(self, patches: Patches) -> None:
        """Take both over."""
        patches.set(Table, "query", lambda table, *args, **kwargs: self._query(table, *args, **kwargs))
        patches.set(Table, "scan", lambda table, *args, **kwargs: self._scan(table, *args, **kwargs))

    def _query(
        self,
        table: Table,
        hash_key: DynamoType | None,
        range_comparison: str | None,
        range_objs: list[DynamoType],
        limit: int | None,
        exclusive_start_key: Wire | None,
        scan_index_forward: bool,
        projection_expressions: list[list[str]] | None,
        index_name: str | None = None,
        consistent_read: bool = False,
        filter_expression: Any = None,
        hash_key_conditions: Sequence[tuple[str, DynamoType]] | None = None,
        range_key_conditions: Sequence[tuple[str, str, list[DynamoType]]] | None = None,
        **filters: Any,
    ) -> _Found:
        if hash_key is None:
            raise MockValidationException(
                "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."
            )
        self._check_consistency(table, index_name, consistent_read)
        hashes = [value for _, value in hash_key_conditions or [("", hash_key)]]
        sorts: Sequence[tuple[str, str | None, list[DynamoType]]]
        sorts = range_key_conditions or [("", range_comparison, range_objs)]
        *equal, last = sorts
        index = self._tables.index(table, index_name)
        partition = index.partition(tuple(_value(value) for value in hashes))
        positions = within(
            partition,
            tuple(_value(values[0]) for _, _, values in equal),
            last[1].upper() if last[1] else None,
            [_value(value) for value in last[2]],
        )
        low, high = positions.start, max(positions.start, positions.stop)
        if exclusive_start_key is not None:
            self._check_start(table, index_name, exclusive_start_key)
            if not index.within(exclusive_start_key, tuple(_value(value) for value in hashes)):
                raise MockValidationException(
                    "The provided starting key is outside query boundaries based on provided conditions"
                )
            at = index.after(exclusive_start_key, partition, bool(scan_index_forward))
            low, high = (max(low, at), high) if scan_index_forward else (low, min(high, at))
        order = range(low, high) if scan_index_forward else range(high - 1, low - 1, -1)
        keep = [
            (name, (f["ComparisonOperator"], _types(f.get("AttributeValueList", ())))) for name, f in filters.items()
        ]
        page = _Page(
            self._tables,
            table,
            index_name,
            limit,
            keep,
            filter_expression,
            projection_expressions,
            one_or_all([value.value for value in hashes]),
        )
        return page.read(partition[position] for position in order)

    def _scan(
        self,
        table: Table,
        filters: dict[str, tuple[str, list[DynamoType]]],
        limit: int | None,
        exclusive_start_key: Wire | None,
        filter_expression: Any = None,
        index_name: str | None = None,
        consistent_read: bool = False,
        projection_expression: list[list[str]] | None = None,
        segments: tuple[Any, Any] = (None, None),
    ) -> _Found:
        if index_name:
            table.get_index(index_name, error_if_not=True)
        self._check_consistency(table, index_name, consistent_read)
        index = self._tables.scan_index(table, index_name)
        entries = index.partition(())
        at = 0
        if exclusive_start_key is not None:
            self._check_start(table, index_name, exclusive_start_key)
            at = index.after(exclusive_start_key, entries, True)
        page = _Page(
            self._tables, table, index_name, limit, list(filters.items()), filter_expression, projection_expression
        )
        following = (entries[position] for position in range(at, len(entries)))
        if segments != (None, None):
            following = (entry for entry in following if entry[1].is_within_segment(segments))
        return page.read(following)

    @staticmethod
    def _check_consistency(table: Table, index_name: str | None, consistent_read: bool) -> None:
        if consistent_read and index_name in {index.name for index in table.global_indexes}:
            raise MockValidationException("Consistent reads are not supported on global secondary indexes")

    @staticmethod
    def _check_start(table: Table, index_name: str | None, key: Wire) -> None:
        kinds = {attribute["AttributeName"]: attribute["AttributeType"] for attribute in table.attr}
        schema = table.get_index(index_name).schema if index_name else []
        names = {*table.table_key_attrs, *(element["AttributeName"] for element in schema)}
        if set(key) != names or any(kinds[name] not in key[name] for name in names):
            raise MockValidationException("The provided starting key is invalid")


class _Page:
    """One page of results: at most `limit` items or 1 MB are read; filters only thin out what was read.

    What a local index does not hold is fetched from the table, item by item.
    """

    def __init__(
        self,
        tables: Tables,
        table: Table,
        index_name: str | None,
        limit: int | None,
        filters: Sequence[tuple[str, tuple[str, list[DynamoType]]]],
        filter_expression: Any,
        projection: list[list[str]] | None,
        partition: Any = None,
    ) -> None:
        self._tables, self._table, self._limit, self._partition = tables, table, limit, partition
        self._index = table.get_index(index_name) if index_name else None
        whole = tables.asks_for_all
        self._fetches = self._index is not None and needs_table(table, self._index, projection, whole)
        self._filters, self._expression, self._projection = filters, filter_expression, projection

    def read(self, entries: Iterable[Entry]) -> _Found:
        found: list[Any] = []
        size, count, last = 0, 0, None
        next_page = False
        for _, item in entries:
            wire = item.wire
            entry_size = item.size()
            if self._index is not None:
                wire = project(self._table, self._index, wire)
                entry_size = item_size(wire)
            if count and size + entry_size > _PAGE_BYTES:
                next_page = True
                break
            count, size, last = count + 1, size + entry_size, item
            if self._fetches:
                wire = item.wire
                self._tables.touched.append(Touch(self._table.name, None, False, item.size(), self._partition))
            row = self._row(item, wire)
            if row is not None:
                found.append(row)
            if count == self._limit:
                next_page = True  # DynamoDB does not look whether anything follows
                break
        index = self._index.name if self._index else None
        self._tables.touched.append(Touch(self._table.name, index, False, size, self._partition))
        return found, count, self._key_of(last) if next_page and last is not None else None

    def _row(self, item: StoredItem, wire: Wire) -> Any:
        """Something with `attrs`, as moto's response wants it; None when a filter drops it."""
        if self._expression is None and not self._filters and not self._projection:
            return SimpleNamespace(attrs=wire)
        known = as_item(item.hash_key, item.range_key, wire)
        for name, (comparison, values) in self._filters:
            attribute = known.attrs.get(name)
            if attribute is None:
                if comparison != "NULL":
                    return None
            elif not attribute.compare(comparison, values):
                return None
        if self._expression is not None and not self._expression.expr(known):
            return None
        return known.project(self._projection) if self._projection else SimpleNamespace(attrs=wire)

    def _key_of(self, item: StoredItem) -> Wire:
        wire = item.wire
        names = dict.fromkeys(self._table.table_key_attrs)
        for key in self._index.schema if self._index is not None else ():
            names[key["AttributeName"]] = None
        return {name: wire[name] for name in names}


def _value(value: DynamoType) -> Any:
    return key_value({value.type: value.value})


def _types(values: Iterable[Any]) -> list[DynamoType]:
    return [DynamoType(value) for value in values]
