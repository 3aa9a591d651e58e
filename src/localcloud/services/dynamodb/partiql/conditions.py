"""The WHERE of a statement: parsed, and written as one of DynamoDB's expressions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.services.dynamodb.partiql.tokens import MalformedStatement, Reader

Wire = Mapping[str, Any]
Path = tuple[str, ...]  # ("info", "stars", "[0]")

COMPARED = ("=", "<>", "!=", "<", "<=", ">", ">=")
_FUNCTIONS = ("begins_with", "contains", "attribute_type")
_WORDS: Mapping[str, Wire] = {"TRUE": {"BOOL": True}, "FALSE": {"BOOL": False}, "NULL": {"NULL": True}}


@dataclass(frozen=True, slots=True)
class Operand:
    """A path, the size of what is there, or a value."""

    path: Path = ()
    value: Wire | None = None
    size: bool = False


@dataclass(frozen=True, slots=True)
class Test:
    """A comparison or function with its operands: "=", "BETWEEN", "IN", "begins_with", "MISSING" and so on."""

    operator: str
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Joined:
    """Parts joined by AND or OR, or one part after NOT."""

    word: str
    parts: tuple[Condition, ...]


Condition = Test | Joined


@dataclass(slots=True)
class Placeholders:
    """The names and values of an expression, as they are written."""

    names: dict[str, str] = field(default_factory=dict)
    values: dict[str, Wire] = field(default_factory=dict)

    def path(self, path: Path) -> str:
        text = ""
        for element in path:
            if element.startswith("["):
                text += element
                continue
            name = next((known for known, one in self.names.items() if one == element), f"#n{len(self.names)}")
            self.names[name] = element
            text += f".{name}" if text else name
        return text

    def value(self, value: Wire) -> str:
        name = f":v{len(self.values)}"
        self.values[name] = value
        return name

    @property
    def members(self) -> dict[str, Any]:
        """As members of a request: none that is empty."""
        found = {"ExpressionAttributeNames": self.names, "ExpressionAttributeValues": self.values}
        return {name: value for name, value in found.items() if value}


class ConditionParser:
    """Reads conditions, paths and values. `parameter()` gives the value of the next question mark."""

    def __init__(self, reader: Reader, parameter: Callable[[], Wire]) -> None:
        self._reader = reader
        self._parameter = parameter

    def condition(self) -> Condition:
        return self._joined("OR", lambda: self._joined("AND", self._negated))

    def _joined(self, word: str, part: Callable[[], Condition]) -> Condition:
        parts = [part()]
        while self._reader.skip(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else Joined(word, tuple(parts))

    def _negated(self) -> Condition:
        if self._reader.skip("NOT"):
            return Joined("NOT", (self._negated(),))
        if self._reader.skip("("):
            inner = self.condition()
            self._reader.need(")")
            return inner
        return self._test()

    def _test(self) -> Condition:
        reader = self._reader
        for name in _FUNCTIONS:
            if reader.skip(name.upper(), "("):
                first = self.operand()
                reader.need(",")
                second = self.operand()
                reader.need(")")
                return Test(name, (first, second))
        left = self.operand()
        if reader.skip("IS"):
            negated = reader.skip("NOT")
            word = reader.take().text.upper()
            if word not in ("MISSING", "NULL"):
                raise MalformedStatement("Statement wasn't well formed, can't be processed: IS needs MISSING or NULL")
            test = Test(word, (left,))
            return Joined("NOT", (test,)) if negated else test
        if reader.skip("BETWEEN"):
            low = self.operand()
            reader.need("AND")
            return Test("BETWEEN", (left, low, self.operand()))
        if reader.skip("IN"):
            end = ")" if reader.skip("(") else "]"
            if end == "]":
                reader.need("[")
            return Test("IN", (left, *self._until(end, self.operand)))
        if reader.next.kind == "sign" and reader.next.text in COMPARED:
            operator = reader.take().text
            return Test("<>" if operator == "!=" else operator, (left, self.operand()))
        raise reader.unexpected()

    def operand(self) -> Operand:
        reader = self._reader
        if reader.skip("SIZE", "("):
            path = self.path()
            reader.need(")")
            return Operand(path, size=True)
        if reader.next.kind in ("word", "quoted") and not (
            reader.next.kind == "word" and reader.next.text.upper() in _WORDS
        ):
            return Operand(self.path())
        return Operand(value=self.value())

    def path(self) -> Path:
        reader = self._reader
        found = [reader.name()]
        while True:
            if reader.skip("."):
                found.append(reader.name())
            elif reader.sees("[") and self._index_ahead():
                reader.take()
                found.append(f"[{reader.take().text}]")
                reader.need("]")
            else:
                return tuple(found)

    def _index_ahead(self) -> bool:
        return self._reader.peek(1).kind == "number"

    # -- values --------------------------------------------------------------------------------

    def value(self) -> Wire:
        """A literal or a parameter, in the low-level format."""
        reader = self._reader
        if reader.skip("?"):
            return self._parameter()
        if reader.next.kind == "string":
            return {"S": reader.take().text}
        sign = "-" if reader.skip("-") else ""
        if reader.next.kind == "number":
            return {"N": sign + reader.take().text}
        if not sign and reader.next.kind == "word" and reader.next.text.upper() in _WORDS:
            return _WORDS[reader.take().text.upper()]
        if not sign and reader.skip("["):
            return {"L": self._until("]", self.value)}
        if not sign and reader.skip("{"):
            return {"M": dict(self._until("}", self._member))}
        if not sign and reader.skip("<<"):
            return _set(self._until(">>", self.value))
        raise reader.unexpected()

    def _member(self) -> tuple[str, Wire]:
        if self._reader.next.kind not in ("string", "quoted"):
            self._reader.fail()
        name = self._reader.take().text
        self._reader.need(":")
        return name, self.value()

    def _until(self, end: str, one: Callable[[], Any]) -> list[Any]:
        found: list[Any] = []
        while not self._reader.skip(end):
            if found:
                self._reader.need(",")
            found.append(one())
        return found


def _set(values: list[Wire]) -> Wire:
    kinds = {kind for value in values for kind in value}
    if kinds not in ({"S"}, {"N"}, {"B"}):
        raise MalformedStatement("Statement wasn't well formed, can't be processed: a set has values of one type")
    (kind,) = kinds
    return {f"{kind}S": [value[kind] for value in values]}


def conjuncts(condition: Condition | None) -> tuple[Condition, ...]:
    """The parts that must all hold."""
    if condition is None:
        return ()
    if isinstance(condition, Joined) and condition.word == "AND":
        return tuple(part for inner in condition.parts for part in conjuncts(inner))
    return (condition,)


def written(conditions: tuple[Condition, ...], placeholders: Placeholders) -> str:
    """All of them, as an expression."""
    return " AND ".join(_written(condition, placeholders) for condition in conditions)


def _written(condition: Condition, placeholders: Placeholders) -> str:
    if isinstance(condition, Joined):
        if condition.word == "NOT":
            return f"(NOT {_written(condition.parts[0], placeholders)})"
        return "(" + f" {condition.word} ".join(_written(part, placeholders) for part in condition.parts) + ")"
    operands = [_operand(operand, placeholders) for operand in condition.operands]
    if condition.operator == "MISSING":
        return f"attribute_not_exists({operands[0]})"
    if condition.operator == "NULL":
        return f"attribute_type({operands[0]}, {placeholders.value({'S': 'NULL'})})"
    if condition.operator == "BETWEEN":
        return f"({operands[0]} BETWEEN {operands[1]} AND {operands[2]})"
    if condition.operator == "IN":
        return f"({operands[0]} IN ({', '.join(operands[1:])}))"
    if condition.operator in COMPARED:
        return f"{operands[0]} {condition.operator} {operands[1]}"
    return f"{condition.operator}({', '.join(operands)})"


def _operand(operand: Operand, placeholders: Placeholders) -> str:
    if operand.value is not None:
        return placeholders.value(operand.value)
    text = placeholders.path(operand.path)
    return f"size({text})" if operand.size else text
