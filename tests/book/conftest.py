"""The book, built once for all tests of a worker."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from patisserie.course import course_root


@pytest.fixture(scope="session")
def built_book(tmp_path_factory):
    """(directory with the pages, what the build printed); the build is strict."""
    out = tmp_path_factory.mktemp("book")
    program = str(Path(sys.executable).with_name("jupyter-book"))
    command = [program, "build", str(course_root()), "-W", "-n", "--keep-going"]
    result = subprocess.run(
        [*command, "--path-output", str(out)], capture_output=True, text=True, timeout=300, check=False
    )
    assert result.returncode == 0, result.stdout[-3_000:] + result.stderr[-3_000:]
    return out / "_build" / "html", result.stdout + result.stderr
