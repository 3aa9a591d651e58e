"""Whether an item meets a condition: values of different types are neither equal nor in any order.

Source: the developer guide's reference of comparison operators and functions.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from moto.dynamodb.models.dynamo_type import DynamoType

from localcloud.stores.dynamodb.grammar import Condition, Joined, Node, Operand, Test

_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_ORDERED = ("S", "N", "B")
_COUNTED = ("S", "B", "SS", "NS", "BS", "L", "M")
_Typed = tuple[str, Any]  # ("N", Decimal(1)); elements of lists and maps are typed, too


class Evaluation:
    """A condition with its placeholders filled in; `expr(item)` is what moto asks of its own."""

    def __init__(self, condition: Condition, names: Mapping[str, str], values: Mapping[str, Any]) -> None:
        self._root = condition.root
        self._names = names
        self._values = {name: typed(DynamoType(value)) for name, value in values.items()}

    def expr(self, item: Any) -> bool:
        """Whether moto's item, ours, or None (there is none) meets it."""
        return self._holds(self._root, {} if item is None else item.attrs)

    def _holds(self, node: Node, attributes: Mapping[str, DynamoType]) -> bool:
        if isinstance(node, Joined):
            if node.word == "NOT":
                return not self._holds(node.parts[0], attributes)
            found = (self._holds(part, attributes) for part in node.parts)
            return all(found) if node.word == "AND" else any(found)
        return self._meets(node, [self._value(operand, attributes) for operand in node.operands])

    def _value(self, operand: Operand, attributes: Mapping[str, DynamoType]) -> _Typed | None:
        found = self._values[operand.value] if operand.value else self._at(operand.path, attributes)
        if not operand.size or found is None:
            return found
        return ("N", Decimal(len(found[1]))) if found[0] in _COUNTED else None

    def _at(self, path: tuple[str, ...], attributes: Mapping[str, DynamoType]) -> _Typed | None:
        found = attributes.get(self._names.get(path[0], path[0]))
        for element in path[1:]:
            if found is None:
                return None
            if element.startswith("["):
                index = int(element[1:-1])
                found = found.value[index] if found.type == "L" and index < len(found.value) else None
            else:
                found = found.value.get(self._names.get(element, element)) if found.type == "M" else None
        return None if found is None else typed(found)

    @staticmethod
    def _meets(test: Test, values: list[_Typed | None]) -> bool:
        kind, first = test.operator, values[0]
        if kind == "attribute_exists":
            return first is not None
        if kind == "attribute_not_exists":
            return first is None
        if kind == "<>":
            return first != values[1]
        if first is None:
            return False
        if kind == "=":
            return first == values[1]
        if kind == "IN":
            return first in values[1:]
        if kind == "BETWEEN":
            return _ordered(operator.le, values[1], first) and _ordered(operator.le, first, values[2])
        if kind in _ORDER:
            return _ordered(_ORDER[kind], first, values[1])
        return values[1] is not None and _FUNCTIONS[kind](first, values[1])


def _ordered(compare: Callable[[Any, Any], bool], left: _Typed | None, right: _Typed | None) -> bool:
    if left is None or right is None or left[0] != right[0] or left[0] not in _ORDERED:
        return False
    if left[0] == "S":
        return compare(left[1].encode(), right[1].encode())
    return compare(left[1], right[1])


def _contains(whole: _Typed, part: _Typed) -> bool:
    kind, content = whole
    if kind in ("S", "B"):
        return part[0] == kind and part[1] in content
    if kind in ("SS", "NS", "BS"):
        return part[0] == kind[0] and part[1] in content
    return kind == "L" and part in content


def _begins_with(whole: _Typed, start: _Typed) -> bool:
    return bool(whole[0] == start[0] and whole[0] in ("S", "B") and whole[1].startswith(start[1]))


_FUNCTIONS: Mapping[str, Callable[[_Typed, _Typed], bool]] = {
    "contains": _contains,
    "begins_with": _begins_with,
    "attribute_type": lambda value, kind: value[0] == kind[1],
}


def typed(value: DynamoType) -> _Typed:
    """A value that compares as DynamoDB compares: numbers by size, sets without order."""
    kind, content = value.type, value.value
    if kind == "N":
        return kind, Decimal(content)
    if kind == "NS":
        return kind, frozenset(map(Decimal, content))
    if kind in ("SS", "BS"):
        return kind, frozenset(content)
    if kind == "L":
        return kind, tuple(typed(element) for element in content)
    if kind == "M":
        return kind, {name: typed(inner) for name, inner in content.items()}
    return kind, content
