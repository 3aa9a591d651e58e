"""JupyterLab's settings travel with the package."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[3]
SHARED = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"][
    "wheel"
]["shared-data"]


def installed(target):
    """The file that an installation puts at sys.prefix/target, parsed."""
    (source,) = [source for source, place in SHARED.items() if place == target]
    return json.loads((ROOT / source).read_text(encoding="utf-8"))


def test_markdown_opens_as_a_preview_and_nothing_asks_for_news():
    settings = installed("share/jupyter/lab/settings/overrides.json")
    assert settings["@jupyterlab/docmanager-extension:plugin"]["defaultViewers"]["markdown"] == "Markdown Preview"
    news = settings["@jupyterlab/apputils-extension:notification"]
    assert news == {"checkForUpdates": False, "doNotDisturbMode": True, "fetchNews": "false"}


def test_jupyterlab_starts_on_a_page_that_exists():
    address = installed("etc/jupyter/jupyter_lab_config.json")["LabApp"]["default_url"]
    assert address.startswith("/lab/tree/")
    assert (ROOT / address.removeprefix("/lab/tree/")).is_file()


def test_testing_notebooks_needs_none_of_the_tools_that_build_them():
    script = (
        "import sys; sys.modules.update(dict.fromkeys(['jupytext', 'nbclient'])); "
        "import patisserie.notebooks.kernels as kernels; print(kernels.socket_settings().get('transport', 'tcp'))"
    )
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=False)
    assert done.stdout.strip() in {"ipc", "tcp"}, done.stderr
