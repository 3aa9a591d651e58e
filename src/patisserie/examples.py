"""The examples of the reference pages: each is run, and what it prints stands under it.

`python -m patisserie.examples` writes the outputs anew, after a change that is meant. Time is virtual and chance has a
seed, so an output is the same on every machine.
"""

from __future__ import annotations

import contextlib
import io
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from patisserie.course import course_root
from patisserie.errors import OneSentence

_BLOCK = re.compile(
    r"^```python\n(?P<source>.*?)^```\n(?:\n```text\n(?P<printed>.*?)^```\n)?", re.MULTILINE | re.DOTALL
)
_TESTS = re.compile(r"^def test_", re.MULTILINE)


class ExampleFailed(OneSentence):
    """An example raised, or the tests in it did not pass."""


@dataclass(frozen=True, slots=True)
class Example:
    """One Python block of a page. `line` is that of its first line; `printed` what the page says it prints, or None."""

    page: Path
    line: int
    source: str
    printed: str | None

    @property
    def name(self) -> str:
        """The page and the line, as in "services/sqs:40"."""
        return f"{self.page.parent.name}/{self.page.stem}:{self.line}"

    @property
    def lines(self) -> int:
        """Lines that are not blank."""
        return sum(bool(line.strip()) for line in self.source.splitlines())


def reference_pages(root: Path) -> tuple[Path, ...]:
    """The hand-written pages about the local cloud, in alphabetical order."""
    folder = root / "book" / "reference"
    found = [*folder.glob("services/*.md"), *folder.glob("library/*.md"), folder / "local-cloud.md"]
    return tuple(sorted(found))


def examples(page: Path) -> Iterator[Example]:
    """The Python blocks of a page, from top to bottom."""
    text = page.read_text(encoding="utf-8")
    for match in _BLOCK.finditer(text):
        yield Example(page, text.count("\n", 0, match.start("source")) + 1, match["source"], match["printed"])


def run(example: Example) -> str:
    """What the example prints, in a namespace of its own. Tests in it are run by pytest and print nothing here.

    Raises ExampleFailed, from what the example raised.
    """
    if _TESTS.search(example.source):
        _run_tests(example)
        return ""
    printed = io.StringIO()
    code = compile(example.source, f"{example.page}:{example.line}", "exec", dont_inherit=True)
    try:
        with contextlib.redirect_stdout(printed):
            exec(code, {"__name__": "example"})  # noqa: S102 - running it is what an example is for
    except Exception as exc:
        raise ExampleFailed(f"{example.name} raised {type(exc).__name__}: {exc}") from exc
    return printed.getvalue()


def _run_tests(example: Example) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "test_example.py"
        file.write_text(example.source, encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", folder, str(file)]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ExampleFailed(f"{example.name}: its tests did not pass.\n{done.stdout[-2_000:]}")


def rewritten(page: Path) -> str:
    """The page with what its examples print now, wherever it shows an output. Raises ExampleFailed."""
    text = page.read_text(encoding="utf-8")
    found = list(examples(page))
    for match, example in reversed(list(zip(_BLOCK.finditer(text), found, strict=True))):
        if example.printed is not None:
            start, end = match.span("printed")
            text = text[:start] + run(example) + text[end:]
    return text


def main() -> None:
    """Write every page anew."""
    for page in reference_pages(course_root()):
        page.write_text(rewritten(page), encoding="utf-8")


if __name__ == "__main__":
    main()
