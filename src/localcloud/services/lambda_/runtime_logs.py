"""What Python's runtime makes of a function's logging: a handler on the root logger, in the format of the function.

Source: awslambdaric, the runtime's own code, and the developer guide on log formats and on log-level filtering.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable
from datetime import datetime
from typing import Any

from localcloud.services.lambda_.json_lines import timestamp
from localcloud.services.lambda_.log_settings import LogSettings

_LEVELS = {"TRACE": logging.DEBUG, "DEBUG": logging.DEBUG, "INFO": logging.INFO, "WARN": logging.WARNING,
           "WARNING": logging.WARNING, "ERROR": logging.ERROR, "FATAL": logging.CRITICAL,
           "CRITICAL": logging.CRITICAL}  # fmt: skip
_LEVEL_KEYS = ("level", "log_level")
_TIME_KEYS = ("timestamp", "time")
# what every record has; anything else on it came with `extra`
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "aws_request_id", "tenant_id"}


class RuntimeHandler(logging.Handler):
    """`write` takes whole lines; `request_id()` is that of the invocation under way, or ""."""

    def __init__(
        self, settings: LogSettings, write: Callable[[str], None], unix_us: Callable[[], int],
        request_id: Callable[[], str],
    ) -> None:  # fmt: skip
        super().__init__()
        self._json = settings.json
        self._least = _LEVELS[settings.application_level] if settings.application_level else logging.NOTSET
        self._write, self._unix_us, self._request_id = write, unix_us, request_id
        self._text = logging.Formatter()

    def emit(self, record: logging.LogRecord) -> None:
        """One event for one record, however many lines it has."""
        if record.levelno < self._least:
            return
        record.aws_request_id = self._request_id()
        try:
            own_format = None if self.formatter is None else self.format(record)
            self._write(own_format or (self._as_json(record) if self._json else self._as_text(record)))
        except Exception:  # noqa: BLE001 - logging never lets a bad record end the program
            self.handleError(record)

    def _as_text(self, record: logging.LogRecord) -> str:
        when = timestamp(self._unix_us())
        text = f"[{record.levelname}]\t{when}\t{self._request_id()}\t{record.getMessage()}"
        if record.exc_info and record.exc_info[0] is not None:
            text += f"\n{self._text.formatException(record.exc_info)}"
        return text

    def _as_json(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "timestamp": timestamp(self._unix_us()),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
        }
        if record.exc_info and record.exc_info[0] is not None:
            kind, error, trace = record.exc_info
            entry |= {"stackTrace": traceback.format_tb(trace), "errorType": kind.__name__, "errorMessage": str(error)}
        if self._request_id():
            entry["requestId"] = self._request_id()
        if "stackTrace" in entry:
            entry["location"] = f"{record.pathname}:{record.funcName}:{record.lineno}"
        extra = {name: value for name, value in vars(record).items() if name not in _OWN and name not in entry}
        return json.dumps({**entry, **{name: value for name, value in extra.items() if value is not None}},
                          ensure_ascii=False)  # fmt: skip


def install(root: logging.Logger, settings: LogSettings, handler: RuntimeHandler) -> None:
    """Put the handler on an environment's root logger, which takes what the function's level lets through."""
    if settings.application_level is not None:
        root.setLevel(_LEVELS[settings.application_level])
    root.addHandler(handler)


def lets_through(settings: LogSettings, line: str) -> bool:
    """Whether a line that was printed passes the application's log level: without a level of its own it is INFO.

    A level counts only in a JSON object that has a time, too.
    """
    if settings.application_level is None or settings.application_level in ("TRACE", "DEBUG"):
        return True
    return _level(line) >= _LEVELS[settings.application_level]


def _level(line: str) -> int:
    if not line.lstrip().startswith("{"):
        return logging.INFO
    try:
        entry = json.loads(line)
    except ValueError:
        return logging.INFO
    found = next((entry[key] for key in _LEVEL_KEYS if isinstance(entry.get(key), str)), "INFO")
    timed = any(_is_time(entry.get(key)) for key in _TIME_KEYS)
    return _LEVELS.get(found.upper(), logging.INFO) if timed else logging.INFO


def _is_time(value: Any) -> bool:
    try:
        return isinstance(value, str) and "T" in value and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False
