"""Commands. Each answers a wrong argument with one sentence and exit code 2."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from patisserie.cli import doctor as doctor_module
from patisserie.course import CourseNotFound, course_root, default_workdir
from patisserie.labs import LABS, Lab, UnknownLab, find_lab
from patisserie.measure import Measurement, digest
from patisserie.progress import ProgressBook
from patisserie.quality import QualityRow, quality
from patisserie.session import DEFAULT_SEED, LabSession, open_lab
from patisserie.session.workspace import WorkspaceError
from patisserie.targets import TargetError
from patisserie.targets.aws import AwsTarget
from patisserie.targets.aws_cleanup import clean_up, find_stacks
from patisserie.targets.opt_in import require_opt_in

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Pâtisserie Amélie, the serverless workshop: labs, measured on your own computer.",
)
Number = Annotated[str, typer.Argument(help="The lab's number, such as 02.")]
Seed = Annotated[int, typer.Option(help="Decides every draw of the run.")]
TargetName = Annotated[str, typer.Option("--target", help="local, or aws.")]
Yes = Annotated[bool, typer.Option("--yes", help="For aws: opt in, and do not ask.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object, and nothing else, on standard output.")]


@contextmanager
def _one_sentence() -> Iterator[None]:
    """What a user got wrong ends in one sentence and exit code 2."""
    try:
        yield
    except (UnknownLab, TargetError, CourseNotFound, WorkspaceError) as exc:
        Console(stderr=True, soft_wrap=True).print(str(exc), markup=False, highlight=False)
        raise typer.Exit(2) from None


@app.command()
def labs() -> None:
    """List the labs, and what of each is done."""
    with _one_sentence():
        book = ProgressBook(default_workdir())
        table = Table("lab", "title", "year", "minutes", "level", "done")
        for lab in LABS:
            passed = sum(book.passed(exercise.check.check_id) for exercise in lab.exercises)
            done = f"{passed} of {len(lab.exercises)}"
            table.add_row(lab.number, lab.title, str(lab.year), str(lab.minutes), lab.level, done)
        Console().print(table)


@app.command(name="open")
def open_command(number: Number) -> None:
    """Open a lab's notebook in JupyterLab."""
    with _one_sentence():
        lab = find_lab(number)
        notebook = course_root() / "labs" / f"{lab.folder}.ipynb"
        if not notebook.is_file():
            raise UnknownLab(f"Lab {lab.number} has no notebook at labs/{notebook.name}; run make notebooks first.")
        subprocess.run([sys.executable, "-m", "jupyterlab", str(notebook)], check=False)


