"""DynamoDB's update expressions, parsed once and applied to items as they are kept.

Only what is plain: attributes of the item itself, not parts of them; values, sums, differences and `if_not_exists`.
Every other update is moto's, and so is each that something is wrong with: moto says what it is.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

import moto.dynamodb.parsing.ast_nodes as untyped_nodes
import moto.dynamodb.parsing.expressions as untyped_expressions
from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

from localcloud.stores.dynamodb.items import Wire
from localcloud.stores.dynamodb.moto_updates import DIGITS, in_one_form
from localcloud.stores.dynamodb.validity import Unsure, plain_number, value_size

ast_nodes: Any = untyped_nodes  # moto keeps mypy out of both
expressions: Any = untyped_expressions
_KEPT = 4_096
_ZERO: Wire = {"N": "0"}
_ACTIONS = (
    ast_nodes.UpdateExpressionSetAction, ast_nodes.UpdateExpressionAddAction, ast_nodes.UpdateExpressionRemoveAction,
    ast_nodes.UpdateExpressionDeleteAction,
)  # fmt: skip
_CLAUSES = (
    ast_nodes.UpdateExpressionSetClause, ast_nodes.UpdateExpressionAddClause, ast_nodes.UpdateExpressionRemoveClause,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Operand:
    """A value (":v"), an attribute, or with a `default` the attribute when it is there and the default when not."""

    reference: str
    default: _Operand | None = None


@dataclass(frozen=True, slots=True)
class _Action:
    """`target` becomes `left`, or with an operator ("+", "-") `left` and `right`. Without `left` it is removed.

    With the operator "ADD" it becomes itself, or 0 when it is not there, and `left`.
    """

    target: str
    left: _Operand | None = None
    operator: str = ""
    right: _Operand | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """A parsed expression. `names` and `values` are the placeholders in it, `attributes` the plain names."""

    actions: tuple[_Action, ...]
    attributes: frozenset[str]
    names: frozenset[str]
    values: frozenset[str]

    def involved(self, names: Mapping[str, str]) -> frozenset[str] | None:
        """The attributes in it, by their own names; None when it changes one of them twice."""
        targets = {names.get(action.target, action.target) for action in self.actions}
        if len(targets) < len(self.actions):
            return None
        return self.attributes.union(names[name] for name in self.names)

    def applied(self, wire: Wire, names: Mapping[str, str], values: Mapping[str, Wire]) -> bool:
        """Change the item `wire`; False, with nothing changed, when that is not plainly possible."""
        changes: list[tuple[str, Wire | None]] = []  # all are worked out by the item as it was
        try:
            for given in values.values():
                value_size(given)
            for action in self.actions:
                changes.append((names.get(action.target, action.target), _result(action, wire, names, values)))
        except Unsure:
            return False
        for name, value in changes:
            if value is None:
                wire.pop(name, None)
            else:
                wire[name] = value
        return True


def _result(action: _Action, wire: Wire, names: Mapping[str, str], values: Mapping[str, Wire]) -> Wire | None:
    """What the action makes of its attribute. Raises Unsure."""
    if action.left is None:
        return None
    left = _value(action.left, wire, names, values)
    if action.operator == "ADD":
        return _sum(wire.get(names.get(action.target, action.target), _ZERO), left, "+")
    if action.right is None:
        # an attribute's own: nothing is kept or answered that is part of another attribute or of the call
        return copy.deepcopy(left) if "M" in left or "L" in left else dict(left)
    return _sum(left, _value(action.right, wire, names, values), action.operator)


def _value(operand: _Operand, wire: Wire, names: Mapping[str, str], values: Mapping[str, Wire]) -> Wire:
    """Raises Unsure for an attribute that is not there or not plain."""
    given: Wire | None = values.get(operand.reference)
    if given is not None:
        return given
    found: Wire | None = wire.get(names.get(operand.reference, operand.reference))
    if found is not None:
        value_size(found)
        return found
    if operand.default is None:
        raise Unsure
    return _value(operand.default, wire, names, values)


def _sum(left: Wire, right: Wire, operator: str) -> Wire:
    one, other = left.get("N"), right.get("N")
    if one is None or other is None or not (plain_number(one) and plain_number(other)):
        raise Unsure
    if "." not in one and "." not in other:
        return {"N": str(int(one) + int(other) if operator == "+" else int(one) - int(other))}
    work_out = DIGITS.add if operator == "+" else DIGITS.subtract
    return {"N": in_one_form(work_out(Decimal(one), Decimal(other)))}


_SCALARS = frozenset({"S", "N", "BOOL", "NULL"})


def returned(wanted: str, before: Wire, after: Wire) -> dict[str, Any] | None:
    """What an update answers with by its `ReturnValues`; None for what is moto's to answer.

    moto's UPDATED_NEW has what has another value than before, and of lists and maps the parts that have.
    """
    if wanted == "ALL_NEW":
        return {"Attributes": after}
    if wanted == "ALL_OLD":
        return {"Attributes": before} if before else {}
    if wanted == "UPDATED_NEW":
        changed = {name: value for name, value in after.items() if value != before.get(name)}
        return {"Attributes": changed} if all(map(_SCALARS.issuperset, changed.values())) else None
    return None


# -- parsing -------------------------------------------------------------------------------------


@lru_cache(maxsize=_KEPT)
def parsed(expression: str) -> Update | None:
    """The update that an expression says; None when it is not a plain one."""
    try:
        tree = expressions.UpdateExpressionParser.make(expression.strip())
        if any(len(tree.find_clauses([clause])) > 1 for clause in _CLAUSES):
            return None
        actions = tuple(map(_action, tree.find_clauses(list(_ACTIONS))))
    except Exception:  # noqa: BLE001 whatever it is, moto's own operation meets it again and says what it is
        return None
    leaves = list(_leaves(tree))
    attributes = frozenset(leaf.children[0] for leaf in leaves if type(leaf) is ast_nodes.ExpressionAttribute)
    if not actions or any(name.upper() in ReservedKeywords.get_reserved_keywords() for name in attributes):
        return None
    return Update(
        actions,
        attributes,
        frozenset(leaf.children[0] for leaf in leaves if type(leaf) is ast_nodes.ExpressionAttributeName),
        frozenset(leaf.children[0] for leaf in leaves if type(leaf) is ast_nodes.ExpressionAttributeValue),
    )


def _leaves(node: Any) -> Any:
    for child in node.children or ():
        if isinstance(child, ast_nodes.Node):
            yield child
            yield from _leaves(child)


def _action(node: Any) -> _Action:
    """Raises Unsure for what is not plain."""
    target = _attribute(node.children[0])
    if type(node) is ast_nodes.UpdateExpressionRemoveAction:
        return _Action(target)
    if type(node) is ast_nodes.UpdateExpressionAddAction:
        if type(node.children[1]) is not ast_nodes.ExpressionAttributeValue:
            raise Unsure
        return _Action(target, _operand(node.children[1]), "ADD")
    if type(node) is ast_nodes.UpdateExpressionDeleteAction:  # of elements of sets
        raise Unsure
    parts = node.children[1].children
    if len(parts) == 1:
        return _Action(target, _operand(parts[0]))
    left, operator, right = parts
    return _Action(target, _operand(left), operator.get_operator(), _operand(right))


def _operand(node: Any) -> _Operand:
    if type(node) is ast_nodes.ExpressionAttributeValue:
        return _Operand(node.get_value_name())
    if type(node) is ast_nodes.UpdateExpressionFunction and node.get_function_name() == "if_not_exists":
        return _Operand(_attribute(node.get_nth_argument(1)), _operand(node.get_nth_argument(2)))
    return _Operand(_attribute(node))


def _attribute(node: Any) -> str:
    """The attribute of a path that has one part."""
    if type(node) is not ast_nodes.UpdateExpressionPath or len(node.children) != 1:
        raise Unsure
    (part,) = node.children
    if type(part) not in (ast_nodes.ExpressionAttribute, ast_nodes.ExpressionAttributeName):
        raise Unsure
    return str(part.children[0])
