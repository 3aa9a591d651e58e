"""Running a solution unattended, so that its stored outputs are those of the simulator, and of nothing else."""

from __future__ import annotations

import copy
import os
import time
from pathlib import Path
from typing import Any

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from patisserie.notebooks.kernels import AsyncUnixSocketKernelManager
from patisserie.notebooks.source import without_outputs

CELL_LIMIT_S = 120.0
_WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
_SETTINGS = {"PATISSERIE_STRICT": "1", "PATISSERIE_UNATTENDED": "1", "PYTHONHASHSEED": "0"}


class ExecutionFailed(Exception):
    """A cell raised or took too long. The message names the notebook, the cell and its error."""


def executed(
    notebook: Any,
    name: str,
    directory: Path,
    cell_limit_s: float = CELL_LIMIT_S,
    took_s: dict[int, float] | None = None,
) -> Any:
    """A copy of the notebook with its outputs, run in `directory`. Checks that do not pass raise.

    Cells tagged skip-execution are left alone. `took_s` is given the real seconds of each cell, by its index. Raises
    ExecutionFailed.
    """
    done = without_outputs(notebook)
    reached, began_s = 0, 0.0

    def remember(cell: Any, cell_index: int) -> None:
        nonlocal reached, began_s
        reached, began_s = cell_index, time.perf_counter()

    def clock(cell: Any, cell_index: int, execute_reply: Any) -> None:
        if took_s is not None:
            took_s[cell_index] = time.perf_counter() - began_s

    client = NotebookClient(
        done,
        timeout=cell_limit_s,
        kernel_name="python3",
        kernel_manager_class=AsyncUnixSocketKernelManager,
        resources={"metadata": {"path": str(directory)}},
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,  # else it depends on the moment of a flush how a cell's print is split
        on_cell_start=remember,
        on_cell_executed=clock,
    )
    try:
        client.execute(env={**os.environ, **_SETTINGS})
    except CellTimeoutError as exc:
        message = f"{_place(name, done, reached)} took longer than {cell_limit_s:g} seconds."
        raise ExecutionFailed(message) from exc
    except CellExecutionError as exc:
        raise ExecutionFailed(f"{_place(name, done, reached)} raised {exc.ename}: {exc.evalue}\n{exc}") from exc
    except DeadKernelError as exc:
        raise ExecutionFailed(f"{_place(name, done, reached)} ended its kernel.") from exc
    return _settled(done)


def _place(name: str, notebook: Any, index: int) -> str:
    """Which cell, in words: its number among all cells, and its first line."""
    cell = notebook.cells[index]
    return f"{name}: cell {index + 1} ({cell.source.partition(chr(10))[0]!r})"


def _settled(notebook: Any) -> Any:
    """The notebook without what differs from one run to the next."""
    bare = without_outputs(notebook)
    for cell, run in zip(bare.cells, notebook.cells, strict=True):
        if cell.cell_type == "code":
            cell.execution_count = run.execution_count
            cell.outputs = [_settled_output(output) for output in run.outputs]
    return bare


def _settled_output(output: Any) -> Any:
    kept = copy.deepcopy(output)
    if "data" in kept:
        kept.data.pop(_WIDGET_VIEW, None)  # the id of a model that only that kernel had; its text stays
    if kept.output_type == "error":  # a traceback has paths of this machine
        kept.traceback = [f"{kept.ename}: {kept.evalue}"]
    return kept