@app.command()
def run(
    number: Number,
    seed: Seed = DEFAULT_SEED,
    target: TargetName = "local",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Do the solved lab without a notebook: measure before and after, and judge every check."""
    with _one_sentence(), tempfile.TemporaryDirectory() as workdir:
        started = time.perf_counter()
        session = open_lab(
            number, seed=seed, target=target, workdir=Path(workdir), opted_in=yes, confirm=_confirmation(yes)
        )
        try:
            with session.target.plainly():
                found = session.lab.run(session)
            session.cleanup()
        except BaseException:
            if session.target.name == "aws":
                _clean_up_after_failure(session)
            raise
        finally:
            session.close()
        answer = {
            "lab": session.lab.number,
            "before": _json_row(found.before),
            "after": _json_row(found.after),
            "checks": [
                {"id": c.check_id, "state": c.state, "measured": c.measured, "target": c.target} for c in found.checks
            ],
            "seed": seed,
            "target": target,
            "digest": digest(found),
            "wall_s": round(time.perf_counter() - started, 2),
        }
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False, allow_nan=False))
    else:
        console = Console(soft_wrap=True)
        from patisserie.measure.measurement import table_text

        console.print(table_text([found.before, found.after]), markup=False, highlight=False)
        for check in found.checks:
            console.print(repr(check), markup=False, highlight=False)
        console.print(f"digest {answer['digest']} · {answer['wall_s']} s", highlight=False)
    if not all(check.passed for check in found.checks):
        raise typer.Exit(1)


def _json_row(found: Measurement) -> dict[str, Any]:
    """The table's columns; what there is no number for (the p50 of no answers) is null, since JSON has no NaN."""
    row = found.row()
    return {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in row.items()}


def _clean_up_after_failure(session: LabSession) -> None:
    """What stands costs money, whatever went wrong; what cannot be deleted now is said, with the first failure."""
    try:
        session.cleanup()
    except TargetError as exc:
        Console(stderr=True, soft_wrap=True).print(str(exc), markup=False, highlight=False)


@app.command()
def checks(
    number: Number,
    show_quality: Annotated[
        bool, typer.Option("--quality", help="Judge the flawed start, wrong answers and the solution.")
    ] = False,
    seed: Seed = DEFAULT_SEED,
    as_json: AsJson = False,
) -> None:
    """List a lab's checks; with --quality, show that each tells right from wrong."""
    with _one_sentence(), tempfile.TemporaryDirectory() as workdir:
        lab = find_lab(number)
        if not show_quality:
            _list_checks(lab, as_json)
            return
        rows = _judged(lab, seed, Path(workdir), quiet=as_json)
    if as_json:
        typer.echo(json.dumps([_row(row) for row in rows], ensure_ascii=False))
    else:
        table = Table("check", "attempt", "expected", "found", "measured")
        for row in rows:
            table.add_row(row.check_id, row.attempt, row.expected, "✔" if row.ok else "✘ wrong", row.measured)
        Console().print(table)
    if not all(row.ok for row in rows):
        raise typer.Exit(1)


def _list_checks(lab: Lab, as_json: bool) -> None:
    found = [{"id": e.check.check_id, "title": e.check.title} for e in lab.exercises]
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    for entry in found:
        typer.echo(f"{entry['id']}: {entry['title']}")


def _judged(lab: Lab, seed: int, workdir: Path, quiet: bool) -> list[QualityRow]:
    total = sum(2 + len(exercise.wrong) for exercise in lab.exercises)
    with Progress(console=Console(stderr=True), disable=quiet) as bar:
        task = bar.add_task(f"lab {lab.number}", total=total)
        rows = []
        for row in quality(lab, seed, workdir):
            rows.append(row)
            bar.advance(task)
    return rows


def _row(row: QualityRow) -> dict[str, Any]:
    return {
        "check": row.check_id, "attempt": row.attempt, "expected": row.expected, "state": row.state, "ok": row.ok,
        "measured": row.measured,
    }  # fmt: skip


@app.command()
def reset(number: Number) -> None:
    """Bring a lab's working copy back to the start. Your own work is kept beside it."""
    with _one_sentence():
        session = open_lab(number)
        try:
            typer.echo(session.reset())
        finally:
            session.close()


@app.command()
def cleanup(
    target: TargetName = "local",
    run_id: Annotated[str | None, typer.Option("--run", help="Only this run, such as 02-1a2b3c4d.")] = None,
    yes: Yes = False,
) -> None:
    """Delete what labs have left on a target."""
    with _one_sentence():
        if target == "local":
            typer.echo("The local target keeps nothing between runs: there is nothing to clean up.")
            return
        if target != "aws":
            raise TargetError(f'The target {target!r} is not there; use "local" or "aws".')
        require_opt_in(yes)
        aws = AwsTarget(DEFAULT_SEED, {"patisserie:run": run_id or "all"})
        with aws.plainly():
            of_run = f"of run {run_id}" if run_id else "of every run"
            stacks = ", ".join(find_stacks(aws.client, run_id)) or "no stack"
            where = aws.account.endpoint or "AWS"
            account = f"Account {aws.account.account_id} in {aws.account.region} on {where}"
            text = f"{account}: delete what is left {of_run}: {stacks}."
            if not _confirmation(yes)(text):
                raise TargetError("Nothing was deleted: it was not confirmed.")
            found = clean_up(aws.client, aws.account.account_id, run_id)
        typer.echo(
            f"Deleted {len(found.stacks)} stacks, {len(found.log_groups)} log groups and {len(found.buckets)} buckets."
        )
        if found.left:
            raise TargetError(f"Left behind on aws: {', '.join(found.left)}. Run cleanup again.")


def _confirmation(yes: bool) -> Callable[[str], bool]:
    """Shows a plan on standard error, where it does not mix with --json, and asks unless told yes already."""

    def confirm(text: str) -> bool:
        typer.echo(text, err=True)
        return yes or typer.confirm("Go on?", err=True)

    return confirm


@app.command()
def doctor() -> None:
    """Look whether this computer has what the course needs."""
    findings = doctor_module.examine()
    table = Table("", "what", "found", "what to do")
    for finding in findings:
        table.add_row("✔" if finding.ok else "✘", finding.what, finding.found, finding.remedy)
    Console().print(table)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def main(run_app: Callable[[], None] = app) -> None:
    """The entry point of the console script."""
    run_app()
