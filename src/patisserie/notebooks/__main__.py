"""`python -m patisserie.notebooks build [NN]` and `check`."""

from __future__ import annotations

from typing import Annotated

import typer

from patisserie.course import course_root
from patisserie.notebooks.execute import ExecutionFailed
from patisserie.notebooks.source import SourceError
from patisserie.notebooks.sync import out_of_sync, regenerate

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The notebooks of the labs, from their sources.")


@app.command()
def build(only: Annotated[str, typer.Argument(help="A lab's number; all when left out.")] = "") -> None:
    """Write labs/ and solutions/ anew; solutions are executed."""
    root = course_root()
    try:
        changed = regenerate(root, only, lambda name: typer.echo(f"{name} ..."))
    except (SourceError, ExecutionFailed) as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(1) from None
    for path in changed:
        typer.echo(f"changed {path.relative_to(root)}")
    typer.echo("in sync" if not changed else f"{len(changed)} written")


@app.command()
def check() -> None:
    """Say what is not as its source says. Nothing is executed."""
    findings = out_of_sync(course_root())
    for finding in findings:
        typer.echo(finding)
    if findings:
        raise typer.Exit(1)
    typer.echo("in sync")


app()
