"""Orders a wall second on the event-driven path, printed with the machine.

    python benchmarks/orders.py --orders 8000 [--json]

HTTP API -> Lambda (conditional put, put_events) -> EventBridge -> SQS -> Lambda (batches of 10, partial failures)
-> DynamoDB. Customers come at random, on average `RATE` a second; every order must be done in the end.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import resource
import sys
import time
from pathlib import Path

RATE = 50.0  # orders a second
STACK = Path(__file__).parent / "stack" / "template.yaml"


def measure(orders: int, seed: int, clock=time.perf_counter, cpu=time.process_time) -> dict[str, object]:
    """One run. A cloud replaces the clocks of every module: these are taken before."""
    started = clock()
    import random

    from localcloud import Cloud
    from localcloud.net import HttpRequest
    from patisserie.targets.deployment import Deployer

    with Cloud(seed=seed) as cloud:
        cloud.tracer.sample = 0
        stack = Deployer(cloud.client, "code", {}).deploy("benchmark", STACK)
        setup_s = clock() - started
        url, kernel = stack.outputs["Url"], cloud.kernel
        answers: list[tuple[int, int, int]] = []

        def customer(number: int) -> None:
            body = {"orderId": f"order-{number:08d}", "number": number, "items": [{"sku": "croissant", "quantity": 2}]}
            sent_us = kernel.now_us
            answer = cloud.http.request(
                HttpRequest("POST", url, {"content-type": "application/json"}, json.dumps(body).encode())
            )
            answers.append((number, answer.status, kernel.now_us - sent_us))

        def customers() -> None:
            stream = random.Random(seed)
            for number in range(orders):
                kernel.sleep(round(stream.expovariate(RATE) * 1e6))
                kernel.spawn(customer, number, name="customer")

        began, cpu_began = clock(), cpu()
        kernel.spawn(customers, name="customers", critical=True)
        cloud.wait(orders / RATE * 1.2 + 300)
        wall_s, cpu_s = clock() - began, cpu() - cpu_began
        done = cloud.client("dynamodb").describe_table(TableName=stack.outputs["Done"])["Table"]["ItemCount"]
        left = cloud.sqs.counts(stack.outputs["Queue"])
        assert [status for _, status, _ in sorted(answers)] == [202] * orders, "some orders were not accepted"
        assert (done, left.visible, left.in_flight) == (orders, 0, 0), f"only {done} of {orders} orders are done"
    digest = hashlib.sha256(json.dumps(sorted(answers)).encode()).hexdigest()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024 * 1024)
    return {
        "orders": orders,
        "orders_per_wall_s": round(orders / wall_s, 1),
        "cpu_s": round(cpu_s, 2),
        "cpu_us_per_order": round(cpu_s / orders * 1e6, 1),
        "peak_rss_mb": round(peak, 1),
        "setup_s": round(setup_s, 2),
        "digest": digest,
        "machine": f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--orders", type=int, default=8_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = measure(arguments.orders, arguments.seed)
    if arguments.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:>18}  {value}")


if __name__ == "__main__":
    main()
