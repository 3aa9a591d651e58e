"""The local cloud alone: what it needs, and that nothing of the workshop comes with it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib

import pytest

from patisserie.course import course_root

# Distributions that are imported by another name.
_IMPORTED_AS = {"airspeed-ext": "airspeed", "aws-sam-translator": "samtranslator", "jsonata-python": "jsonata",
                "PyYAML": "yaml"}  # fmt: skip
_NOT_IMPORTED = {"tzdata", "snapshot-restore-py"}  # data of zoneinfo, and what handlers import
QUICK_START = re.compile(r"```python\n(from localcloud import Cloud\n.*?)```", re.DOTALL)


def project():
    return tomllib.loads((course_root() / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def names(requirements):
    return [re.match(r"[A-Za-z0-9-]+", requirement)[0] for requirement in requirements]


def run(code, folder):
    """What a program prints that has nothing but the local cloud's own sources to import."""
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(course_root() / "src"), "HOME": str(folder)}
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_local_cloud_imports_all_that_it_needs_and_needs_nothing_else():
    sources = "\n".join(
        path.read_text(encoding="utf-8") for path in (course_root() / "src" / "localcloud").rglob("*.py")
    )
    for name in set(names(project()["dependencies"])) - _NOT_IMPORTED:
        module = _IMPORTED_AS.get(name, name.replace("-", "_"))
        assert re.search(rf"^\s*(?:from|import) {module}\b", sources, re.MULTILINE), f"{name} is not imported"


@pytest.mark.parametrize("name", ["jupyterlab", "ipykernel", "ipywidgets", "nbval", "aws-lambda-powertools"])
def test_what_a_learner_needs_is_an_extra(name):
    assert name not in names(project()["dependencies"])
    assert name in names(project()["optional-dependencies"]["workshop"])
    assert "-e .[workshop]" in (course_root() / "requirements.txt").read_text(encoding="utf-8").splitlines()


def test_the_quick_start_runs_and_imports_nothing_of_the_workshop(tmp_path):
    start = QUICK_START.search((course_root() / "README.md").read_text(encoding="utf-8"))[1]
    others = ("patisserie", "IPython", "ipykernel", "ipywidgets", "jupyterlab", "nbval", "aws_lambda_powertools")
    listed = f"import sys\nprint([n for n in sys.modules if n.split('.')[0] in {others}])"
    assert run(f"{start}\n{listed}", tmp_path) == "[]\n"
    assert run(f"import localcloud.cli, localcloud.server\n{listed}", tmp_path) == "[]\n"


def test_no_source_of_the_local_cloud_imports_the_workshop():
    for path in (course_root() / "src" / "localcloud").rglob("*.py"):
        assert not re.search(r"^\s*(?:from|import) patisserie\b", path.read_text(encoding="utf-8"), re.MULTILINE), path
