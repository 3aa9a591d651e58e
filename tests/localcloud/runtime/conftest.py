from __future__ import annotations

import pytest

from localcloud.kernel import Kernel
from localcloud.patching import Patches
from localcloud.runtime import ExecutionEnvironment, install


@pytest.fixture
def kernel():
    kernel, patches = Kernel(seed=7), Patches()
    uninstall = install(kernel, patches)
    yield kernel
    kernel.close()
    uninstall()
    patches.undo()


@pytest.fixture
def environment(kernel, tmp_path):
    """Make execution environments from source text: environment(name, {"app.py": "..."}, **environ)."""

    def make(name, files, **environ):
        directory = tmp_path / name.partition("#")[0]
        for file, text in files.items():
            path = directory / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        lines = []
        made = ExecutionEnvironment(kernel, name, [directory], environ, lines.append)
        made.lines = lines
        return made

    return make
