"""Statements as requests of the operations on items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from localcloud.services.dynamodb.partiql.conditions import (
    Condition,
    Operand,
    Path,
    Placeholders,
    Test,
    Wire,
    conjuncts,
    written,
)
from localcloud.services.dynamodb.partiql.statements import Assignment, Delete, Exists, Insert, Select, Update
from localcloud.services.dynamodb.partiql.tokens import MalformedStatement

_RANGES = ("=", "<", "<=", ">", ">=", "BETWEEN", "begins_with")
_NO_KEY = "Where clause does not contain a mandatory equality on all key attributes"
_ON_SETS = {"set_add": "ADD", "set_delete": "DELETE"}

Params = dict[str, Any]
Conditions = tuple[Condition, ...]


def key_and_rest(where: Condition | None, keys: Sequence[str]) -> tuple[dict[str, Wire], Conditions]:
    """The key that a WHERE names, and what else it asks for. Raises MalformedStatement when it names none."""
    found: dict[str, Wire] = {}
    rest: list[Condition] = []
    for part in conjuncts(where):
        name = _equal(part)
        if name in keys and name not in found and isinstance(part, Test):
            found[name] = next(operand.value for operand in part.operands if operand.value is not None)
        else:
            rest.append(part)
    if len(found) != len(keys):
        raise MalformedStatement(_NO_KEY)
    return found, tuple(rest)


def _equal(condition: Condition) -> str:
    """The attribute that is to equal a value; "" when the condition is of another kind."""
    if not isinstance(condition, Test) or condition.operator != "=":
        return ""
    paths = [operand.path for operand in condition.operands if operand.path and not operand.size]
    values = [operand for operand in condition.operands if operand.value is not None]
    return paths[0][0] if len(paths) == len(values) == 1 and len(paths[0]) == 1 else ""


def _of_attribute(condition: Condition, name: str, operators: Sequence[str]) -> bool:
    """Whether it compares just this attribute, on its left, with values."""
    if not isinstance(condition, Test) or condition.operator not in operators:
        return False
    first, *others = condition.operands
    return first == Operand((name,)) and all(operand.value is not None for operand in others)


def reads(select: Select, keys: Sequence[str]) -> tuple[list[Params] | None, Conditions]:
    """The queries that give what a SELECT asks for, one for each value of the partition key, and what else it asks.

    None instead of queries: it takes a scan.
    """
    parts = conjuncts(select.where)
    partition = next((part for part in parts if _of_attribute(part, keys[0], ("=", "IN"))), None)
    if partition is None:
        return None, parts
    sort = None
    if len(keys) > 1:
        sort = next((part for part in parts if _of_attribute(part, keys[1], _RANGES)), None)
    assert isinstance(partition, Test)
    queries: list[Params] = []
    for operand in partition.operands[1:]:
        placeholders = Placeholders()
        wanted: Conditions = (Test("=", (partition.operands[0], operand)), *((sort,) if sort is not None else ()))
        queries.append({"KeyConditionExpression": written(wanted, placeholders), **placeholders.members})
    return queries, tuple(part for part in parts if part is not partition and part is not sort)


def put(insert: Insert, keys: Sequence[str]) -> Params:
    """A PutItem that takes no item's place."""
    return {"Item": dict(insert.item), **condition_on("attribute_not_exists", keys[0], (), Placeholders())}


def delete(statement: Delete, keys: Sequence[str]) -> Params:
    """A DeleteItem; where there is no item there is nothing to refuse."""
    key, rest = key_and_rest(statement.where, keys)
    if not rest:
        return {"Key": key}
    placeholders = Placeholders()
    text = f"attribute_not_exists({placeholders.path((keys[0],))}) OR ({written(rest, placeholders)})"
    return {"Key": key, "ConditionExpression": text, **placeholders.members}


def update(statement: Update, keys: Sequence[str]) -> Params:
    """An UpdateItem of an item that is there."""
    key, rest = key_and_rest(statement.where, keys)
    placeholders = Placeholders()
    clauses: dict[str, list[str]] = {}
    for one in statement.sets:
        clause = _ON_SETS.get(one.operator, "SET")
        clauses.setdefault(clause, []).append(_assigned(one, placeholders))
    for path in statement.removes:
        clauses.setdefault("REMOVE", []).append(placeholders.path(path))
    text = " ".join(f"{word} {', '.join(parts)}" for word, parts in clauses.items())
    return {"Key": key, "UpdateExpression": text, **condition_on("attribute_exists", keys[0], rest, placeholders)}


def check(statement: Exists, keys: Sequence[str]) -> Params:
    """A ConditionCheck of a transaction."""
    key, rest = key_and_rest(statement.select.where, keys)
    return {"Key": key, **condition_on("attribute_exists", keys[0], rest, Placeholders())}


def condition_on(function: str, key: str, rest: Conditions, placeholders: Placeholders) -> Params:
    """A condition on whether there is an item, and on what it is like."""
    text = f"{function}({placeholders.path((key,))})"
    if rest:
        text += f" AND {written(rest, placeholders)}"
    return {"ConditionExpression": text, **placeholders.members}


def _assigned(one: Assignment, placeholders: Placeholders) -> str:
    path = placeholders.path(one.path)
    operands = [_operand(operand, placeholders) for operand in one.operands]
    if one.operator in _ON_SETS:
        if one.operands[0].path != one.path:
            raise MalformedStatement(f"{one.operator} must be of the attribute that is set")
        return f"{path} {operands[1]}"
    if one.operator in ("+", "-"):
        return f"{path} = {operands[0]} {one.operator} {operands[1]}"
    return f"{path} = {one.operator}({', '.join(operands)})" if one.operator else f"{path} = {operands[0]}"


def _operand(operand: Operand, placeholders: Placeholders) -> str:
    return placeholders.path(operand.path) if operand.value is None else placeholders.value(operand.value)


def projected(item: Mapping[str, Any], paths: tuple[Path, ...] | None) -> dict[str, Any]:
    """What a SELECT gives of an item: each attribute under its last name, an element of a list under its place."""
    if paths is None:
        return dict(item)
    found: dict[str, Any] = {}
    for place, path in enumerate(paths, 1):
        value = _at(item, path)
        if value is not None:
            found[f"_{place}" if path[-1].startswith("[") else path[-1]] = value
    return found


def _at(item: Mapping[str, Any], path: Path) -> Any:
    found: Any = item.get(path[0])
    for element in path[1:]:
        if found is None:
            return None
        if element.startswith("["):
            items, index = found.get("L", ()), int(element[1:-1])
            found = items[index] if index < len(items) else None
        else:
            found = found.get("M", {}).get(element)
    return found
