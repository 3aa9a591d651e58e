"""Notifications of one bucket may not share an event of the same object: S3 would not know where to send it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Any


def overlap(configurations: Iterable[Mapping[str, Any]]) -> bool:
    """Whether two of them have a common event, and a prefix and a suffix that some key has both of."""
    return any(
        _share_event(one["Events"], other["Events"])
        and _nested(_rule(one, "prefix"), _rule(other, "prefix"))
        and _nested(_rule(one, "suffix")[::-1], _rule(other, "suffix")[::-1])
        for one, other in combinations(configurations, 2)
    )


def _share_event(some: Iterable[str], others: Iterable[str]) -> bool:
    return any(_nested(one.removesuffix("*"), other.removesuffix("*")) and _same_kind(one, other)
               for one in some for other in others)  # fmt: skip


def _same_kind(one: str, other: str) -> bool:
    """Without a star an event is itself only."""
    return one == other or one.endswith("*") or other.endswith("*")


def _nested(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _rule(configuration: Mapping[str, Any], name: str) -> str:
    rules = ((configuration.get("Filter") or {}).get("Key") or {}).get("FilterRules") or ()
    return next((str(rule.get("Value", "")) for rule in rules if str(rule["Name"]).lower() == name), "")
