"""`python -m patisserie.notebooks build [NN]`, `check [NN] [--run]`, `lint [NN]` and `digests [NN]`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from patisserie.course import CourseNotFound, course_root
from patisserie.notebooks.anatomy import anatomy
from patisserie.notebooks.digests import pin
from patisserie.notebooks.execute import ExecutionFailed
from patisserie.notebooks.source import SourceError
from patisserie.notebooks.stubs import stub_findings
from patisserie.notebooks.sync import changed_by_running, chosen, out_of_sync, regenerate

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The notebooks of the labs, from their sources.")
Only = Annotated[str, typer.Argument(help="A lab's number; all when left out.")]
Root = Annotated[Path | None, typer.Option(help="The directory with labs/ and solutions/; the course's when left out.")]


@contextmanager
def _in_words() -> Iterator[None]:
    """What an author got wrong ends in its message and exit code 1."""
    try:
        yield
    except (SourceError, ExecutionFailed, CourseNotFound) as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(1) from None


@app.command()
def build(only: Only = "", root: Root = None) -> None:
    """Write labs/ and solutions/ anew; solutions are executed."""
    with _in_words():
        where = root or course_root()
        changed = regenerate(where, only, lambda name: typer.echo(f"{name} ..."))
    for path in changed:
        typer.echo(f"changed {path.relative_to(where)}")
    typer.echo("in sync" if not changed else f"{len(changed)} written")


@app.command()
def check(
    only: Only = "",
    root: Root = None,
    run: Annotated[bool, typer.Option("--run", help="Execute the solutions too, and compare every byte.")] = False,
) -> None:
    """Say what is not as its source says. Nothing is written."""
    with _in_words():
        where = root or course_root()
        names = [source.stem for source in chosen(where, only)]
        findings = [f for f in out_of_sync(where) if not only or any(name in f for name in names)]
        if run and not findings:
            findings = changed_by_running(where, only, lambda name: typer.echo(f"{name} ..."))
    _report(findings, "in sync")


@app.command()
def lint(only: Only = "", root: Root = None) -> None:
    """Say where a source leaves the labs' common anatomy, and which stubs are not on the way to the solution."""
    with _in_words():
        found = [
            f"solutions/{source.path.name}, {finding}"
            for source in chosen(root or course_root(), only)
            for finding in sorted([*anatomy(source), *stub_findings(source)])
        ]
    _report(found, "nothing to mend")


@app.command()
def digests(only: Only = "") -> None:
    """Run the labs of the course and write what their digests are to solutions/digests.json."""
    with _in_words():
        where = course_root()
        changed = pin(where, [source.stem.partition("-")[0] for source in chosen(where, only)])
    typer.echo("solutions/digests.json written" if changed else "every digest is as it was")


def _report(findings: list[str], fine: str) -> None:
    for finding in findings:
        typer.echo(finding)
    if findings:
        raise typer.Exit(1)
    typer.echo(fine)


if __name__ == "__main__":
    app()
