"""The reference system under one schedule of faults, and what became of its orders."""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from localcloud import Cloud
from localcloud.faults import Fault
from localcloud.net import HttpRequest, HttpResponse, HttpTimeout, HttpUnreachable
from patisserie.targets.deployment import Deployer
from tests.campaign.schedules import LOAD_S, schedule

HOST = "payments.example"
TEMPLATE = Path(__file__).parent / "stack" / "template.yaml"
ORDERS = 30
PATIENCE_S = 35.0
RECOVERY_S = 3_600.0  # longer than every retry of the system


class Provider:
    """A payment provider. It charges once for each idempotency key, and remembers for which order."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._by_key: dict[str, str] = {}
        self.charges: dict[str, tuple[str, ...]] = {}
        self.requests: Counter[str] = Counter()
        cloud.http.serve(HOST, self._answer)

    def _answer(self, request: HttpRequest) -> HttpResponse:
        key, order = request.headers["idempotency-key"], json.loads(request.body)["orderId"]
        self.requests[order] += 1
        self._cloud.kernel.sleep(200_000)
        if key not in self._by_key:
            self._by_key[key] = f"charge-{len(self._by_key)}"
            self.charges[order] = (*self.charges.get(order, ()), self._by_key[key])
        return HttpResponse(200, {}, json.dumps({"reference": self._by_key[key]}).encode())


@dataclass(frozen=True)
class Found:
    """What one run left. `accepted` were promised to customers; `kept` are the messages in dead-letter queues."""

    faults: tuple[Fault, ...]
    injected: int
    accepted: tuple[str, ...]
    status: dict[str, str]
    payments: dict[str, str]
    charges: dict[str, tuple[str, ...]]
    requests: dict[str, int]
    kept: tuple[str, ...]
    waiting: int

    @property
    def lost(self) -> list[str]:
        """Accepted orders that are neither paid nor in a dead-letter queue."""
        return [o for o in self.accepted if self.status.get(o) != "PAID" and o not in self.kept]

    @property
    def charged_amiss(self) -> list[str]:
        """Orders that were charged more than once, or whose payment is not the charge that was made."""
        twice = [order for order, references in self.charges.items() if len(references) > 1]
        other = [order for order, paid in self.payments.items() if paid not in self.charges.get(order, ())]
        return sorted({*twice, *other})

    @property
    def digest(self) -> str:
        return hashlib.sha256(repr(self).encode()).hexdigest()


def run(seed: int, template: Path = TEMPLATE, faults: list[Fault] | None = None) -> Found:
    """Orders come for two minutes while things go wrong; then the system has an hour to recover."""
    with Cloud(seed=seed) as cloud:
        outputs = (
            Deployer(cloud.client, "code", {})
            .deploy("campaign", template, {"PaymentUrl": f"https://{HOST}/charges"})
            .outputs
        )
        provider = Provider(cloud)
        names = {"orders": outputs["Orders"], "front": outputs["Front"], "pay": outputs["Pay"], "host": HOST}
        began_s = cloud.kernel.now_us / 1e6
        faults = schedule(seed, names) if faults is None else faults
        for fault in faults:
            cloud.faults.add(_later(fault, began_s))
        accepted = _load(cloud, outputs["Url"], seed)
        cloud.wait(RECOVERY_S)
        items = cloud.client("dynamodb").scan(TableName=outputs["Orders"])["Items"]
        kept = [order for name in ("Undelivered", "Unpaid") for order in _drain(cloud, outputs[name])]
        counts = cloud.sqs.counts(outputs["Payments"])
        return Found(
            faults=tuple(faults),
            injected=len(cloud.faults.log),
            accepted=accepted,
            status={item["orderId"]["S"]: item["status"]["S"] for item in items},
            payments={item["orderId"]["S"]: item["payment"]["S"] for item in items if "payment" in item},
            charges=dict(provider.charges),
            requests=dict(provider.requests),
            kept=tuple(kept),
            waiting=counts.visible + counts.in_flight,
        )


def _later(fault: Fault, by_s: float) -> Fault:
    end_s = None if fault.end_s is None else fault.end_s + by_s
    return Fault(**{**_members(fault), "start_s": fault.start_s + by_s, "end_s": end_s})


def _members(fault: Fault) -> dict[str, object]:
    return {name: getattr(fault, name) for name in fault.__dataclass_fields__}


def _load(cloud: Cloud, url: str, seed: int) -> tuple[str, ...]:
    stream = random.Random(f"orders/{seed}")
    accepted: list[str] = []

    def customer(number: int) -> None:
        order = {"orderId": f"order-{number:03d}", "cents": 100 + number}
        request = HttpRequest("POST", url, {"content-type": "application/json"}, json.dumps(order).encode())
        try:
            answer = cloud.http.request(request, round(PATIENCE_S * 1e6))
        except (HttpTimeout, HttpUnreachable):
            return
        if answer.status == 202:
            accepted.append(order["orderId"])

    for number in range(ORDERS):
        cloud.kernel.spawn(customer, number, delay_us=round(stream.uniform(0, LOAD_S) * 1e6))
    cloud.wait(LOAD_S + PATIENCE_S)
    return tuple(sorted(accepted))


def _drain(cloud: Cloud, url: str) -> list[str]:
    """The orders in a dead-letter queue: the order itself, or the event that was about it."""
    found: list[str] = []
    asked = {"QueueUrl": url, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 1}  # a short poll may miss some
    while messages := cloud.client("sqs").receive_message(**asked).get("Messages"):
        for message in messages:
            body = json.loads(message["Body"])
            found.append(body["orderId"] if "orderId" in body else body["detail"]["orderId"])
            cloud.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found
