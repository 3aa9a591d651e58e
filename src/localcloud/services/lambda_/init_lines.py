"""The lines that Lambda itself logs of the start of an environment: its runtime's version, and what went wrong."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from localcloud.services.lambda_ import errors
from localcloud.services.lambda_.functions import Function
from localcloud.services.lambda_.json_lines import platform_line

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_RUNTIME = re.compile(r"([a-z]+)(.*)")
PHASE_INIT, PHASE_INVOKE = "init", "invoke"


class InitLines:
    """Words them for one cloud. All environments run one version of each runtime; its ARN is made up."""

    def __init__(self, cloud: Cloud) -> None:
        self._region = cloud.region
        self._number = cloud.facts.value("model.lambda.runtime_version")

    def start(self, config: Function, kind: str, unix_us: int, restored: bool = False) -> str | None:
        """The first line of an environment's log: INIT_START, or RESTORE_START out of a snapshot.

        `kind` says how the environment is initialised.
        """
        name, release = _RUNTIME.findall(config.runtime)[0] if config.runtime else ("provided", "")
        version = f"{name}:{release}.v{self._number}"
        digest = hashlib.sha256(f"{version}/{config.architecture}".encode()).hexdigest()
        arn = f"arn:aws:lambda:{self._region}::runtime:{digest}"
        if not config.logs.json:
            return f"{'RESTORE' if restored else 'INIT'}_START Runtime Version: {version}\tRuntime Version ARN: {arn}"
        if not config.logs.takes_system("INFO"):
            return None
        record = {
            "initializationType": kind,
            "phase": PHASE_INIT,
            "runtimeVersion": version,
            "runtimeVersionArn": arn,
            "functionName": config.name,
            "functionVersion": config.version,
        }
        return platform_line(unix_us, "restoreStart" if restored else "initStart", record)


def failed_init(
    config: Function, kind: str, unix_us: int, taken_us: int, phase: str, exc: BaseException | None
) -> str | None:
    """INIT_REPORT of an Init that failed with an exception, or (None) took too long."""
    status = "timeout" if exc is None else "error"
    error_type = "" if exc is None else errors.error_payload(exc, "")["errorType"]
    if config.logs.json:
        return _report(config, kind, unix_us, taken_us, phase, status, error_type) if _takes(config, "WARN") else None
    report = f"INIT_REPORT Init Duration: {taken_us / 1_000:.2f} ms\tPhase: {phase}\tStatus: {status}"
    return f"{report}\tError Type: {error_type}" if error_type else report


def early_init(config: Function, kind: str, unix_us: int, taken_us: int) -> str | None:
    """INIT_REPORT of an Init that succeeded before any request: Lambda writes none of others that succeed."""
    if config.logs.json:
        return _report(config, kind, unix_us, taken_us, PHASE_INIT, "success") if _takes(config, "INFO") else None
    return f"INIT_REPORT Init Duration: {taken_us / 1_000:.2f} ms"


def _takes(config: Function, level: str) -> bool:
    return config.logs.takes_system(level)


def _report(
    config: Function, kind: str, unix_us: int, taken_us: int, phase: str, status: str, error_type: str = ""
) -> str:
    record = {"initializationType": kind, "phase": phase, "status": status}
    if error_type:
        record["errorType"] = error_type
    return platform_line(unix_us, "initReport", {**record, "metrics": {"durationMs": round(taken_us / 1_000, 3)}})


def of_invocation(lines: list[tuple[int, str]]) -> tuple[str, ...]:
    """The lines that Invoke gives the tail of, which begins with the request."""
    return tuple([line for _, line in lines if not _is_of_init(line)])


def _is_of_init(line: str) -> bool:
    if line.startswith('{"time": '):
        return '"type": "platform.init' in line[:80] or '"type": "platform.restore' in line[:80]
    return line.startswith(("INIT_", "RESTORE_"))
