"""The structured logs of functions on managed instances: always JSON, since invocations run side by side."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

_LEVEL = logging.INFO  # the default of ApplicationLogLevel


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
    return json.dumps({"timestamp": timestamp(unix_us), "log_level": "ERROR", **error})


class JsonHandler(logging.Handler):
    """What the runtime puts on the root logger. `request_id()` is that of the invocation under way, or ""."""

    def __init__(self, write: Callable[[str], None], unix_us: Callable[[], int], request_id: Callable[[], str]) -> None:
        super().__init__()
        self._write, self._unix_us, self._request_id = write, unix_us, request_id

    def emit(self, record: logging.LogRecord) -> None:
        """One line for one record."""
        entry: dict[str, Any] = {
            "timestamp": timestamp(self._unix_us()),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
        }
        if record.exc_info and record.exc_info[0] is not None:
            kind, error, _ = record.exc_info
            entry |= {"errorType": kind.__name__, "errorMessage": str(error)}
        if self._request_id():
            entry["requestId"] = self._request_id()
        self._write(json.dumps(entry))


def install(root: logging.Logger, handler: JsonHandler) -> None:
    """Put the handler on a process's root logger."""
    root.setLevel(_LEVEL)
    root.addHandler(handler)
