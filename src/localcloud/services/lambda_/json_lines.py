"""Lines of Lambda's own in the format JSON, and the runtime's line of an error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


def timestamp(unix_us: int) -> str:
    """ISO 8601 with milliseconds."""
    return datetime.fromtimestamp(unix_us // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + (
        f"{unix_us // 1_000 % 1_000:03d}Z"
    )


def platform_line(unix_us: int, kind: str, record: Mapping[str, Any]) -> str:
    """A line of Lambda's own ("platform.start")."""
    return json.dumps({"time": timestamp(unix_us), "type": f"platform.{kind}", "record": record})


def error_line(unix_us: int, error: Mapping[str, Any]) -> str:
    """An invocation's error, as the Python runtime logs it."""
    return json.dumps({"timestamp": timestamp(unix_us), "level": "ERROR", **error})
