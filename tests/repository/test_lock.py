"""The lock covers every direct dependency, within its bounds."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from patisserie.course import course_root

PROJECT = tomllib.loads((course_root() / "pyproject.toml").read_text(encoding="utf-8"))["project"]
WANTED = [*PROJECT["dependencies"], *(name for extra in PROJECT["optional-dependencies"].values() for name in extra)]


def locked():
    """Versions by name; a name may have one for each platform or Python."""
    found = {}
    for line in (course_root() / "constraints.txt").read_text(encoding="utf-8").splitlines():
        match = re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;]+)", line)
        if match:
            found.setdefault(canonicalize_name(match[1]), []).append(match[2])
    return found


@pytest.mark.parametrize("wanted", WANTED)
def test_a_dependency_has_an_upper_bound_and_is_locked_within_it(wanted):
    requirement = Requirement(wanted)
    operators = {specifier.operator for specifier in requirement.specifier}
    assert operators & {"<", "==", "<="}, f"{requirement.name} has no upper bound"
    versions = locked().get(canonicalize_name(requirement.name))
    assert versions, f"{requirement.name} is not in constraints.txt; run make lock"
    assert all(requirement.specifier.contains(version) for version in versions), (
        "constraints.txt is stale; run make lock"
    )


def test_the_lock_records_no_addresses_and_no_hashes():
    text = (course_root() / "constraints.txt").read_text(encoding="utf-8")
    assert "://" not in text
    assert "--hash" not in text
