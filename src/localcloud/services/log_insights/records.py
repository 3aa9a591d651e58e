"""The fields of a log event: those every event has, those of a function's report, those of JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

_REQUEST = re.compile(r"(START|END|REPORT) RequestId: (\S+)")
_REPORT = (
    ("@duration", re.compile(r"\tDuration: ([\d.]+) ms"), 1.0),
    ("@billedDuration", re.compile(r"Billed Duration: ([\d.]+) ms"), 1.0),
    ("@initDuration", re.compile(r"Init Duration: ([\d.]+) ms"), 1.0),
    ("@memorySize", re.compile(r"Memory Size: (\d+) MB"), 1e6),
    ("@maxMemoryUsed", re.compile(r"Max Memory Used: (\d+) MB"), 1e6),
)  # sizes are in bytes, a MB is a million


class Instant(float):
    """Unix milliseconds that are shown as a date."""

    def __str__(self) -> str:
        moment = datetime.fromtimestamp(self / 1_000, UTC)
        return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}"


class Record(dict[str, Any]):
    """Values by field name; what JSON holds is found when it is first asked for."""

    def __missing__(self, name: str) -> Any:
        if not self.get("_discovered"):
            dict.__setitem__(self, "_discovered", True)
            for found, value in _discover(self["@message"]):
                self.setdefault(found, value)
            if name in self:
                return self[name]
        return self._inside(name)

    def _inside(self, name: str) -> Any:
        """What "a.b.0" means when "a" or "a.b" holds a map or a list, as jsonParse gives it."""
        path = name
        while "." in path:
            path = path.rpartition(".")[0]
            found = self.get(path)
            if isinstance(found, dict | list):
                for part in name[len(path) + 1 :].split("."):
                    if isinstance(found, dict):
                        found = found.get(part)
                    elif isinstance(found, list) and part.isdigit() and int(part) < len(found):
                        found = found[int(part)]
                    else:
                        return None
                return int(found) if isinstance(found, bool) else found
        return None


def record(group: str, stream: str, account_id: str, event: Any) -> Record:
    """The record of one event of moto's or ours."""
    return Record({
        "@timestamp": Instant(event.timestamp),
        "@message": event.message,
        "@logStream": stream,
        "@log": f"{account_id}:{group}",
        "@ingestionTime": Instant(event.ingestion_time),
        "@ptr": str(event.event_id),
    })  # fmt: skip


def _discover(message: str) -> Iterator[tuple[str, Any]]:
    match = _REQUEST.match(message)
    if match is not None:
        yield "@type", match[1]
        yield "@requestId", match[2]
        if match[1] == "REPORT":
            for name, expression, scale in _REPORT:
                found = expression.search(message)
                if found is not None:
                    yield name, float(found[1]) * scale
        return
    start = message.find("{")
    if start < 0:
        return
    try:
        document = json.loads(message[start:])
    except ValueError:
        return
    yield from _flat("", document)


def _flat(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """ "a.b.0" for what is inside; null is no field."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(f"{path}.{name}" if path else name, inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _flat(f"{path}.{index}", inner)
    elif isinstance(value, bool):
        yield path, int(value)
    elif value is not None:
        yield path, value
