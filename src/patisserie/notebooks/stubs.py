"""Is every line of a learner's notebook also in the solution, or a stub?"""

from __future__ import annotations

from patisserie.notebooks.source import Source

_STUBS = ("raise NotImplementedError(", "...", "#")


def strange_lines(source: Source) -> list[str]:
    """One sentence for each code line of the lab that is neither in the solution nor a stub nor a comment.

    What a learner is given must be part of the way: nothing to be deleted again.
    """
    lab_only = {line for cell in _code(source.lab()) for line in _lines(cell)}
    solved = {line for cell in _code(source.solution()) for line in _lines(cell)}
    return [
        f"{source.stem}: {line!r} is in the lab but not in the solution."
        for line in sorted(lab_only - solved)
        if not line.startswith(_STUBS)
    ]


def _code(notebook: object) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]  # type: ignore[attr-defined]


def _lines(cell: str) -> list[str]:
    return [line.strip() for line in cell.splitlines() if line.strip()]
