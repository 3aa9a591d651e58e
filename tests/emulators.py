"""Other emulators of AWS as processes of their own on loopback, for tests and benchmarks beside ours.

They have an environment of their own, since they need another botocore: `make stand-in` makes it.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ENVIRONMENT = Path(os.environ.get("PATISSERIE_STAND_IN", Path(__file__).resolve().parents[1] / ".venv-stand-in"))
PATIENCE_S = 60


@dataclass(frozen=True)
class Emulator:
    """One that runs: where it answers, and its process."""

    endpoint: str
    pid: int


@contextmanager
def mini_stack(scratch: Path) -> Iterator[Emulator]:
    """A MiniStack whose state is in `scratch`, on a free port."""
    port = _free_port()
    environ = {
        "STATE_DIR": str(scratch / "state"), "S3_DATA_DIR": str(scratch / "s3"),
        "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port),
    }  # fmt: skip
    with _running(["ministack"], environ, scratch, f"http://127.0.0.1:{port}", "/_ministack/ready") as emulator:
        yield emulator


@contextmanager
def moto_server(scratch: Path) -> Iterator[Emulator]:
    """moto's own server, which runs state machines when asked to, on a free port."""
    port = _free_port()
    command = ["moto_server", "-H", "127.0.0.1", "-p", str(port)]
    with _running(command, {}, scratch, f"http://127.0.0.1:{port}", "/moto-api/data.json") as emulator:
        settings = json.dumps({"stepfunctions": {"execute_state_machine": True}}).encode()
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(f"{emulator.endpoint}/moto-api/config", settings, headers)
        urllib.request.urlopen(request).close()
        yield emulator


def is_there(program: str) -> bool:
    """Whether the emulators' environment has this program."""
    return (ENVIRONMENT / "bin" / program).is_file()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def _running(
    command: list[str], environ: Mapping[str, str], scratch: Path, endpoint: str, ready: str
) -> Iterator[Emulator]:
    program = ENVIRONMENT / "bin" / command[0]
    assert program.is_file(), f"There is no {command[0]} at {program}; run make stand-in, which installs it."
    environ = {
        "PATH": f"{ENVIRONMENT / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(scratch), "TMPDIR": str(scratch),
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1",
        **environ,
    }  # fmt: skip
    with (scratch / "log").open("wb") as log:
        process = subprocess.Popen([program, *command[1:]], env=environ, stdout=log, stderr=log, cwd=scratch)
        try:
            _wait_for(process, endpoint + ready, command[0])
            yield Emulator(endpoint, process.pid)
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def _wait_for(process: subprocess.Popen[bytes], url: str, name: str) -> None:
    for _ in range(PATIENCE_S * 5):
        assert process.poll() is None, f"{name} ended before it was ready"
        try:
            with urllib.request.urlopen(url, timeout=1) as answer:
                if answer.status == 200:
                    return
        except OSError:
            pass
        try:
            process.wait(0.2)
        except subprocess.TimeoutExpired:
            continue
    raise AssertionError(f"{name} was not ready within {PATIENCE_S} s")
