"""The streams of tables: one record for each change of an item, as the stream's view wants it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from moto.dynamodb.models.table import StreamShard

from localcloud.patching import Patches
from localcloud.stores.dynamodb.items import StoredItem, Wire
from localcloud.stores.dynamodb.sizes import item_size
from localcloud.stores.shards import Entry, ShardLog

_IMAGES = {
    "KEYS_ONLY": (False, False),
    "NEW_IMAGE": (True, False),
    "OLD_IMAGE": (False, True),
    "NEW_AND_OLD_IMAGES": (True, True),
}


@dataclass(frozen=True, slots=True)
class ItemChange:
    """INSERT, MODIFY or REMOVE of one item. Images are in the low-level format; None when the view has none of them.

    `by_service`: DynamoDB itself deleted the item, because its time had come.
    """

    name: str
    keys: Wire
    new_image: Wire | None
    old_image: Wire | None
    view: str
    by_service: bool


class StreamLogs:
    """Keeps the records of every table's stream. A table has one shard here; AWS gives it one for each partition."""

    def __init__(self, unix_us: Callable[[], int]) -> None:
        self._unix_us = unix_us
        self._logs: WeakKeyDictionary[StreamShard, ShardLog] = WeakKeyDictionary()
        self._by_service = False

    def install(self, patches: Patches) -> None:
        """Take moto's stream records over."""
        patches.set(StreamShard, "add", lambda shard, old, new: self.add(shard, old, new))

    def of(self, shard: StreamShard) -> ShardLog:
        """The records of a shard."""
        log = self._logs.get(shard)
        if log is None:
            log = self._logs[shard] = ShardLog()
        return log

    @contextmanager
    def by_service(self) -> Iterator[None]:
        """Changes made meanwhile are DynamoDB's own."""
        self._by_service = True
        try:
            yield
        finally:
            self._by_service = False

    def add(self, shard: Any, old: Any, new: Any) -> None:
        """Note a change. Writing an item as it was is none."""
        before, after = _wire(old), _wire(new)
        specification = shard.table.stream_specification
        if before == after or not specification.get("StreamEnabled"):
            return
        view = specification["StreamViewType"]
        wants_new, wants_old = _IMAGES[view]
        whole = after if after is not None else before
        assert whole is not None
        keys = {name: whole[name] for name in shard.table.table_key_attrs}
        change = ItemChange(
            name="INSERT" if before is None else "REMOVE" if after is None else "MODIFY",
            keys=keys,
            new_image=after if wants_new else None,
            old_image=before if wants_old else None,
            view=view,
            by_service=self._by_service,
        )
        size = sum(item_size(image) for image in (keys, change.new_image, change.old_image) if image)
        log = self.of(shard)
        (key,) = keys[shard.table.hash_key_attr].values()
        log.append(Entry(shard.starting_sequence_number + log.end, self._unix_us(), str(key), size, change))


def _wire(item: Any) -> Wire | None:
    if item is None:
        return None
    stored = item if isinstance(item, StoredItem) else StoredItem.of(item)
    return stored.wire
