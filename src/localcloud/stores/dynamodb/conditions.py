"""DynamoDB's conditions, parsed once, in the place of moto's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import moto.dynamodb.models as models
import moto.dynamodb.responses as responses
from moto.dynamodb.models import table

from localcloud.patching import Patches
from localcloud.stores.dynamodb.evaluation import Evaluation
from localcloud.stores.dynamodb.grammar import parse_condition

_KEPT = 4_096


class Conditions:
    """Remembers parsed conditions: handlers send the same few over and over.

    A parsed condition keeps no state of its own, so it can be used for any item.
    """

    def __init__(self) -> None:
        self._parse = lru_cache(maxsize=_KEPT)(_parse)

    def install(self, patches: Patches) -> None:
        """Give moto a parser that remembers."""
        patches.set(models, "get_filter_expression", self.parsed)
        patches.set(table, "get_filter_expression", self.parsed)
        for module in (models, responses):
            patches.set(module, "create_condition_expression_parser", lambda *given: _Parser(self, *given))

    def parsed(self, expr: str | None, names: Mapping[str, str] | None, values: Mapping[str, Any] | None) -> Any:
        """In place of moto's `get_filter_expression`: requests have been checked by then."""
        key = self._key(expr, names, values)
        if key is not None:
            return self._parse(*key)[0]
        return Evaluation(parse_condition(expr), names or {}, values or {}) if expr else _Unconditional()

    def sound(
        self,
        expr: str,
        names: Mapping[str, str] | None,
        values: Mapping[str, Any] | None,
        elsewhere: frozenset[str] = frozenset(),
    ) -> Any:
        """The condition, when nothing is wrong with it. Otherwise None.

        Every name and value given must be used in it, or in another expression of the call (`elsewhere`).
        """
        key = self._key(expr, names, values)
        if key is None:
            return None
        try:
            parsed, used = self._parse(*key)
        except Exception:  # noqa: BLE001 whatever it is, moto's own operation meets it again and says what it is
            return None
        used |= elsewhere
        return parsed if used.issuperset(names or ()) and used.issuperset(values or ()) else None

    @staticmethod
    def _key(
        expr: str | None, names: Mapping[str, str] | None, values: Mapping[str, Any] | None
    ) -> tuple[str, str, str] | None:
        """What a memory can be asked for; None for conditions that are parsed every time."""
        if not expr:
            return None
        if values:  # those of an update expression are others each time, and none of the condition's
            values = {name: value for name, value in values.items() if name in expr}
            if _has_binary(values):
                return None
        return expr, json.dumps(names) if names else "{}", json.dumps(values) if values else "{}"


def _parse(expression: str, names: str, values: str) -> tuple[Evaluation, frozenset[str]]:
    condition = parse_condition(expression)
    used = [element for path in condition.paths for element in path if element.startswith("#")]
    return Evaluation(condition, json.loads(names), json.loads(values)), frozenset([*used, *condition.values])


class _Unconditional:
    """No condition at all."""

    def expr(self, item: Any) -> bool:
        return True


class _Parser:
    """As moto's parser: `parse()` gives the condition, the lists say which placeholders are in it."""

    def __init__(self, conditions: Conditions, expr: str | None, names: Any, values: Any) -> None:
        self._given = conditions, expr, names, values
        found = parse_condition(expr) if expr else None
        paths = found.paths if found is not None else []
        self.expr_attr_names_found = [element for path in paths for element in path if element.startswith("#")]
        self.expr_attr_values_found = found.values if found is not None else []

    def parse(self) -> Any:
        conditions, *given = self._given
        return conditions.parsed(*given)


def _has_binary(values: Mapping[str, Any]) -> bool:
    """Bytes cannot be part of a JSON key."""
    return any(
        isinstance(inner, bytes) or kind in ("BS", "L", "M") for v in values.values() for kind, inner in v.items()
    )
