"""What the course needs, and whether it is there."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from dataclasses import dataclass

from patisserie.course import CourseNotFound, course_root

_OLDEST, _TOO_NEW = (3, 11), (3, 15)
_PACKAGES = ("boto3", "moto", "greenlet", "time-machine", "aws-sam-translator", "jupyterlab", "ipywidgets", "nbval")


@dataclass(frozen=True, slots=True)
class DoctorFinding:
    ok: bool
    what: str
    found: str
    remedy: str


def examine() -> list[DoctorFinding]:
    """One finding for each thing that is needed."""
    version = sys.version_info[:2]
    findings = [
        DoctorFinding(
            _OLDEST <= version < _TOO_NEW,
            "Python 3.11 to 3.14",
            f"{platform.python_version()} on {platform.system()}",
            "" if _OLDEST <= version < _TOO_NEW else "Install Python 3.13 and set the course up with it.",
        )
    ]
    for name in _PACKAGES:
        try:
            findings.append(DoctorFinding(True, name, importlib.metadata.version(name), ""))
        except importlib.metadata.PackageNotFoundError:
            findings.append(DoctorFinding(False, name, "missing", "Run make env, or pip install -r requirements.txt."))
    try:
        course_root()
        findings.append(DoctorFinding(True, "the course's files", "found", ""))
    except CourseNotFound as exc:
        findings.append(DoctorFinding(False, "the course's files", "missing", str(exc)))
    return findings
