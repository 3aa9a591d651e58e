"""An item as a table keeps it: its attributes in one piece of bytes.

moto keeps an object for every attribute, and every item it ever made. A run of many thousand orders cannot afford
either, and what is kept as bytes needs no copy to be safe from its readers.
"""

from __future__ import annotations

import marshal
from typing import Any

from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.utilities import dynamo_to_dict

from localcloud.stores.dynamodb.sizes import item_size

Wire = dict[str, Any]  # an item in the low-level format: {"name": {"S": "Amélie"}}


class StoredItem:
    """One version of an item, never changed. Whatever moto asks of an item, it answers like moto's own."""

    __slots__ = ("_bytes", "_size", "hash_key", "range_key")

    def __init__(self, hash_key: DynamoType, range_key: DynamoType | None, wire: Wire, size_bytes: int) -> None:
        self.hash_key = hash_key
        self.range_key = range_key
        # marshal knows all types of the low-level format, bytes too, and is never read by anybody else
        self._bytes = marshal.dumps(wire)
        self._size = size_bytes

    @classmethod
    def of(cls, item: Item) -> StoredItem:
        """What moto's item amounts to."""
        wire: Wire = {name: dynamo_to_dict(value) for name, value in item.attrs.items()}
        return cls(item.hash_key, item.range_key, wire, item_size(wire))

    @property
    def wire(self) -> Wire:
        """A fresh copy of the item in the low-level format."""
        found: Wire = marshal.loads(self._bytes)
        return found

    @property
    def attrs(self) -> dict[str, DynamoType]:
        """moto's view of the attributes; changing it changes nothing here."""
        return as_attributes(self.wire)

    def size(self) -> int:
        """Bytes, as DynamoDB counts them."""
        return self._size

    def thawed(self) -> Item:
        """The item as moto knows it, to be read or changed by moto's own code."""
        return as_item(self.hash_key, self.range_key, self.wire)

    def __deepcopy__(self, memo: dict[int, Any]) -> StoredItem:
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StoredItem) and self._bytes == other._bytes

    def __hash__(self) -> int:
        return hash(self._bytes)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.thawed(), name)


def as_item(hash_key: DynamoType, range_key: DynamoType | None, wire: Wire) -> Item:
    """moto's item of these attributes. moto would add up their sizes again for each attribute."""
    item: Item = object.__new__(Item)
    item.hash_key, item.range_key = hash_key, range_key
    item.attrs = as_attributes(wire)
    return item


def as_attributes(wire: Wire) -> LimitedSizeDict:
    attributes = LimitedSizeDict()
    dict.update(attributes, {name: DynamoType(value) for name, value in wire.items()})
    return attributes
