"""Timestamps of requests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any


def unix_us(value: Any) -> int:
    """A timestamp parameter (a datetime, seconds, or ISO 8601) in Unix microseconds."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        value = (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    return round(float(value) * 1_000_000)
