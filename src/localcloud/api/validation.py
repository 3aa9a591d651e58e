"""Parameter validation: botocore's, behind a quick check that knows the plain cases.

A run makes the same few calls over and over. What the quick check does not accept for certain goes to botocore's own
validator, whose report the caller sees.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ParamValidationError
from botocore.model import OperationModel
from botocore.validate import ParamValidator

Check = Callable[[Any], bool]


class Validator:
    """Raises ParamValidationError as botocore does. Checks are made once for an operation."""

    def __init__(self) -> None:
        self._stock = ParamValidator()
        self._checks: dict[tuple[str, str], Check] = {}

    def check(self, service: str, model: OperationModel) -> Check:
        """The quick check of an operation's parameters: what it does not accept may be right all the same."""
        key = (service, model.name)
        check = self._checks.get(key)
        if check is None:
            shape = model.input_shape
            check = self._checks[key] = _check(shape, {}) if shape is not None else lambda params: True
        return check

    def validate(self, service: str, params: dict[str, Any], model: OperationModel) -> None:
        """Raises ParamValidationError."""
        if not self.check(service, model)(params):
            self.look_closer(params, model)

    def look_closer(self, params: dict[str, Any], model: OperationModel) -> None:
        """botocore's own verdict. Raises ParamValidationError."""
        report = self._stock.validate(params, model.input_shape)
        if report.has_errors():
            raise ParamValidationError(report=report.generate_report())


def _check(shape: Any, made: dict[str, Check]) -> Check:
    """The quick check of a shape; `made` has those of the containers around it, which may refer to each other."""
    if shape.type_name not in ("structure", "list", "map"):
        return _scalar(shape)  # a reference to a scalar may carry traits of its own
    found = made.get(shape.name)
    if found is None:
        made[shape.name] = lambda value: made[shape.name](value)  # until the real one stands
        found = made[shape.name] = _container(shape, made)
    return found


def _scalar(shape: Any) -> Check:
    kind, serialization = shape.type_name, shape.serialization
    least = shape.metadata.get("min", 1 if serialization.get("hostLabel") else None)
    if serialization.get("jsonvalue"):
        return _unsure
    if kind == "string":
        shortest = least or 0
        return lambda value: type(value) is str and len(value) >= shortest
    if kind == "blob":
        shortest = least or 0
        return lambda value: type(value) is bytes and len(value) >= shortest
    if kind == "boolean":
        return lambda value: type(value) is bool
    if kind in ("integer", "long"):
        return lambda value: type(value) is int and (least is None or value >= least)
    return _unsure


# Scalars of these kinds are checked by the structure that they stand in, without a call, while they are not empty.
_PLAIN = {"string": str, "blob": bytes, "boolean": bool, "integer": int, "long": int}


def _plain(shape: Any) -> type | None:
    """The type of which every value that is not empty is right for a scalar; None when more has to be looked at."""
    serialization, least = shape.serialization, shape.metadata.get("min", 0)
    if serialization.get("jsonvalue") or shape.type_name not in _PLAIN:
        return None
    return _PLAIN[shape.type_name] if least <= (1 if shape.type_name in ("string", "blob") else 0) else None


def _container(shape: Any, made: dict[str, Check]) -> Check:
    least = shape.metadata.get("min", 0)
    if shape.type_name == "list":
        return _list(_check(shape.member, made), least)
    if shape.type_name == "map":
        name = None if _plain(shape.key) is str and not shape.key.metadata.get("min") else _check(shape.key, made)
        return _map(name, _check(shape.value, made))
    return _unsure if shape.is_document_type else _structure(shape, made)


def _list(element: Check, least: int) -> Check:
    return lambda value: type(value) is list and len(value) >= least and all(map(element, value))


def _map(name: Check | None, content: Check) -> Check:
    """The check of a map; `name` is None when any text is a name."""

    def check(value: Any) -> bool:
        if type(value) is not dict:
            return False
        for key, each in value.items():
            if not (type(key) is str if name is None else name(key)) or not content(each):
                return False
        return True

    return check


def _structure(shape: Any, made: dict[str, Check]) -> Check:
    members: dict[str, Check] = {}
    plain: dict[str, type] = {}
    for name, member in shape.members.items():
        members[name] = _late(members, name, member, made)
        kind = _plain(member)
        if kind is not None:
            plain[name] = kind
    required = tuple(shape.metadata.get("required", ()))
    union = shape.is_tagged_union

    def check(value: Any) -> bool:
        if type(value) is not dict or (union and len(value) != 1):
            return False
        for name in required:
            if name not in value:
                return False
        for name, content in value.items():
            if plain.get(name) is type(content) and content:
                continue
            member = members.get(name)
            if member is None or not member(content):
                return False
        return True

    return check


def _late(members: dict[str, Check], name: str, shape: Any, made: dict[str, Check]) -> Check:
    """A member's check, made when it is first used, in the place of this one: most members of most are never used."""

    def check(value: Any) -> bool:
        found = members[name] = _check(shape, made)
        return found(value)

    return check


def _unsure(value: Any) -> bool:
    return False
