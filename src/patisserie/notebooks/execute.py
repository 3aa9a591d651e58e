"""Running a solution unattended, so that its stored outputs are those of the simulator."""

from __future__ import annotations

import copy
import os
import tempfile
from pathlib import Path
from typing import Any

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError

from patisserie.notebooks.source import without_outputs

_CELL_LIMIT_S = 120


class ExecutionFailed(Exception):
    """A cell raised or took too long. The message names the notebook and shows the cell's own error."""


def executed(notebook: Any, name: str, directory: Path) -> Any:
    """The notebook with its outputs. Checks that do not pass raise. Raises ExecutionFailed."""
    done = copy.deepcopy(notebook)
    environment = {**os.environ, "PATISSERIE_STRICT": "1", "PATISSERIE_UNATTENDED": "1", "PYTHONHASHSEED": "0"}
    with tempfile.TemporaryDirectory() as sockets:
        client = NotebookClient(
            done,
            timeout=_CELL_LIMIT_S,
            kernel_name="python3",
            resources={"metadata": {"path": str(directory)}},
            record_timing=False,
        )
        manager: Any = client.create_kernel_manager()
        if os.name == "posix":  # unix sockets: no ports to race for
            manager.transport = "ipc"
            manager.ip = os.path.join(sockets, "kernel")
        try:
            client.execute(env=environment)
        except (CellExecutionError, CellTimeoutError) as exc:
            raise ExecutionFailed(f"{name}: {exc}") from exc
    outputs = [cell.outputs for cell in done.cells if cell.cell_type == "code"]
    counts = [cell.execution_count for cell in done.cells if cell.cell_type == "code"]
    done = without_outputs(done)
    for cell, output, count in zip((c for c in done.cells if c.cell_type == "code"), outputs, counts, strict=True):
        cell.outputs, cell.execution_count = output, count
    return done
