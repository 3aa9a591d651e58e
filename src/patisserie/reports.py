"""What a stack's functions wrote to their logs, read through the CloudWatch Logs API."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from patisserie.targets.base import DeployedStack, StackResource

_REPORT = re.compile(
    r"^REPORT RequestId: \S+\s+Duration: (?P<duration>[\d.]+) ms\s+Billed Duration: (?P<billed>\d+) ms\s+"
    r"Memory Size: (?P<memory>\d+) MB(?:.*?Init Duration: (?P<init>[\d.]+) ms)?",
    re.DOTALL,
)
_PLACE = re.compile(r'File "/var/task/([^"]+)", line (\d+)')
_FOLDERS = re.compile(r"\(/[^()]*/(?=[^()/]*\))")  # of code on the machine that runs it


@dataclass(frozen=True, slots=True)
class Report:
    """One invocation as Lambda reports it. `init_ms` is 0 for a warm start."""

    function: str
    duration_ms: float
    billed_ms: int
    memory_mb: int
    init_ms: float
    line: str


def reports(logs: Any, stack: DeployedStack, since_ms: int = 0) -> list[Report]:
    """Every REPORT line of the stack's functions since that Unix time in milliseconds, oldest first."""
    found: list[tuple[int, Report]] = []
    for resource, event in _events(logs, stack, since_ms):
        match = _REPORT.match(event["message"])
        if match:
            report = Report(
                function=resource.physical_id,
                duration_ms=float(match["duration"]),
                billed_ms=int(match["billed"]),
                memory_mb=int(match["memory"]),
                init_ms=float(match["init"] or 0),
                line=event["message"],
            )
            found.append((event["timestamp"], report))
    return [report for _, report in sorted(found, key=lambda pair: pair[0])]


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a function complained about, and how often. `function` is its name in the template."""

    function: str
    text: str
    times: int

    def __str__(self) -> str:
        return f"{self.function}: {self.text}" + (f" ({self.times:,} times)" if self.times > 1 else "")


def troubles(logs: Any, stack: DeployedStack, since_ms: int = 0) -> list[Trouble]:
    """Errors, time-outs and warnings in the logs since that Unix time in milliseconds, the most frequent first."""
    counted: Counter[tuple[str, str]] = Counter()
    for resource, event in _events(logs, stack, since_ms):
        text = _trouble(event["message"])
        if text:
            counted[resource.logical_id, text] += 1
    return [Trouble(function, text, times) for (function, text), times in counted.most_common()]


def _trouble(message: str) -> str:
    if message.startswith("[ERROR] "):
        places = _PLACE.findall(message)
        said = _FOLDERS.sub("(", message.removeprefix("[ERROR] ").partition("\n")[0].strip())
        return f"{said} ({places[-1][0]}, line {places[-1][1]})" if places else said
    if " Task timed out after " in message:
        return "Task timed out after " + message.partition(" Task timed out after ")[2].strip()
    if message.startswith("{"):
        try:
            entry = json.loads(message)
        except ValueError:
            return ""
        if entry.get("level") in ("WARNING", "ERROR"):
            return str(entry.get("error") or entry.get("message") or "")
    return ""


def _events(logs: Any, stack: DeployedStack, since_ms: int) -> Iterator[tuple[StackResource, dict[str, Any]]]:
    for resource in stack.resources:
        if resource.type != "AWS::Lambda::Function":
            continue
        try:
            pages = logs.get_paginator("filter_log_events").paginate(
                logGroupName=f"/aws/lambda/{resource.physical_id}", startTime=since_ms
            )
            events = [event for page in pages for event in page["events"]]
        except ClientError as exc:
            if exc.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            continue  # a function that has never run has no log group
        for event in events:
            yield resource, event
