"""What a learner can try besides the exercises, each with a table that says what came out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from patisserie.labs.lab03 import bench
from patisserie.measure import Table, quantile
from patisserie.targets import TargetError

if TYPE_CHECKING:
    from patisserie.session import LabSession

HOURS_A_MONTH = 730
_IMPATIENT = {"Visibility": 30, "Receives": 3, "WorkSeconds": 2}
_MEASURED_S = 1_800
BURST = 120
SPIKE = 1_200
_SPIKE_WORK_S = 0.2
_WINDOWS_S = (0, 1, 5, 20)
_POLLERS = (0, 2, 10, 40)
TRAFFIC = {"one a second": (60, 1.0), "one every 30 s": (8, 30.0)}


def filtered(session: LabSession) -> Table:
    """The thanks function and its queue in the spell, without a filter and with the learner's."""
    rows = []
    for name, label in (("stiff", "before"), ("mine", "after")):
        use = session.functions(name).of("Thanks")
        received, deleted = (queue_metric(session, name, f"NumberOfMessages{what}") for what in ("Received", "Deleted"))
        rows.append((label, f"{received:,}", f"{deleted:,}", f"{use.invocations:,}", f"{use.billed_s:,.1f}"))
    return Table(("", "messages received", "messages deleted", "runs", "billed (s)"), tuple(rows))


def queue_metric(session: LabSession, name: str, metric: str) -> int:
    """The sum of a metric of the thanks queue over the last measurement of an architecture."""
    url = next(r.physical_id for r in session.stacks[name].resources if r.logical_id == "ThanksQueue")
    since_s = session.measured_ms(name) // 60_000 * 60
    until_s = min(session.unix_ms() / 1_000 + 60, since_s + _MEASURED_S)
    points = session.target.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SQS",
        MetricName=metric,
        Dimensions=[{"Name": "QueueName", "Value": url.rsplit("/", 1)[1]}],
        StartTime=datetime.fromtimestamp(since_s, UTC),
        EndTime=datetime.fromtimestamp(until_s, UTC),
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    return sum(int(point["Sum"]) for point in points)


def reserved(session: LabSession) -> Table:
    """The same burst behind a bound that refuses, and behind one that does not fetch."""
    rows = []
    for label, setting in (("2 reserved, no maximum", {"Reserved": 2}), ("at most 2 at once", {"AtOnce": 2})):
        bench.deploy(session, {**_IMPATIENT, **setting})
        found = bench.send(session, BURST)
        ran = len(found.waited_ms)
        rows.append((label, f"{found.messages}", f"{ran}", f"{found.dead}", f"{found.last_s:,.0f}"))
        bench.empty(session)
    return Table(("bound", "messages", "handed to the function", "dead", "queue empty after (s)"), tuple(rows))


def window(session: LabSession) -> Table:
    """Batching windows under two kinds of traffic: what they save, and what they add."""
    rows = []
    for seconds in _WINDOWS_S:
        cells = []
        for messages, gap_s in TRAFFIC.values():
            bench.deploy(session, {"WorkSeconds": 0.05, "Window": seconds})
            session.wait(60)  # the queue comes to rest between two kinds of traffic
            found = bench.send(session, messages, gap_s)
            cells += [f"{quantile(found.waited_ms, 0.5):,.0f}", f"{found.invocations}"]
        rows.append((f"{seconds} s", *cells))
    columns = [f"{traffic}: {what}" for traffic in TRAFFIC for what in ("wait, p50 (ms)", "invocations")]
    return Table(("window", *columns), tuple(rows))


def spike(session: LabSession) -> Table:
    """A spike out of nothing, on demand and with pollers that are there already; and what those cost while they wait.

    Raises TargetError on AWS: pollers are billed by the hour, and the hour would have to be waited for.
    """
    if session.target.name != "local":
        raise TargetError("On AWS this experiment would cost hours of event pollers; it runs on the local target only.")
    rows = []
    for pollers in _POLLERS:
        bench.deploy(session, {"WorkSeconds": _SPIKE_WORK_S, "Pollers": pollers})
        found = bench.send(session, SPIKE)
        meter = session.target.start_metering()
        session.wait(3_600)
        idle_usd = dict(meter(session.stacks[bench.BENCH]).lines).get("lambda.sqs_poller_hours", 0.0)
        waited = [quantile(found.waited_ms, share) / 1_000 for share in (0.5, 0.99)]
        label = f"{pollers} pollers" if pollers else "on demand"
        rows.append((label, *(f"{seconds:,.1f}" for seconds in waited), f"{idle_usd * HOURS_A_MONTH:,.2f}"))
    return Table(("mode", "wait, p50 (s)", "wait, p99 (s)", "pollers, USD a month"), tuple(rows))
