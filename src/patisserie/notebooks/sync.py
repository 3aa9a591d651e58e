"""Keeping labs/ and solutions/ what their sources say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat

from patisserie.notebooks.execute import executed
from patisserie.notebooks.source import Source, sources, to_text, without_outputs


def regenerate(root: Path, only: str = "", tell: Callable[[str], None] = lambda name: None) -> list[Path]:
    """Write every notebook anew and return those that changed. Solutions are executed.

    Raises SourceError and ExecutionFailed.
    """
    changed = []
    for source in sources(root):
        if only and not source.stem.startswith(only):
            continue
        tell(source.stem)
        lab, solution = _places(root, source)
        run = executed(source.solution(), source.stem, root / "solutions")
        for path, text in ((lab, to_text(source.lab())), (solution, to_text(run))):
            if not path.exists() or path.read_text(encoding="utf-8") != text:
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
        if not lab.exists() or lab.read_text(encoding="utf-8") != to_text(source.lab()):
            findings.append(f"labs/{lab.name} is not what {source.path.name} generates; run make notebooks.")
        if not solution.exists():
            findings.append(f"solutions/{solution.name} is missing; run make notebooks.")
            continue
        stored = nbformat.read(solution, 4)
        if to_text(without_outputs(stored)) != to_text(source.solution()):
            findings.append(f"solutions/{solution.name} differs from {source.path.name}; run make notebooks.")
        elif any(c.cell_type == "code" and c.execution_count is None for c in stored.cells):
            findings.append(f"solutions/{solution.name} has cells that were not executed; run make notebooks.")
    for path in sorted([*(root / "labs").glob("*.ipynb"), *(root / "solutions").glob("*.ipynb")]):
        if path not in known:
            findings.append(f"{path.parent.name}/{path.name} has no source in solutions/.")
    return findings


def _places(root: Path, source: Source) -> tuple[Path, Path]:
    return root / "labs" / f"{source.stem}.ipynb", root / "solutions" / f"{source.stem}.ipynb"
