"""What secondary indexes hold of an item and ask of it, and the note of what was read or written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from moto.dynamodb.exceptions import MockValidationException
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import GlobalSecondaryIndex, Table

from localcloud.stores.dynamodb.items import Wire


class Touch(NamedTuple):  # made by the thousand: a tuple takes a third of a dataclass's time
    """Bytes read from or written to a table (`index_name` None) or one of its indexes.

    `partition` is the value of the partition key; None for a scan.
    """

    table: str
    index_name: str | None
    write: bool
    size_bytes: int
    partition: Any = None


def one_or_all(values: Sequence[Any]) -> Any:
    """A partition as touches name it: the value of its key; all of them where an index has several."""
    return values[0] if len(values) == 1 else tuple(values)


def project(table: Table, index: Any, wire: Wire) -> Wire:
    """What an index holds of an item: nothing when the item lacks a key attribute of the index."""
    if any(key["AttributeName"] not in wire for key in index.schema):
        return {}
    names = projected(table, index)
    return wire if names is None else {name: value for name, value in wire.items() if name in names}


def projected(table: Table, index: Any) -> set[str] | None:
    """The attributes that an index holds; None for all of them."""
    kind = index.projection.get("ProjectionType", "ALL")
    if kind == "ALL":
        return None
    names = {*(key["AttributeName"] for key in index.schema), *table.table_key_attrs}
    if kind == "INCLUDE":
        names.update(index.projection.get("NonKeyAttributes", ()))
    return names


def needs_table(table: Table, index: Any, projection: Sequence[Sequence[str]] | None, whole: bool) -> bool:
    """Whether what a read of an index asks for is in the table only: all attributes (`whole`), or some of these paths.

    A local index fetches it. Raise moto's ValidationException for a global one, which does not.
    """
    names = projected(table, index)
    if names is None:
        return False
    missing = [path[0] for path in projection or () if path[0] not in names]
    if missing and isinstance(index, GlobalSecondaryIndex):
        raise MockValidationException(
            "One or more parameter values were invalid: Global secondary index "
            f"{index.name} does not project [{', '.join(missing)}]"
        )
    return whole or bool(missing)


def check_index_keys(table: Table, attributes: Mapping[str, Any]) -> None:
    """Raise moto's ValidationException when an attribute has not the type that an index key needs."""
    if not (table.global_indexes or table.indexes):
        return
    kinds = {attribute["AttributeName"]: attribute["AttributeType"] for attribute in table.attr}
    for index in table.all_indexes():
        for key in index.schema:
            name = key["AttributeName"]
            if name not in attributes or name in table.table_key_attrs:
                continue
            value = attributes[name]
            actual = value.type if isinstance(value, DynamoType) else next(iter(value))
            if actual != kinds[name]:
                place = "IndexName" if isinstance(index, GlobalSecondaryIndex) else "Local Secondary Index"
                raise MockValidationException(
                    "One or more parameter values were invalid: Type mismatch for Index Key "
                    f"{name} Expected: {kinds[name]} Actual: {actual} {place}: {index.name}"
                )
