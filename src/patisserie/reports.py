"""REPORT lines of a stack's functions, read through the CloudWatch Logs API."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from patisserie.targets.base import DeployedStack

_REPORT = re.compile(
    r"^REPORT RequestId: \S+\s+Duration: (?P<duration>[\d.]+) ms\s+Billed Duration: (?P<billed>\d+) ms\s+"
    r"Memory Size: (?P<memory>\d+) MB(?:.*?Init Duration: (?P<init>[\d.]+) ms)?",
    re.DOTALL,
)


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
    for name in stack.physical_ids("AWS::Lambda::Function"):
        try:
            pages = logs.get_paginator("filter_log_events").paginate(
                logGroupName=f"/aws/lambda/{name}", startTime=since_ms
            )
            events = [event for page in pages for event in page["events"]]
        except ClientError as exc:
            if exc.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            continue  # a function that has never run has no log group
        for event in events:
            match = _REPORT.match(event["message"])
            if match:
                report = Report(
                    function=name,
                    duration_ms=float(match["duration"]),
                    billed_ms=int(match["billed"]),
                    memory_mb=int(match["memory"]),
                    init_ms=float(match["init"] or 0),
                    line=event["message"],
                )
                found.append((event["timestamp"], report))
    return [report for _, report in sorted(found, key=lambda pair: pair[0])]
