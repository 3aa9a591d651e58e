"""Lab 00, opening-night: one function, one table, and why that was right in 2020."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from patisserie.checks import Check, Finding, at_least, at_most, run_check
from patisserie.explorable import Explorable
from patisserie.figures import latency_distribution
from patisserie.labs.lab import Attempt, Exercise, Lab, LabRun
from patisserie.load import ACCEPTED, Arrivals, Steady
from patisserie.load.runner import make_order
from patisserie.measure import Measurement
from patisserie.reports import reports
from patisserie.story import Story

if TYPE_CHECKING:
    from patisserie.session import LabSession

YEAR = 2020
GAP_S = 60.0
WARM_LIMIT_MS = 100.0
MONTH_LIMIT_USD = 0.01
BAKERY = "Pâtisserie Amélie"
SAMPLE = 3
MEMORY_SETTINGS_MB = (128, 256, 512, 1_024, 1_769, 3_008)
EXPLORED_ORDERS = 10

Report = Mapping[str, float | None]


def arrivals(story: Story) -> Arrivals:
    """A month's orders, one a minute: the shop is tiny."""
    orders = story.year(YEAR).orders_per_month
    return Steady(1 / GAP_S, orders * GAP_S)


# -- what the checks look at -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReadingEvidence:
    """REPORT lines of the shop, and what the learner's function read in them."""

    lines: int
    right: int
    first_miss: str


def reading(session: LabSession) -> ReadingEvidence:
    """Let the learner's function read every REPORT line that the shop has written."""
    read: Callable[[str], Report] = session.answers["00-read-a-report"]
    if "mine" not in session.stacks:
        session.deploy("mine")
    session.measure("mine", "for its logs", session.few(SAMPLE, GAP_S))
    found = reports(session.target.client("logs"), session.stacks["mine"])
    right, first_miss = 0, ""
    for report in found:
        wanted = {"duration_ms": report.duration_ms, "billed_ms": report.billed_ms, "init_ms": report.init_ms or None}
        try:
            answer: Any = read(report.line)
            said = f"read {dict(answer)!r}" if isinstance(answer, Mapping) else f"returned {answer!r}, not a dictionary"
        except NotImplementedError:
            raise  # still to be written
        except Exception as exc:  # noqa: BLE001 - the learner's own function: what it raises is what was found
            answer, said = None, f"raised {type(exc).__name__}: {exc}"
        values = answer if isinstance(answer, Mapping) else {}
        if values and all(_same(values.get(name), value) for name, value in wanted.items()):
            right += 1
        elif not first_miss:
            first_miss = f"for {report.line.strip()!r} it {said}"
    return ReadingEvidence(len(found), right, first_miss)


def _same(found: Any, wanted: float | None) -> bool:
    if wanted is None:
        return found in (None, 0)
    return isinstance(found, int | float) and abs(found - wanted) < 0.01


@dataclass(frozen=True, slots=True)
class ShopEvidence:
    """What a few customers of the changed shop were answered. All but `named` was so before the change."""

    orders: int
    placed: int
    named: int
    found_again: int
    refused: bool


def answers_of_the_shop(session: LabSession) -> ShopEvidence:
    """A few customers order, and ask for their order again; one orders what is not on the menu."""
    url, target = session.orders_url("mine"), session.target
    stream = random.Random(f"{session.seed}/answers")
    ids, placed, named, found_again = set(), 0, 0, 0
    for number in range(SAMPLE):
        reply = target.http("POST", url, json=make_order(session.story, stream, number))
        body = _parsed(reply.body)
        placed += reply.status == 201 and "orderId" in body
        named += body.get("bakery") == BAKERY
        ids.add(body.get("orderId"))
        again = target.http("GET", f"{url}/{body.get('orderId')}")
        found_again += again.status == 200 and "cents" in body and _parsed(again.body).get("cents") == body["cents"]
    wrong = {"customer": "x", "phone": "x", "items": [{"sku": "pizza", "quantity": 1}]}
    refused = target.http("POST", url, json=wrong).status == 400
    return ShopEvidence(SAMPLE, placed, named, min(found_again, len(ids)), refused)


def _parsed(body: str) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def explore(session: LabSession) -> Explorable:
    """The same few orders with more and more memory: what a cold start takes, and a warm order."""
    stack = session.deploy("shop")
    client, (name,) = session.target.client("lambda"), stack.physical_ids("AWS::Lambda::Function")
    frames = []
    for memory_mb in MEMORY_SETTINGS_MB:
        client.update_function_configuration(FunctionName=name, MemorySize=memory_mb)
        found = session.measure("shop", f"{memory_mb} MB", session.few(EXPLORED_ORDERS, GAP_S))
        latencies = [outcome.latency_ms for outcome in found.outcomes]
        frames.append((f"{memory_mb:,} MB", latency_distribution({f"{memory_mb:,} MB": latencies})))
    return Explorable("What does more memory do?", "Memory", tuple(frames), start=1)


# -- the checks --------------------------------------------------------------------------------------


def _judge_baseline(found: Measurement) -> list[Finding]:
    accepted = sum(outcome.kind == ACCEPTED for outcome in found.outcomes)
    month_usd = found.cost_usd_per_1000 / 1_000 * found.orders
    return [
        at_least("orders accepted", accepted, found.orders),
        at_most("p50", found.p50_ms, WARM_LIMIT_MS, "ms"),
        at_most("a month's orders cost", month_usd, MONTH_LIMIT_USD, "USD", 5),
    ]


