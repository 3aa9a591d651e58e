"""DynamoDB's conditions, parsed once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import moto.dynamodb.models as models
from moto.dynamodb.comparisons import get_filter_expression
from moto.dynamodb.models import table

from localcloud.patching import Patches

_KEPT = 4_096


def install(patches: Patches) -> None:
    """Give moto a parser that remembers: handlers send the same few conditions over and over.

    A parsed condition keeps no state of its own, so it can be used for any item.
    """

    @lru_cache(maxsize=_KEPT)
    def parse(expression: str, names: str, values: str) -> Any:
        return get_filter_expression(expression, json.loads(names), json.loads(values))

    def parsed(expr: str | None, names: Mapping[str, str] | None, values: Mapping[str, Any] | None) -> Any:
        if not expr or _has_binary(values):
            return get_filter_expression(expr, dict(names or {}), dict(values or {}))
        return parse(expr, json.dumps(names or {}, sort_keys=True), json.dumps(values or {}, sort_keys=True))

    patches.set(models, "get_filter_expression", parsed)
    patches.set(table, "get_filter_expression", parsed)


def _has_binary(values: Mapping[str, Any] | None) -> bool:
    """Bytes cannot be part of a JSON key; such conditions are parsed every time."""
    return any(
        isinstance(inner, bytes) or kind in ("BS", "L", "M")
        for v in (values or {}).values()
        for kind, inner in v.items()
    )
