"""The lines that Lambda itself logs of the start of an environment: its runtime's version, and what went wrong."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from localcloud.services.lambda_ import errors
from localcloud.services.lambda_.functions import Function

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_RUNTIME = re.compile(r"([a-z]+)(.*)")
PHASE_INIT, PHASE_INVOKE = "init", "invoke"


class InitLines:
    """Words them for one cloud. All environments run one version of each runtime; its ARN is made up."""

    def __init__(self, cloud: Cloud) -> None:
        self._region = cloud.region
        self._number = cloud.facts.value("model.lambda.runtime_version")

    def start(self, config: Function, restored: bool = False) -> str:
        """The first line of an environment's log: INIT_START, or RESTORE_START out of a snapshot."""
        name, release = _RUNTIME.findall(config.runtime)[0] if config.runtime else ("provided", "")
        version = f"{name}:{release}.v{self._number}"
        digest = hashlib.sha256(f"{version}/{config.architecture}".encode()).hexdigest()
        arn = f"arn:aws:lambda:{self._region}::runtime:{digest}"
        return f"{'RESTORE' if restored else 'INIT'}_START Runtime Version: {version}\tRuntime Version ARN: {arn}"


def failed_init(taken_us: int, phase: str, exc: BaseException | None) -> str:
    """INIT_REPORT of an Init that failed with an exception, or (None) took too long."""
    report = f"INIT_REPORT Init Duration: {taken_us / 1_000:.2f} ms\tPhase: {phase}\tStatus: "
    if exc is None:
        return f"{report}timeout"
    return f"{report}error\tError Type: {errors.error_payload(exc, '')['errorType']}"


def early_init(taken_us: int) -> str:
    """INIT_REPORT of an Init that succeeded before any request: Lambda writes none of others that succeed."""
    return f"INIT_REPORT Init Duration: {taken_us / 1_000:.2f} ms"


def of_invocation(lines: list[tuple[int, str]]) -> tuple[str, ...]:
    """The lines that Invoke gives the tail of, which begins with the request."""
    return tuple([line for _, line in lines if not line.startswith(("INIT_", "RESTORE_"))])
