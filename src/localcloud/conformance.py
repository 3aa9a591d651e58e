"""Which documented behaviours of AWS hold here, judged by running the tests that carry their ids.

The statements are in `facts/behaviours.yaml`; a test names those it proves with `@pytest.mark.behaviour("SQS-03")`.
A behaviour passes when every test of it passes, fails when one fails, and is not modelled when no test names it.
"""

from __future__ import annotations

import contextlib
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import yaml

from localcloud.errors import ConfigurationError

Status = Literal["pass", "fail", "not-modelled"]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One statement. `tier` 1 is the core list; `source` holds addresses, or names where there is none."""

    id: str
    service: str
    tier: int
    statement: str
    source: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: a statement, its source, how it stands, and its `tier` (1 is the core list)."""

    id: str
    service: str
    statement: str
    source: str
    status: Status
    tier: int

    def as_dict(self) -> dict[str, Any]:
        """The line as JSON has it."""
        return asdict(self)


def behaviours() -> tuple[Behaviour, ...]:
    """Every statement, in the order of the file."""
    folder = resources.files("localcloud.facts")
    listed = yaml.safe_load(folder.joinpath("behaviours.yaml").read_text(encoding="utf-8"))["behaviours"]
    sources = yaml.safe_load(folder.joinpath("aws.yaml").read_text(encoding="utf-8"))["sources"]
    return tuple(
        Behaviour(b["id"], b["service"], b["tier"], b["statement"], " ".join(_address(k, sources) for k in b["source"]))
        for b in listed
    )


def _address(key: str, sources: Mapping[str, Any]) -> str:
    return str((sources.get(key) or {}).get("url") or key)


class _Outcomes:
    """A pytest plugin: which tests of each behaviour passed."""

    def __init__(self) -> None:
        self.passed: dict[str, bool] = {}
        self._ids: dict[str, tuple[str, ...]] = {}

    def pytest_collection_modifyitems(self, items: Sequence[Any]) -> None:
        for item in items:
            ids = tuple(str(name) for mark in item.iter_markers("behaviour") for name in mark.args)
            self._ids[item.nodeid] = ids
            for name in ids:
                self.passed.setdefault(name, True)

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            for name in self._ids.get(report.nodeid, ()):
                self.passed[name] = False


def judge(tests: Path) -> tuple[Row, ...]:
    """Run the tests in `tests` and say of every behaviour how it stands.

    Raises ConfigurationError when there are no tests there, or when they could not be collected.
    """
    if not tests.is_dir():
        raise ConfigurationError(f"No conformance tests at {tests}; run it in a checkout, or name the folder.")
    try:
        import pytest
    except ImportError:
        raise ConfigurationError("pytest is needed to judge conformance; install this project with [test].") from None
    outcomes, output = _Outcomes(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        code = pytest.main(["-q", "--tb=no", "--no-header", str(tests)], plugins=[outcomes])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise ConfigurationError(f"The conformance tests could not be run: {output.getvalue()[-500:].strip()}")
    return tuple(
        Row(b.id, b.service, b.statement, b.source, _status(outcomes.passed.get(b.id)), b.tier) for b in behaviours()
    )


def _status(passed: bool | None) -> Status:
    return "not-modelled" if passed is None else "pass" if passed else "fail"


def counts(rows: Sequence[Row]) -> dict[str, int]:
    """How many rows have each status."""
    found = Counter(row.status for row in rows)
    return {status: found[status] for status in ("pass", "fail", "not-modelled")}
