"""Statements of PartiQL for DynamoDB. Source: the developer guide's PartiQL reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localcloud.services.dynamodb.partiql.conditions import Condition, ConditionParser, Operand, Path, Wire
from localcloud.services.dynamodb.partiql.tokens import MalformedStatement, Reader

_RETURNED = {
    ("ALL", "OLD"): "ALL_OLD", ("ALL", "NEW"): "ALL_NEW", ("MODIFIED", "OLD"): "UPDATED_OLD",
    ("MODIFIED", "NEW"): "UPDATED_NEW",
}  # fmt: skip
_ASSIGNING = ("list_append", "set_add", "set_delete", "if_not_exists")


@dataclass(frozen=True, slots=True)
class Select:
    """`paths` is None for everything; `order` is an attribute and whether it goes downwards."""

    table: str
    index: str | None
    paths: tuple[Path, ...] | None
    where: Condition | None
    order: tuple[str, bool] | None = None


@dataclass(frozen=True, slots=True)
class Insert:
    table: str
    item: Mapping[str, Wire]


@dataclass(frozen=True, slots=True)
class Assignment:
    """SET path = operands, joined by "+" or "-" or given to a function; "" for a single one."""

    path: Path
    operator: str
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Update:
    table: str
    sets: tuple[Assignment, ...]
    removes: tuple[Path, ...]
    where: Condition | None
    returning: str


@dataclass(frozen=True, slots=True)
class Delete:
    table: str
    where: Condition | None
    returning: str


@dataclass(frozen=True, slots=True)
class Exists:
    """What a transaction checks only."""

    select: Select


Statement = Select | Insert | Update | Delete | Exists


def parse(text: str, parameters: Sequence[Wire]) -> Statement:
    """Raises MalformedStatement."""
    return _Parser(text, parameters).statement()


class _Parser:
    def __init__(self, text: str, parameters: Sequence[Wire]) -> None:
        self._reader = Reader(text)
        self._parameters = list(parameters)
        self._taken = 0
        self._parts = ConditionParser(self._reader, self._parameter)

    def _parameter(self) -> Wire:
        if self._taken >= len(self._parameters):
            raise MalformedStatement("Number of parameters in request and statement don't match.")
        self._taken += 1
        return self._parameters[self._taken - 1]

    def statement(self) -> Statement:
        reader = self._reader
        if reader.skip("SELECT"):
            found: Statement = self._select()
        elif reader.skip("INSERT", "INTO"):
            found = self._insert()
        elif reader.skip("UPDATE"):
            found = self._update()
        elif reader.skip("DELETE", "FROM"):
            found = self._delete()
        elif reader.skip("EXISTS", "("):
            reader.need("SELECT")
            found = Exists(self._select())
            reader.need(")")
        else:
            reader.fail()
        if reader.next.kind != "end":
            reader.fail()
        if self._taken < len(self._parameters):
            raise MalformedStatement("Number of parameters in request and statement don't match.")
        return found

    def _select(self) -> Select:
        reader = self._reader
        paths: list[Path] | None = None
        if not reader.skip("*"):
            paths = [self._parts.path()]
            while reader.skip(","):
                paths.append(self._parts.path())
        reader.need("FROM")
        table = reader.name()
        index = reader.name() if reader.skip(".") else None
        where = self._where()
        order = None
        if reader.skip("ORDER", "BY"):
            name = reader.name()
            order = name, reader.skip("DESC")
            if not order[1]:
                reader.skip("ASC")
        return Select(table, index, None if paths is None else tuple(paths), where, order)

    def _where(self) -> Condition | None:
        return self._parts.condition() if self._reader.skip("WHERE") else None

    def _insert(self) -> Insert:
        table = self._reader.name()
        self._reader.need("VALUE")
        item: Any = self._parts.value().get("M")
        if item is None:
            self._reader.fail()
        return Insert(table, item)

    def _update(self) -> Update:
        reader, table = self._reader, self._reader.name()
        sets: list[Assignment] = []
        removes: list[Path] = []
        while True:
            if reader.skip("SET"):
                sets.append(self._assignment())
                while reader.skip(","):
                    sets.append(self._assignment())
            elif reader.skip("REMOVE"):
                removes.append(self._parts.path())
            else:
                break
        if not sets and not removes:
            reader.fail()
        return Update(table, tuple(sets), tuple(removes), self._where(), self._returning())

    def _assignment(self) -> Assignment:
        reader, path = self._reader, self._parts.path()
        reader.need("=")
        for name in _ASSIGNING:
            if reader.skip(name.upper(), "("):
                first = self._parts.operand()
                reader.need(",")
                second = self._parts.operand()
                reader.need(")")
                return Assignment(path, name, (first, second))
        first = self._parts.operand()
        for sign in "+-":
            if reader.skip(sign):
                return Assignment(path, sign, (first, self._parts.operand()))
        return Assignment(path, "", (first,))

    def _delete(self) -> Delete:
        return Delete(self._reader.name(), self._where(), self._returning())

    def _returning(self) -> str:
        reader = self._reader
        if not reader.skip("RETURNING"):
            return "NONE"
        words = reader.take().text.upper(), reader.take().text.upper()
        if words not in _RETURNED:
            reader.fail()
        reader.need("*")
        return _RETURNED[words]
