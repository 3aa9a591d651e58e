"""What `patisserie run NN` gives, pinned: one digest a lab, the same in every process and on every machine."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from patisserie.notebooks.execute import ExecutionFailed

_RUN = "from patisserie.cli import app; app(['run', {number!r}, '--json'])"


def pinned(root: Path) -> dict[str, str]:
    """The digest of each lab's run, by its number; empty when nothing is pinned yet."""
    path = _place(root)
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found


def pin(root: Path, numbers: Sequence[str], run: Callable[[str], dict[str, Any]] | None = None) -> bool:
    """Run the labs and keep their digests; whether one is new. Raises ExecutionFailed."""
    run = run or run_in_a_process
    before = pinned(root)
    after = dict(sorted({**before, **{number: run(number)["digest"] for number in numbers}}.items()))
    if after != before:
        _place(root).write_text(json.dumps(after, indent=1) + "\n", encoding="utf-8", newline="\n")
    return after != before


def run_in_a_process(number: str) -> dict[str, Any]:
    """The object that `patisserie run NUMBER --json` prints, in a process of its own. Raises ExecutionFailed."""
    command = [sys.executable, "-c", _RUN.format(number=number)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ExecutionFailed(f"patisserie run {number} failed: {(done.stderr or done.stdout).strip()[-1_000:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _place(root: Path) -> Path:
    return root / "solutions" / "digests.json"
