"""What a learner has passed, kept in a small file beside the working copies."""

from __future__ import annotations

import json
from pathlib import Path

from patisserie.checks import CheckResult


class ProgressBook:
    """The ids of passed checks, in progress.json of the directory with the working copies."""

    def __init__(self, workdir: Path) -> None:
        self._path = workdir / "progress.json"

    def passed(self, check_id: str) -> bool:
        return check_id in self._read()

    def note(self, result: CheckResult) -> None:
        """Remember a pass. A later failure does not take it back: what was learned stays learned."""
        if not result.passed or self.passed(result.check_id):
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(sorted([*self._read(), result.check_id]), indent=1)
        self._path.write_text(text + "\n", encoding="utf-8")

    def _read(self) -> list[str]:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return []
        return [entry for entry in found if isinstance(entry, str)] if isinstance(found, list) else []
