"""The command line: `localcloud`."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from localcloud.cloud import Cloud
from localcloud.errors import ConfigurationError

app = typer.Typer(no_args_is_help=True, add_completion=False, help="AWS on your own computer, in virtual time.")


@app.command()
def serve(
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.")] = 4566,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    speed: Annotated[str, typer.Option(help="Virtual seconds in a second, such as 10; or max.")] = "1",
    seed: Annotated[int, typer.Option(help="Decides every latency, failure and id.")] = 0,
    start: Annotated[str, typer.Option(help="Virtual time at the start: now, or such as 2025-01-06T08:00Z.")] = "now",
    models: Annotated[Path | None, typer.Option(help="A JSON file that scripts Bedrock's models.")] = None,
    enforce_iam: Annotated[bool, typer.Option("--enforce-iam", help="Let the policies of roles decide.")] = False,
) -> None:
    """Serve an empty account until interrupted. Nothing is kept."""
    pace, moment = _speed(speed), _moment(start)
    if not _is_loopback(host):
        typer.echo(
            f"Warning: {host} is not loopback. Whoever reaches it runs code here: nothing is verified.", err=True
        )
    with Cloud(seed=seed, start=moment, enforce_iam=enforce_iam) as cloud:
        if models is not None:
            _script(cloud, models)
        try:
            asyncio.run(_serve(cloud, host, port, pace))
        except KeyboardInterrupt:
            typer.echo("Stopped.", err=True)
        except OSError as exc:
            typer.echo(f"Cannot listen on {host}:{port}: {exc.strerror}. Choose another --port.", err=True)
            raise typer.Exit(2) from None


def _script(cloud: Cloud, file: Path) -> None:
    from localcloud.services.bedrock.files import read_scripts

    try:
        for model_id, rules in read_scripts(file).items():
            cloud.bedrock.script(model_id, rules)
    except ConfigurationError as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(2) from None


async def _serve(cloud: Cloud, host: str, port: int, speed: float | None) -> None:
    from localcloud.server import Server

    server, started = Server(cloud, host, port, speed), asyncio.Event()
    running = asyncio.ensure_future(server.run(started))
    waiting = asyncio.ensure_future(started.wait())
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if started.is_set():
        typer.echo(f"localcloud listens on http://{host}:{server.port}")
        sys.stdout.flush()
    waiting.cancel()
    await running


@app.command()
def conformance(
    tests: Annotated[Path, typer.Option(help="The folder of conformance tests.")] = Path("tests/conformance"),
    as_json: Annotated[bool, typer.Option("--json", help="A list of objects, and nothing else.")] = False,
) -> None:
    """Run the conformance tests and print how every documented behaviour stands; exit code 1 when one fails."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from localcloud.conformance import counts, judge

    try:
        rows = judge(tests)
    except ConfigurationError as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(2) from None
    found = counts(rows)
    if as_json:
        typer.echo(json.dumps([row.as_dict() for row in rows], ensure_ascii=False, indent=1))
    else:
        table = Table("id", "service", "tier", "status", "statement")
        for row in rows:
            table.add_row(row.id, row.service, str(row.tier), row.status, escape(row.statement))
        Console().print(table)
        for tier in sorted({row.tier for row in rows}):
            by_status = counts([row for row in rows if row.tier == tier])
            typer.echo(f"tier {tier}: " + ", ".join(f"{number} {status}" for status, number in by_status.items()))
    raise typer.Exit(1 if found["fail"] else 0)


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise typer.BadParameter(f"--speed is a number above 0, or max; found {text!r}.")
    return speed


def _moment(text: str) -> datetime:
    """Tools that ask for the last ten minutes mean those of the clock on the wall: hence "now"."""
    if text == "now":
        return datetime.now(UTC).replace(microsecond=0)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"--start is now, or a moment such as 2025-01-06T08:00Z; found {text!r}.") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def main() -> None:
    """Entry point."""
    app()


if __name__ == "__main__":
    main()
