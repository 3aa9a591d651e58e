"""DynamoDB's conditions, parsed once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import moto.dynamodb.models as models
from moto.dynamodb.comparisons import create_condition_expression_parser, get_filter_expression
from moto.dynamodb.models import table

from localcloud.patching import Patches

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

    def parsed(self, expr: str | None, names: Mapping[str, str] | None, values: Mapping[str, Any] | None) -> Any:
        """moto's `get_filter_expression`, which raises what moto raises."""
        key = self._key(expr, names, values)
        return self._parse(*key)[0] if key else get_filter_expression(expr, dict(names or {}), dict(values or {}))

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


def _parse(expression: str, names: str, values: str) -> tuple[Any, frozenset[str]]:
    parser = create_condition_expression_parser(expression, json.loads(names), json.loads(values))
    parsed = parser.parse()
    return parsed, frozenset([*parser.expr_attr_names_found, *parser.expr_attr_values_found])


def _has_binary(values: Mapping[str, Any]) -> bool:
    """Bytes cannot be part of a JSON key."""
    return any(
        isinstance(inner, bytes) or kind in ("BS", "L", "M") for v in values.values() for kind, inner in v.items()
    )
