"""Checks that teach: pass or not yet, what was measured, what is asked for, where to look next."""

from __future__ import annotations

from patisserie.checks.check import (
    NOT_YET,
    PASS,
    TODO,
    Check,
    CheckNotPassed,
    CheckResult,
    Finding,
    at_least,
    at_most,
    equal,
    run_check,
)

__all__ = [
    "NOT_YET", "PASS", "TODO", "Check", "CheckNotPassed", "CheckResult", "Finding", "at_least", "at_most", "equal",
    "run_check",
]  # fmt: skip
