"""Keeping labs/ and solutions/ what their sources say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from nbformat.reader import NotJSONError

from patisserie.notebooks.execute import CELL_LIMIT_S, executed
from patisserie.notebooks.source import Source, SourceError, sources, to_text, without_outputs


def _silent(name: str) -> None:
    """Tell nobody."""


def chosen(root: Path, only: str = "") -> list[Source]:
    """The sources whose names start with `only`; all for "". Raises SourceError when there is none of that name."""
    everything = list(sources(root))
    found = [source for source in everything if source.stem.startswith(only)]
    if only and not found:
        known = ", ".join(source.stem for source in everything) or "none"
        raise SourceError(f"No source starts with {only!r} in solutions/; there are: {known}.")
    return found


def regenerate(
    root: Path, only: str = "", tell: Callable[[str], None] = _silent, cell_limit_s: float = CELL_LIMIT_S
) -> list[Path]:
    """Write every notebook anew and return those that changed. Solutions are executed.

    A lab is written only when its solution ran. Raises SourceError and ExecutionFailed.
    """
    changed = []
    for source in chosen(root, only):
        tell(source.stem)
        lab, solution = _places(root, source)
        run = executed(source.solution(), source.stem, root / "solutions", cell_limit_s)
        for path, text in ((lab, to_text(source.lab())), (solution, to_text(run))):
            if _text(path) != text:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8", newline="\n")
                changed.append(path)
    return changed


def out_of_sync(root: Path) -> list[str]:
    """One sentence for each notebook that is not what its source generates. Nothing is executed."""
    findings = []
    known = set()
    for source in sources(root):
        lab, solution = _places(root, source)
        known |= {lab, solution}
        try:
            given, solved = to_text(source.lab()), source.solution()
        except SourceError as exc:
            findings.append(str(exc))
            continue
        if _text(lab) != given:
            findings.append(f"labs/{lab.name} is not what {source.path.name} generates; run make notebooks.")
        problem = _solution_problem(solution, solved)
        if problem:
            findings.append(f"solutions/{solution.name} {problem}; run make notebooks.")
    for path in sorted([*(root / "labs").glob("*.ipynb"), *(root / "solutions").glob("*.ipynb")]):
        if path not in known:
            findings.append(f"{path.parent.name}/{path.name} has no source in solutions/.")
    return findings


def changed_by_running(root: Path, only: str = "", tell: Callable[[str], None] = _silent) -> list[str]:
    """One sentence for each solution that a new run does not give byte for byte. Nothing is written.

    Raises SourceError and ExecutionFailed.
    """
    findings = []
    for source in chosen(root, only):
        tell(source.stem)
        _, solution = _places(root, source)
        if _text(solution) != to_text(executed(source.solution(), source.stem, root / "solutions")):
            findings.append(f"solutions/{solution.name} is not what a new run gives; run make notebooks.")
    return findings


def _solution_problem(path: Path, expected: Any) -> str:
    text = _text(path)
    if text is None:
        return "is missing"
    try:
        stored = nbformat.reads(text, 4)
    except (NotJSONError, nbformat.ValidationError) as exc:
        return f"is not a notebook ({str(exc).splitlines()[0]})"
    if to_text(without_outputs(stored)) != to_text(expected):
        return f"differs from {path.stem}.md"
    if to_text(stored) != text:
        return "is not written the way it is generated"
    for cell in stored.cells:
        skipped = "skip-execution" in cell.metadata.get("tags", [])
        if cell.cell_type == "code" and cell.execution_count is None and not skipped:
            return "has cells that were not executed"
    return ""


def _text(path: Path) -> str | None:
    """The file with its own line ends, or None when there is no file."""
    return path.read_bytes().decode("utf-8", errors="replace") if path.is_file() else None


def _places(root: Path, source: Source) -> tuple[Path, Path]:
    return root / "labs" / f"{source.stem}.ipynb", root / "solutions" / f"{source.stem}.ipynb"
