"""Lambda's own lines about an invocation, START, END and REPORT, as text or as JSON with their levels.

A line is None where the function's system log level keeps it out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from localcloud.services.lambda_.functions import Function
from localcloud.services.lambda_.json_lines import error_line, platform_line


@dataclass(frozen=True, slots=True)
class Report:
    """What there is to report of one invocation. `status`: "" when it went well, "timeout" or "error"."""

    request_id: str
    duration_us: int
    billed_ms: int
    used_mb: int
    init_us: int = 0
    restore_us: int = 0
    billed_restore_us: int = 0
    status: str = ""
    error_type: str = ""


def start_line(config: Function, request_id: str, unix_us: int) -> str | None:
    """The request begins."""
    if not config.logs.json:
        return f"START RequestId: {request_id} Version: {config.version}"
    if not config.logs.takes_system("INFO"):
        return None
    return platform_line(unix_us, "start", {"requestId": request_id, "version": config.version})


def end_line(config: Function, report: Report, unix_us: int) -> str | None:
    """The runtime is done with the request."""
    if not config.logs.json:
        return f"END RequestId: {report.request_id}"
    if not config.logs.takes_system("WARN" if report.status else "DEBUG"):
        return None
    record = {
        "requestId": report.request_id,
        "status": report.status or "success",
        **({"errorType": report.error_type} if report.error_type else {}),
        "metrics": {"durationMs": round(report.duration_us / 1_000, 3)},
    }
    return platform_line(unix_us, "runtimeDone", record)


def report_line(config: Function, report: Report, unix_us: int) -> str | None:
    """How long it took and what it is billed."""
    if config.logs.json:
        return _report_as_json(config, report, unix_us)
    line = (
        f"REPORT RequestId: {report.request_id}\tDuration: {report.duration_us / 1_000:.2f} ms\t"
        f"Billed Duration: {report.billed_ms} ms\tMemory Size: {config.memory_mb} MB\t"
        f"Max Memory Used: {report.used_mb} MB\t"
    )
    if report.init_us:
        line += f"Init Duration: {report.init_us / 1_000:.2f} ms\t"
    if report.restore_us:
        line += f"Restore Duration: {report.restore_us / 1_000:.2f} ms\t"
        line += f"Billed Restore Duration: {math.ceil(report.billed_restore_us / 1_000)} ms\t"
    if report.status:
        line += f"Status: {report.status}"
    if report.error_type:
        line += f"\tError Type: {report.error_type}"
    return line


def _report_as_json(config: Function, report: Report, unix_us: int) -> str | None:
    if not config.logs.takes_system("WARN" if report.status else "INFO"):
        return None
    metrics: dict[str, Any] = {
        "durationMs": round(report.duration_us / 1_000, 3),
        "billedDurationMs": report.billed_ms,
        "memorySizeMB": config.memory_mb,
        "maxMemoryUsedMB": report.used_mb,
    }
    if report.init_us:
        metrics["initDurationMs"] = round(report.init_us / 1_000, 3)
    if report.restore_us:
        metrics["restoreDurationMs"] = round(report.restore_us / 1_000, 3)
        metrics["billedRestoreDurationMs"] = math.ceil(report.billed_restore_us / 1_000)
    record = {"requestId": report.request_id, "metrics": metrics, "status": report.status or "success"}
    if report.error_type:
        record["errorType"] = report.error_type
    return platform_line(unix_us, "report", record)


def failure_line(config: Function, error: dict[str, Any], unix_us: int) -> str:
    """What the runtime logs of a handler that raised."""
    if config.logs.json:
        return error_line(unix_us, error)
    text = f"[ERROR] {error['errorType']}: {error['errorMessage']}"
    stack = error.get("stackTrace")
    return f"{text}\nTraceback (most recent call last):\n{''.join(stack)}" if stack else text
