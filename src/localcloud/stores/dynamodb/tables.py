"""moto's tables with our items in them.

moto changes items in place, looks at all of them for a query, and copies whole tables for a transaction. Here every
write of moto's is followed by one look at what it left: the item becomes a `StoredItem`, the indexes in use follow,
and what was written is noted, for the capacity it consumes.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from weakref import WeakKeyDictionary

import moto.dynamodb.models as models
import moto.dynamodb.responses as responses
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table

from localcloud.patching import Patches
from localcloud.stores.dynamodb import moto_updates, projections, values
from localcloud.stores.dynamodb.conditions import Conditions
from localcloud.stores.dynamodb.indexes import SortedIndex
from localcloud.stores.dynamodb.items import StoredItem, Wire
from localcloud.stores.dynamodb.searches import Searches
from localcloud.stores.dynamodb.secondary import Touch, check_index_keys, one_or_all, project
from localcloud.stores.dynamodb.sizes import item_size
from localcloud.stores.dynamodb.streams import StreamLogs

_ALL = "*"  # the index of a scan: everything in one partition
_TRANSACT_GET_ITEMS = 100  # moto still has the limit of 25 that AWS raised in 2022


class Tables:
    """The items of all tables of a cloud.

    `touched` is what has been read and written since somebody cleared it; `asks_for_all` is set when a read of an index
    wants all attributes of its items, which moto does not hand on.
    """

    def __init__(self, streams: StreamLogs) -> None:
        self.streams = streams
        self.conditions = Conditions()
        self.touched: list[Touch] = []
        self.asks_for_all = False
        self.on_stored: Callable[[Table, int, int], None] | None = None  # hears of items and bytes that came or went
        self._indexes: WeakKeyDictionary[Table, dict[str, SortedIndex]] = WeakKeyDictionary()
        self._updating = False

    def install(self, patches: Patches) -> None:
        """Step between moto's operations and moto's tables."""
        values.install(patches)
        self.conditions.install(patches)
        moto_updates.install(patches)
        projections.install(patches)
        self.streams.install(patches)
        patches.set(Item, "__new__", lambda cls, *args, **kwargs: object.__new__(cls))  # moto would keep each for ever
        self._put = patches.set(
            Table, "put_item", lambda table, *args, **kwargs: self._put_item(table, *args, **kwargs)
        )
        self._delete = patches.set(Table, "delete_item", lambda table, *key: self._delete_item(table, *key))
        self._update = patches.set(
            DynamoDBBackend, "update_item", lambda backend, *args, **kwargs: self._update_item(backend, *args, **kwargs)
        )
        self._transact = patches.set(
            DynamoDBBackend, "transact_write_items", lambda backend, actions: self._transact_write(backend, actions)
        )
        patches.set(models, "copy", SimpleNamespace(copy=copy.copy, deepcopy=_deepcopy))
        patches.set(responses, "TRANSACTION_MAX_ITEMS", _TRANSACT_GET_ITEMS)
        Searches(self).install(patches)

    # -- one item ----------------------------------------------------------------------------

    def find(self, table: Table, key: Mapping[str, Any]) -> StoredItem | None:
        """The item with this key (or with the key of this item), in the low-level format."""
        found: Any = table.items.get(DynamoType(key[table.hash_key_attr]))
        if table.range_key_attr is not None and found is not None:
            found = found.get(DynamoType(key[table.range_key_attr]))
        stored: StoredItem | None = found
        return stored

    def put(self, table: Table, wire: Wire, size_bytes: int, old: StoredItem | None) -> None:
        """Write an item that is known to be valid in place of `old`."""
        sort = DynamoType(wire[table.range_key_attr]) if table.range_key_attr is not None else None
        new = StoredItem(DynamoType(wire[table.hash_key_attr]), sort, wire, size_bytes)
        self._place(table, new, new)
        self._wrote(table, old, new)
        if table.stream_shard is not None:
            self.streams.add(table.stream_shard, old, new)

    def _place(self, table: Table, key: Any, item: Any) -> None:
        """Put `item` (None: nothing) where the hash_key and range_key of `key` point."""
        within, at = (
            (table.items, key.hash_key) if key.range_key is None else (table.items[key.hash_key], key.range_key)
        )
        if item is None:
            within.pop(at, None)
        else:
            within[at] = item

    def _wrote(self, table: Table, old: StoredItem | None, new: StoredItem | None) -> None:
        """Let the indexes in use follow, and note what was written."""
        in_use = self._indexes.get(table)
        for index in in_use.values() if in_use else ():
            if old is not None:
                index.remove(old)
            if new is not None:
                index.add(new)
        old_size, new_size = old.size() if old is not None else 0, new.size() if new is not None else 0
        written = new if new is not None else old
        partition = written.hash_key.value if written is not None else None
        self.touched.append(Touch(table.name, None, True, max(old_size, new_size), partition))
        if self.on_stored is not None:
            self.on_stored(table, (new is not None) - (old is not None), new_size - old_size)
        if table.global_indexes or table.indexes:
            before = old.wire if old is not None else {}
            after = new.wire if new is not None else {}
            for secondary in table.all_indexes():
                self._wrote_index(table, secondary, before, after)

    def _wrote_index(self, table: Table, index: Any, before: Wire, after: Wire) -> None:
        """An index is written when its entry changes; when its key changes, an entry goes and another comes."""
        old, new = project(table, index, before), project(table, index, after)
        if old == new:
            return
        if self.on_stored is not None:
            change = (item_size(new) if new else 0) - (item_size(old) if old else 0)
            self.on_stored(table, bool(new) - bool(old), change)
        names = [key["AttributeName"] for key in index.schema]
        moved = bool(old) and bool(new) and any(old[name] != new[name] for name in names)
        entries = [old, new] if moved else [max(old, new, key=item_size)]
        hashes = [key["AttributeName"] for key in index.schema if key["KeyType"] == "HASH"]
        self.touched += [
            Touch(
                table.name,
                index.name,
                True,
                item_size(entry),
                one_or_all([value for name in hashes for value in entry[name].values()]),
            )
            for entry in entries
        ]

    # -- indexes -----------------------------------------------------------------------------

    def index(self, table: Table, name: str | None) -> SortedIndex:
        """The order of a table (None), of one of its indexes or of a scan, made when it is first asked for."""
        in_use = self._indexes.setdefault(table, {})
        found = in_use.get(name or "")
        of = table.get_index(name.removeprefix(_ALL)) if name and name != _ALL else None
        if found is None or found.of is not of:  # an index may go, and another one come under its name
            found = in_use[name or ""] = self._make_index(table, name)
            found.of = of
        return found

    def scan_index(self, table: Table, name: str | None) -> SortedIndex:
        """Everything in a table or an index as one partition."""
        return self.index(table, f"{_ALL}{name or ''}")

    def _make_index(self, table: Table, name: str | None) -> SortedIndex:
        everything = name is not None and name.startswith(_ALL)
        of = name[len(_ALL) :] if everything and name else name
        schema = table.get_index(of).schema if of else table.schema
        hashes = [key["AttributeName"] for key in schema if key["KeyType"] == "HASH"]
        sorts = [key["AttributeName"] for key in schema if key["KeyType"] == "RANGE"]
        if everything:
            hashes, sorts = [], hashes + sorts
        elif not sorts and table.range_key_attr is not None:
            sorts = [table.range_key_attr]  # an index without a sort key has no documented order; this is moto's
        kinds = {attribute["AttributeName"]: attribute["AttributeType"] for attribute in table.attr}
        index = SortedIndex(hashes, sorts, table.table_key_attrs, kinds)
        for item in stored_items(table):
            index.add(item)
        return index

    # -- moto's writes -----------------------------------------------------------------------

    def _put_item(self, table: Table, item_attrs: Wire, *args: Any, **kwargs: Any) -> Item:
        if self._updating:  # the empty item that an update begins with: no write of its own
            with _silent(table):
                item: Item = self._put(table, item_attrs, *args, **kwargs)
                return item
        check_index_keys(table, item_attrs)
        old = self.find(table, item_attrs) if all(name in item_attrs for name in table.table_key_attrs) else None
        item = self._put(table, item_attrs, *args, **kwargs)
        self._settle(table, old, item)
        return item

    def _delete_item(self, table: Table, hash_key: DynamoType, range_key: DynamoType | None = None) -> Any:
        found: StoredItem | None = self._delete(table, hash_key, range_key)
        if found is not None:
            self._wrote(table, found, None)
        else:
            self.touched.append(Touch(table.name, None, True, 0, hash_key.value))
        return found

    def _update_item(self, backend: DynamoDBBackend, table_name: str, key: Wire, *args: Any, **kwargs: Any) -> Item:
        table = backend.get_table(table_name)
        whole_key = all(name in key for name in table.table_key_attrs)
        old = self.find(table, key) if whole_key else None
        if old is not None:
            self._place(table, old, old.thawed())  # moto changes it in place
        stream = self.streams.of(table.stream_shard) if table.stream_shard is not None else None
        streamed = stream.end if stream is not None else 0
        self._updating = True
        try:
            item: Item = self._update(backend, table_name, key, *args, **kwargs)
            check_index_keys(table, item.attrs)
        except BaseException:
            if whole_key:
                self._place(table, _key(table, key), old)
            if stream is not None:
                stream.take_back(streamed)
            raise
        finally:
            self._updating = False
        self._settle(table, old, item)
        return item

    def _settle(self, table: Table, old: StoredItem | None, item: Item) -> None:
        """Keep what moto has written as we keep items."""
        new = StoredItem.of(item)
        self._place(table, new, new)
        self._wrote(table, old, new)

    def _transact_write(self, backend: DynamoDBBackend, actions: list[dict[str, Any]]) -> None:
        """moto's transaction, taken back item by item when it fails: moto would restore copies of the tables."""
        places = []
        for action in actions:
            for operation in action.values():
                table = backend.tables.get(operation.get("TableName"))
                if table is not None:
                    places.append((table, operation.get("Item") or operation.get("Key") or {}))
        with self.restoring(places):
            self._transact(backend, actions)

    @contextmanager
    def restoring(self, places: Iterable[tuple[Table, Mapping[str, Any]]]) -> Iterator[None]:
        """What is written meanwhile to these items (their keys, or items with them) is taken back on an error."""
        log: list[tuple[Table, Any, StoredItem | None]] = []
        streams: list[tuple[Any, int]] = []
        for table, key in places:
            if all(name in key for name in table.table_key_attrs):
                log.append((table, _key(table, key), self.find(table, key)))
                if table.stream_shard is not None:
                    streams.append((table.stream_shard, self.streams.of(table.stream_shard).end))
        try:
            yield
        except BaseException:
            for table, key, old in log:
                self._restore(table, key, old)
            for shard, end in streams:
                self.streams.of(shard).take_back(end)
            raise

    def _restore(self, table: Table, key: Any, old: StoredItem | None) -> None:
        now: Any = table.get_item(key.hash_key, key.range_key)
        if now is not old:
            self._place(table, key, old)
            self._wrote(table, now, old)


# -- helpers that need no state --------------------------------------------------------------


def stored_items(table: Table) -> Iterator[StoredItem]:
    """Every item of a table."""
    for found in table.items.values():
        if table.range_key_attr is not None:
            yield from found.values()
        else:
            yield found  # type: ignore[misc]


def _key(table: Table, wire: Mapping[str, Any]) -> Any:
    sort = DynamoType(wire[table.range_key_attr]) if table.range_key_attr is not None else None
    return SimpleNamespace(hash_key=DynamoType(wire[table.hash_key_attr]), range_key=sort)


@contextmanager
def _silent(table: Table) -> Iterator[None]:
    """Nothing that happens meanwhile gets into the table's stream."""
    shard, table.stream_shard = table.stream_shard, None
    try:
        yield
    finally:
        table.stream_shard = shard


def _deepcopy(value: Any, memo: dict[int, Any] | None = None) -> Any:
    """`copy.deepcopy`, but a table stays itself: a transaction is taken back by its log."""
    return value if isinstance(value, Table) else copy.deepcopy(value, memo)
