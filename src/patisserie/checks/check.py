"""A check, and what it tells the learner."""

from __future__ import annotations

import html
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

PASS, NOT_YET, TODO = "pass", "not yet", "to do"
STRICT_VARIABLE = "PATISSERIE_STRICT"
_MARKS = {PASS: "✔", NOT_YET: "✘", TODO: "○"}


class CheckNotPassed(AssertionError):
    """Raised in unattended runs of solutions: there a check that does not pass is a defect."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check measured against what it asks for, both in words and units."""

    ok: bool
    measured: str
    target: str


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What the learner sees."""

    check_id: str
    title: str
    state: str
    measured: str
    target: str
    hint: str
    log: str = ""  # what the learner's functions complained about

    @property
    def passed(self) -> bool:
        return self.state == PASS

    def __repr__(self) -> str:
        lines = [
            f"{_MARKS[self.state]} {self.title}: {self.state}",
            f"  measured: {self.measured}",
            f"  target:   {self.target}",
        ]
        if self.log:
            lines.append(f"  log:      {self.log}")
        if not self.passed:
            lines.append(f"  next:     {self.hint}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        text = (
            f"<p><strong>{_MARKS[self.state]} {html.escape(self.title)}: {self.state}</strong><br>"
            f"measured: {html.escape(self.measured)}<br>target: {html.escape(self.target)}"
        )
        if self.log:
            text += f"<br>log: {html.escape(self.log)}"
        if not self.passed:
            text += f"<br>next: {html.escape(self.hint)}"
        return f'<div role="status">{text}</p></div>'


@dataclass(frozen=True, slots=True)
class Check:
    """A question about measured behaviour. `judge` takes the evidence of a lab and returns its findings.

    Every finding must hold. `hint` says where to look next.
    """

    check_id: str
    title: str
    hint: str
    judge: Callable[[Any], list[Finding]]


def run_check(check: Check, evidence: Callable[[], Any]) -> CheckResult:
    """Gather the evidence, judge it, and say so in words.

    What goes wrong in the learner's system becomes a result, never a traceback. With PATISSERIE_STRICT=1 in
    the environment everything but a pass raises CheckNotPassed.
    """
    result = _run(check, evidence)
    if os.environ.get(STRICT_VARIABLE) == "1" and not result.passed:
        raise CheckNotPassed(repr(result))
    return result


def _run(check: Check, evidence: Callable[[], Any]) -> CheckResult:
    def result(state: str, measured: str, target: str) -> CheckResult:
        return CheckResult(check.check_id, check.title, state, measured, target, check.hint)

    try:
        findings = check.judge(evidence())
    except NotImplementedError as exc:
        return result(TODO, str(exc) or "nothing yet: the exercise is open", "a first version to measure")
    except Exception as exc:  # noqa: BLE001 - whatever the learner's system raises is shown as a finding
        return result(NOT_YET, f"it could not be measured: {_said(exc)}", "a system that can be deployed and measured")
    if not findings:  # nothing looked at is nothing proven
        return result(NOT_YET, "nothing: there was no evidence to judge", "at least one finding")
    missed = [finding for finding in findings if not finding.ok]
    shown = missed or findings
    state = NOT_YET if missed else PASS
    return result(state, "; ".join(f.measured for f in shown), "; ".join(f.target for f in shown))


def _said(exc: Exception) -> str:
    name = type(exc).__name__
    return f"{name}: {exc}" if str(exc) else name


def at_most(what: str, value: float, limit: float, unit: str = "", digits: int = 0) -> Finding:
    """`value` must not be above `limit`; NaN is."""
    return Finding(value <= limit, _amount(what, value, unit, digits), f"{what} at most {_number(limit, unit, digits)}")


def at_least(what: str, value: float, limit: float, unit: str = "", digits: int = 0) -> Finding:
    """`value` must not be below `limit`; NaN is."""
    return Finding(
        value >= limit, _amount(what, value, unit, digits), f"{what} at least {_number(limit, unit, digits)}"
    )


def equal(what: str, value: float, wanted: float, unit: str = "", digits: int = 0) -> Finding:
    """`value` must be `wanted`; NaN never is."""
    return Finding(
        value == wanted, _amount(what, value, unit, digits), f"{what} exactly {_number(wanted, unit, digits)}"
    )


def _amount(what: str, value: float, unit: str, digits: int) -> str:
    return f"{what} {_number(value, unit, digits)}"


def _number(value: float, unit: str, digits: int) -> str:
    text = "unknown" if value != value else f"{value:,.{digits}f}"
    return f"{text} {unit}".rstrip()
