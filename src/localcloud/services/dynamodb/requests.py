"""Requests on items, checked and brought into DynamoDB's own form before anything is done with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from localcloud.api import ApiError
from localcloud.services.dynamodb.expressions import check_expressions, check_query
from localcloud.services.dynamodb.transactions import cancelled
from localcloud.services.dynamodb.values import checked, checked_map, refused

_ACTIONS = ("ConditionCheck", "Put", "Delete", "Update", "Get")
_NONE = {"Code": "None"}
Table = Any


def prepared(operation: str, params: dict[str, Any], table_of: Callable[[str], Table]) -> dict[str, Any]:
    """The parameters with numbers as DynamoDB keeps them; the same object when nothing changes.

    `table_of` finds moto's table by name or ARN, or gives None. Raises ApiError ValidationException.
    """
    if "TransactItems" in params:
        found = [_action(entry) for entry in params["TransactItems"]]
        _check_keys_of_all(found, table_of)
        if any(new is not old for new, old in zip(found, params["TransactItems"], strict=True)):
            return {**params, "TransactItems": found}
        return params
    if operation == "BatchWriteItem":
        return {**params, "RequestItems": _written(params["RequestItems"], table_of)}
    if operation == "BatchGetItem":
        return {**params, "RequestItems": _wanted(params["RequestItems"], table_of)}
    params = _part(params)
    table = table_of(params["TableName"])
    if fault := _empty_key(params, table) or ("Key" in params and _key_fault(params, table)):
        raise refused(fault)
    if operation == "UpdateItem" and "UpdateExpression" not in params:
        return {"AttributeUpdates": {}, **params}  # an item that is there afterwards, if it was not before
    if operation == "Query" and table is not None:
        check_query(params, _keys(table, params.get("IndexName")))
    return params


def _part(params: dict[str, Any]) -> dict[str, Any]:
    """One action: its item or key, the values of its expressions, and the expressions themselves."""
    changed: dict[str, Any] = {}
    for member in ("Item", "Key"):
        if member in params:
            kept = checked_map(params[member])
            if kept is not params[member]:
                changed[member] = kept
    values = params.get("ExpressionAttributeValues")
    if values:
        kept = {name: _value(name, value) for name, value in values.items()}
        if any(kept[name] is not value for name, value in values.items()):
            changed["ExpressionAttributeValues"] = kept
    params = {**params, **changed} if changed else params
    check_expressions(params)
    return params


def _value(name: str, value: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        return checked(value)
    except ApiError as exc:
        raise refused(f"ExpressionAttributeValues contains invalid value: {exc.message} for key {name}") from None


def _action(entry: dict[str, Any]) -> dict[str, Any]:
    if len(entry) != 1 or next(iter(entry)) not in _ACTIONS:
        raise refused("TransactItems can only contain one of Check, Put, Update or Delete")
    ((name, part),) = entry.items()
    kept = _part(part)
    return entry if kept is part else {name: kept}


def _check_keys_of_all(entries: list[dict[str, Any]], table_of: Callable[[str], Table]) -> None:
    """A key that is none of its table's cancels the transaction. Raises ApiError."""
    faults = [
        _empty_key(part, table_of(part["TableName"])) or _key_fault(part, table_of(part["TableName"]))
        for entry in entries
        for part in entry.values()
    ]
    if any(faults):
        raise cancelled([{"Code": "ValidationError", "Message": fault} if fault else _NONE for fault in faults])


def _empty_key(part: Mapping[str, Any], table: Table) -> str:
    """What is wrong with a key attribute without content; "" when none is empty, or when there is no such table."""
    given = part.get("Item", part.get("Key", {}))
    for name in table.table_key_attrs if table is not None else ():
        for kind, content in given.get(name, {}).items():
            if kind in ("S", "B") and not content:
                what = "string" if kind == "S" else "binary"
                told = f"The AttributeValue for a key attribute cannot contain an empty {what} value. Key: {name}"
                return f"One or more parameter values are not valid. {told}"
    return ""


def _key_fault(part: Mapping[str, Any], table: Table) -> str:
    """What is wrong with the item or key of an action; "" when nothing is, or when there is no such table."""
    if table is None:
        return ""
    types = {attribute["AttributeName"]: attribute["AttributeType"] for attribute in table.attr}
    given, names = part.get("Item", part.get("Key", {})), table.table_key_attrs
    if "Key" in part:
        fits = len(given) == len(names) and all(types[name] in given.get(name, ()) for name in names)
        return "" if fits else "The provided key element does not match the schema"
    for name in names:
        if name not in given:
            return f"One or more parameter values were invalid: Missing the key {name} in the item"
        if types[name] not in given[name]:
            actual = next(iter(given[name]))
            told = f"Type mismatch for key {name} expected: {types[name]} actual: {actual}"
            return f"One or more parameter values were invalid: {told}"
    return ""


def _written(
    requests: Mapping[str, list[dict[str, Any]]], table_of: Callable[[str], Table]
) -> dict[str, list[dict[str, Any]]]:
    if not requests:
        raise refused(
            "1 validation error detected: Value '{}' at 'requestItems' failed to satisfy constraint: Member must have "
            "length greater than or equal to 1"
        )
    kept: dict[str, list[dict[str, Any]]] = {}
    for name, entries in requests.items():
        kept[name] = [{kind: _part(part) for kind, part in entry.items()} for entry in entries]
        for part in (part for entry in kept[name] for part in entry.values()):
            if empty := _empty_key(part, table_of(name)):
                raise refused(empty)
            if _key_fault(part, table_of(name)):
                raise refused("The provided key element does not match the schema")
    return kept


def _wanted(requests: Mapping[str, dict[str, Any]], table_of: Callable[[str], Table]) -> dict[str, dict[str, Any]]:
    kept = {}
    for name, wanted in requests.items():
        keys = [checked_map(key) for key in wanted["Keys"]]
        if any(_key_fault({"Key": key}, table_of(name)) for key in keys):
            raise refused("The provided key element does not match the schema")
        kept[name] = {**wanted, "Keys": keys}
        check_expressions(wanted)
    return kept


def _keys(table: Table, index_name: str | None) -> dict[str, str]:
    """The key attributes that a query searches, with their types. Raises ApiError for an index that there is not."""
    schema = table.schema
    if index_name is not None:
        every = [*table.indexes, *table.global_indexes]
        schema = next((index.schema for index in every if index.name == index_name), None)
        if schema is None:
            raise refused(f"The table does not have the specified index: {index_name}")
    types = {attribute["AttributeName"]: attribute["AttributeType"] for attribute in table.attr}
    return {key["AttributeName"]: types[key["AttributeName"]] for key in schema}
