"""The local cloud beside MiniStack and moto's server, on the same stack and workloads, in one run.

    python -m benchmarks.compare [--write]

The others run as processes on loopback (`make stand-in` installs them). `--write` puts the table into
benchmarks/README.md. Rates are per second of the clock on the wall; memory is the peak of the emulator's processes.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import psutil
from botocore.config import Config

from benchmarks import workloads
from benchmarks.orders import STACK, measure
from patisserie.targets.aws import reachable
from patisserie.targets.deployment import Deployer
from patisserie.targets.stand_in import add_routes
from tests.emulators import ENVIRONMENT, Emulator, mini_stack, moto_server

README = Path(__file__).parent / "README.md"
BEGIN, END = "<!-- the table begins -->", "<!-- the table ends -->"
COUNTS = {"local": 2_000, "emulator": 300}
ORDERS = {"local": 16_000, "emulator": 300}
ROWS = {
    "orders": "orders/s (HTTP API, 2 functions, bus, queue, 2 tables)",
    "workflows": "workflow executions/s (five states)",
    "put_item": "DynamoDB PutItem/s",
    "messages": "SQS messages/s (send, receive, delete)",
    "peak_mb": "peak memory, MB",
}
_MB = 1024 * 1024


def local() -> dict[str, float]:
    """In this process, which must be fresh: the memory is its peak."""
    clock = time.perf_counter  # a cloud replaces the clocks of every module
    found = measure(ORDERS["local"], 7)
    from localcloud import Cloud

    with Cloud(seed=7) as cloud:
        call = cloud.kernel.call
        rates = {
            "workflows": call(workloads.run_workflows, cloud.client, COUNTS["local"], lambda: cloud.wait(1), clock),
            "put_item": call(workloads.put_items, cloud.client, COUNTS["local"], clock),
            "messages": call(workloads.pass_messages, cloud.client, COUNTS["local"], clock),
        }
    return {"orders": float(found["orders_per_wall_s"]), **rates, "peak_mb": float(found["peak_rss_mb"])}  # type: ignore[arg-type]


def emulated(emulator: Emulator, runs_functions: bool) -> dict[str, float]:
    """Over HTTP. What it cannot do is left out."""

    def client(service: str) -> Any:
        return boto3.client(
            service, endpoint_url=emulator.endpoint, region_name="us-east-1", aws_access_key_id="test",
            aws_secret_access_key="test", config=Config(max_pool_connections=32),
        )  # fmt: skip

    with peak_memory(emulator.pid) as memory:
        rates = {
            "workflows": workloads.run_workflows(client, COUNTS["emulator"], lambda: time.sleep(0.05)),
            "put_item": workloads.put_items(client, COUNTS["emulator"]),
            "messages": workloads.pass_messages(client, COUNTS["emulator"]),
        }
        if runs_functions:
            rates["orders"] = orders_over_http(emulator.endpoint, client)
    return {**rates, "peak_mb": memory["peak_mb"]}


def orders_over_http(endpoint: str, client: Any) -> float:
    """The benchmark's stack, warmed up by a few orders, and then measured."""
    stack = Deployer(client, "code", {}, poll_s=0.5).deploy("benchmark", STACK)
    add_routes(client, stack, STACK)
    table, url = stack.outputs["Done"], reachable(stack.outputs["Url"], endpoint)

    def done() -> int:
        count: int = client("dynamodb").scan(TableName=table, Select="COUNT")["Count"]
        return count

    # every fiftieth order fails the first time and waits for its visibility timeout, here in real time: leave them out
    numbers = [number for number in range(1, 2 * ORDERS["emulator"]) if number % 50]
    workloads.post_orders(url, numbers[:20], done, customers=4)
    return workloads.post_orders(url, numbers[20 : 20 + ORDERS["emulator"]], done, customers=8)


@contextmanager
def peak_memory(pid: int):
    """The most that a process and its children held at once, looked at ten times a second."""
    root, found, over = psutil.Process(pid), {"peak_mb": 0.0}, threading.Event()

    def look() -> None:
        while not over.wait(0.1):
            total = 0
            for process in [root, *root.children(recursive=True)]:
                try:
                    total += process.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
            found["peak_mb"] = max(found["peak_mb"], total / _MB)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield found
    finally:
        over.set()
        watcher.join()


def compare() -> dict[str, dict[str, float]]:
    """Each system's numbers, measured one after the other."""
    found = {"local cloud": json.loads(_fresh_process("--local"))}
    for name, start, runs_functions in (("MiniStack", mini_stack, True), ("moto server", moto_server, False)):
        with tempfile.TemporaryDirectory() as scratch, start(Path(scratch)) as emulator:
            found[name] = emulated(emulator, runs_functions)
    return found


def _fresh_process(*arguments: str) -> str:
    command = [sys.executable, "-m", "benchmarks.compare", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def table(found: dict[str, dict[str, float]]) -> str:
    """As Markdown, with the ratio to MiniStack."""
    systems = list(found)
    lines = [f"| | {' | '.join(systems)} | local cloud / MiniStack |", f"|---|{'---:|' * (len(systems) + 1)}"]
    for key, title in ROWS.items():
        cells = [f"{found[name][key]:,.0f}" if key in found[name] else "cannot" for name in systems]
        ratio = found["local cloud"][key] / found["MiniStack"][key]
        lines.append(f"| {title} | {' | '.join(cells)} | {ratio:,.1f} |")
    machine = f"{platform.machine()}, {psutil.cpu_count()} processors, {platform.system()}"
    versions = ", ".join(f"{name} {version}" for name, version in _versions().items())
    return "\n".join([*lines, "", f"Measured on {datetime.now(UTC):%Y-%m-%d} on {machine}: {versions}."])


def _versions() -> dict[str, str]:
    python = ENVIRONMENT / "bin" / "python"
    code = "import importlib.metadata as m; print(m.version('ministack'), m.version('moto'))"
    mini, moto = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    return {"Python": platform.python_version(), "MiniStack": mini, "moto": moto}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="put the table into benchmarks/README.md")
    parser.add_argument("--local", action="store_true", help="the local cloud's numbers alone, as JSON")
    options = parser.parse_args()
    if options.local:
        print(json.dumps(local()))
        return
    text = table(compare())
    print(text)
    if options.write:
        before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        README.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