def _judge_reading(evidence: ReadingEvidence) -> list[Finding]:
    measured = f"{evidence.right} of {evidence.lines} REPORT lines read right"
    if evidence.first_miss:
        measured += f"; {evidence.first_miss}"
    ok = evidence.lines > 0 and evidence.right == evidence.lines
    return [Finding(ok, measured, "duration_ms, billed_ms and init_ms (None when warm) of every line")]


def _judge_answers(evidence: ShopEvidence) -> list[Finding]:
    refused = "refused with 400" if evidence.refused else "not refused with 400"
    return [
        at_least("orders still answered with 201 and an orderId", evidence.placed, evidence.orders),
        at_least(f"answers whose bakery is {BAKERY!r}", evidence.named, evidence.orders),
        at_least("orders still found again, each with its price", evidence.found_again, evidence.orders),
        Finding(evidence.refused, f"a pizza is {refused}", "a pizza is still refused with 400"),
    ]


BASELINE = Check(
    "00-baseline", "One function is all the bakery needs", "Deploy the shop and measure a month of it.", _judge_baseline
)
READ_REPORT = Check(
    "00-read-a-report",
    "A REPORT line tells what an invocation took and what it cost",
    "Print one line and look between the tabs. A cold start's line has one part more than a warm one's.",
    _judge_reading,
)
CHANGE = Check(
    "00-change-the-shop",
    "A change of the code reaches the customers",
    "Which line of the handler makes the answer? Change it, let the cell save it, and look at the answer again.",
    _judge_answers,
)

# -- attempts ------------------------------------------------------------------------------------------


def right_reader(line: str) -> Report:
    """As the solution reads it."""
    parts = dict(part.split(": ") for part in line.strip().split("\t") if ": " in part)
    init = parts.get("Init Duration")
    return {
        "duration_ms": float(parts["Duration"].split()[0]),
        "billed_ms": int(parts["Billed Duration"].split()[0]),
        "init_ms": float(init.split()[0]) if init else None,
    }


def _billed_for_duration(line: str) -> Report:
    found = dict(right_reader(line))
    return {**found, "duration_ms": found["billed_ms"]}


def _forgets_init(line: str) -> Report:
    return {**right_reader(line), "init_ms": None}


def _reader(name: str, read: Callable[[str], Report] | None) -> Attempt:
    def prepare(session: LabSession) -> None:
        session.answers.pop("00-read-a-report", None)
        if read is not None:
            session.hand_in("00-read-a-report", read)

    return Attempt(name, prepare)


def _shop(name: str, old: str = "", new: str = "", also: bool = False) -> Attempt:
    """`also` makes the change that is asked for too."""

    def prepare(session: LabSession) -> None:
        assert session.workspace is not None
        session.reset()
        if old:
            source = (session.workspace.directory / "src" / "order.py").read_text(encoding="utf-8")
            changed = source.replace(_ANSWER, CHANGED) if also else source
            session.workspace.write_handler("order.py", changed.replace(old, new))
        session.deploy("mine")

    return Attempt(name, prepare)


_ANSWER = 'reply(201, {"orderId": item["orderId"], "cents": item["cents"]})'
CHANGED = _ANSWER.replace("}", f', "bakery": "{BAKERY}"}}')

EXERCISES = (
    Exercise(
        READ_REPORT,
        reading,
        flawed=_reader("nothing handed in", None),
        wrong=(_reader("takes what is billed for what it took", _billed_for_duration), _reader("forgets the cold start", _forgets_init)),
        right=_reader("solution", right_reader),
    ),
    Exercise(
        CHANGE,
        answers_of_the_shop,
        flawed=_shop("as it starts"),
        wrong=(
            _shop("without the accents", _ANSWER, _ANSWER.replace("}", ', "bakery": "Patisserie Amelie"}')),
            _shop("the orderId is gone", _ANSWER, f'reply(201, {{"bakery": "{BAKERY}"}})'),
            _shop("nothing is stored any more", "    orders.put_item(Item=item)\n    print", "    print", also=True),
            _shop("everything is answered with 201", '"statusCode": status', '"statusCode": 201', also=True),
        ),
        right=_shop("solution", _ANSWER, CHANGED),
        files=("src/order.py",),
    ),
)  # fmt: skip


def run(session: LabSession) -> LabRun:
    """The solved lab: the shop as it starts, and with the learner's change."""
    session.deploy("shop")
    before = session.measure("shop", "the shop of 2020")
    baseline = run_check(BASELINE, lambda: before)
    EXERCISES[1].right.prepare(session)
    after = session.measure("mine", "with your change")
    EXERCISES[0].right.prepare(session)
    checks = (baseline, session.check("read-a-report"), session.check("change-the-shop"))
    return LabRun(before, after, checks)


LAB = Lab(
    number="00",
    slug="opening-night",
    title="Opening night",
    year=YEAR,
    minutes=20,
    level="beginner",
    services=("Lambda", "API Gateway", "DynamoDB", "CloudWatch Logs"),
    start="start",
    goal="shop",
    arrivals=arrivals,
    run=run,
    baseline=BASELINE,
    exercises=EXERCISES,
    explore=explore,
)
