"""What the checks look at: real orders sent to the learner's queues, and what came out of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from patisserie.labs.conditions import reliable_partners
from patisserie.labs.lab03.queues import Aftermath, aftermath, dead_letters_url, orders_in, settle, waiting
from patisserie.labs.lab03.workload import order, order_of_the_old_app, place_all
from patisserie.reports import reports

if TYPE_CHECKING:
    from patisserie.session import LabSession

REFUSED_S, REFUSED_ORDERS = 10.0, 20
HICCUP_MINUTES, HICCUP_ORDERS = 5.0, 6
OUTAGE_MINUTES, OUTAGE_ORDERS = 45.0, 9
WEEKEND_S = 48 * 3_600.0
PATIENCE_S = 6 * 3_600.0  # a message that is still going round after that will never be done
BATCH_ORDERS, OLD_APP_ORDERS = 27, 3
SPIKE_ORDERS, SPIKE_GAP_S = 90, 0.25
MANY_ORDERS = 40
BIG_EVERY = 8
_REFUSED = "answered 429"


@dataclass(frozen=True, slots=True)
class KeepEvidence:
    """Lambda refusing for some seconds; an outage of some minutes; a long one on a Saturday, looked at on Monday."""

    refused: Aftermath
    hiccup: Aftermath
    saturday: Aftermath


def keeps(session: LabSession) -> KeepEvidence:
    """Three troubles in a row: batches that have to wait for Lambda, a short outage of the provider, a long one."""
    with reliable_partners(session):
        with _paused(session):
            placed = place_all(session, [order(n) for n in range(REFUSED_ORDERS)], 0.2)
            allow = _forbid_runs(session)
        session.wait(REFUSED_S)
        allow()
        refused = _in_the_end(session, placed)
        session.payment_outage(0, HICCUP_MINUTES)
        session.wait(5)
        hiccup = _in_the_end(session, place_all(session, [order(n) for n in range(HICCUP_ORDERS)], 5))
        session.payment_outage(0, OUTAGE_MINUTES)
        session.wait(5)
        orders = [*(order(n) for n in range(OUTAGE_ORDERS)), order_of_the_old_app()]
        placed = place_all(session, orders, 5)
        session.wait(OUTAGE_MINUTES * 60)
        settle(session, "mine", PATIENCE_S)
        if not waiting(session, session.stacks["mine"].outputs["PaymentQueueUrl"]):
            session.wait(WEEKEND_S)
        saturday = aftermath(session, "mine", placed)
        _take_away(session, placed)
    return KeepEvidence(refused, hiccup, saturday)


def _in_the_end(session: LabSession, placed: tuple[str, ...]) -> Aftermath:
    session.wait(30)
    settle(session, "mine", PATIENCE_S)
    return aftermath(session, "mine", placed)


@dataclass(frozen=True, slots=True)
class AloneEvidence:
    """Orders that waited together with some that cannot be paid."""

    sound: Aftermath
    bad: int
    bad_dead: int


def fails_alone(session: LabSession) -> AloneEvidence:
    """The mapping is paused while orders come in, some of the old app among them; then batches are full."""
    with reliable_partners(session):
        every = (BATCH_ORDERS + OLD_APP_ORDERS) // OLD_APP_ORDERS
        numbers = range(BATCH_ORDERS + OLD_APP_ORDERS)
        bad_at = {number for number in numbers if number % every == every // 2}
        with _paused(session):
            placed = place_all(session, [order_of_the_old_app() if n in bad_at else order(n) for n in numbers], 1)
        session.wait(30)
        settle(session, "mine", PATIENCE_S)
        bad = tuple(placed[number] for number in sorted(bad_at))
        sound = aftermath(session, "mine", tuple(o for o in placed if o not in bad))
        dead = set(_take_away(session, placed))
    return AloneEvidence(sound, len(bad), len(dead.intersection(bad)))


def _take_away(session: LabSession, placed: tuple[str, ...]) -> tuple[str, ...]:
    """Nobody has to look after what a check made: its orders go from the table and from the dead letters.

    Returns the orders that were found among the dead letters.
    """
    table, dynamodb = session.stacks["mine"].outputs["OrdersTable"], session.target.client("dynamodb")
    for name in filter(None, placed):
        dynamodb.delete_item(TableName=table, Key={"orderId": {"S": name}})
    return orders_in(session, dead_letters_url(session, "mine"), placed)


@contextmanager
def _paused(session: LabSession) -> Iterator[None]:
    """Nobody reads the payment queue meanwhile, so that messages wait together: afterwards batches are full."""
    _enable(session, False)
    session.wait(5)
    yield
    _enable(session, True)


def _enable(session: LabSession, enabled: bool) -> None:
    client = session.target.client("lambda")
    mappings = client.list_event_source_mappings(FunctionName=_payment_function(session, "mine"))
    for mapping in mappings["EventSourceMappings"]:
        client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=enabled)


def _forbid_runs(session: LabSession) -> Callable[[], None]:
    """Lambda runs the payment function no more; the returned function brings back what was reserved for it."""
    client, function = session.target.client("lambda"), _payment_function(session, "mine")
    before = client.get_function_concurrency(FunctionName=function).get("ReservedConcurrentExecutions")
    client.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)

    def allow() -> None:
        if before is None:
            client.delete_function_concurrency(FunctionName=function)
        else:
            client.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=before)

    return allow


def _payment_function(session: LabSession, name: str) -> str:
    return next(r.physical_id for r in session.stacks[name].resources if r.logical_id == "PaymentFunction")


@dataclass(frozen=True, slots=True)
class SpikeEvidence:
    """A spike of orders, and how the provider and Lambda took it."""

    orders: Aftermath
    slowest_s: float
    refused: int
    throttled: int


def bends(session: LabSession) -> SpikeEvidence:
    """More orders at once than the provider can take, from a provider that has nothing else to complain about."""
    with reliable_partners(session):
        since_ms = session.unix_ms()
        placed = place_all(session, [order(n) for n in range(SPIKE_ORDERS)], SPIKE_GAP_S)
        session.wait(30)
        settle(session, "mine", PATIENCE_S)
        session.wait(60)  # metrics are kept by the minute
        found = aftermath(session, "mine", placed)
        stored = session.stored_orders("mine")
    paid = [stored[name] for name in placed if "paidAt" in stored.get(name, {})]
    slowest_ms = max((int(item["paidAt"]["N"]) - int(item["placedAt"]["N"]) for item in paid), default=0)
    refused = sum(t.times for t in session.troubles("mine", since_ms) if t.text.endswith(_REFUSED))
    return SpikeEvidence(found, slowest_ms / 1_000, refused, throttled(session, "mine", since_ms))


def throttled(session: LabSession, name: str, since_ms: int) -> int:
    """How often Lambda refused to run the payment function, since that Unix time, as its metric says."""
    points = session.target.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="Throttles",
        Dimensions=[{"Name": "FunctionName", "Value": _payment_function(session, name)}],
        StartTime=datetime.fromtimestamp(since_ms // 60_000 * 60, UTC),
        EndTime=datetime.fromtimestamp(session.unix_ms() / 1_000 + 60, UTC),
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    return sum(int(point["Sum"]) for point in points)


@dataclass(frozen=True, slots=True)
class FilterEvidence:
    """Orders of which a few are big, who was told of those, and what it took."""

    orders: Aftermath
    big: int
    invocations: int
    told: int


def filters(session: LabSession) -> FilterEvidence:
    """Orders, every eighth of them of exactly 30 EUR or more; then what became of the messages about them."""
    with reliable_partners(session):
        since_ms = session.unix_ms()
        sizes = [2 + n // BIG_EVERY % 2 if n % BIG_EVERY == BIG_EVERY - 1 else 1 for n in range(MANY_ORDERS)]
        placed = place_all(session, [order(n, size) for n, size in enumerate(sizes)], 2)
        session.wait(60)
        settle(session, "mine", PATIENCE_S)
        found = aftermath(session, "mine", placed)
        told = session.partner_calls("Messaging", since_ms)
    stack = session.stacks["mine"]
    names = {r.physical_id for r in stack.resources if r.logical_id == "ThanksFunction"}
    invocations = sum(r.function in names for r in reports(session.target.client("logs"), stack, since_ms))
    return FilterEvidence(found, sum(size > 1 for size in sizes), invocations, told)
