"""Lab 03 shows what it tells: queues with their settings as they came lose orders, queues that bend do not."""

from __future__ import annotations

import pytest

from patisserie.course import course_root
from patisserie.labs.lab03 import attempts, evidence, experiments, workload
from patisserie.labs.lab03.attempts import BEND, EACH_ALONE, FILTER, KEEP, REPORT, SOLVED
from patisserie.labs.lab03.checks import ASKED_LIMIT
from patisserie.labs.lab03.explore import AT_ONCE
from patisserie.labs.lab03.weighing import ASKED, LOST, PAID_AFTER, THANKS
from patisserie.session import open_lab
from patisserie.targets import TargetError

STACKS = course_root() / "infra" / "stacks" / "03-queues-that-bend"
TEXT = (course_root() / "solutions" / "03-queues-that-bend.md").read_text(encoding="utf-8")


@pytest.fixture
def lab(tmp_path):
    session = open_lab("03", workdir=tmp_path)
    yield session
    session.close()


@pytest.fixture(scope="module")
def spells(tmp_path_factory):
    """The session, and by architecture the measured spell and what it weighs."""
    session = open_lab("03", workdir=tmp_path_factory.mktemp("work"))
    session.deploy("stiff")
    before = session.measure("stiff", "before")
    found = {"stiff": (before, session.weigh("stiff", before))}
    SOLVED.prepare(session)
    after = session.measure("mine", "after")
    found["mine"] = (after, session.weigh("mine", after))
    yield session, found
    session.close()


def rows(table):
    """A table's numbers by the name of the row and of the column."""
    return {
        row[0]: {name: float(cell.replace(",", "")) for name, cell in zip(table.columns[1:], row[1:], strict=True)}
        for row in table.rows
    }


def test_the_front_looks_the_same_and_orders_are_lost_behind_it(spells):
    _, found = spells
    (before, weighed_before), (after, weighed_after) = found["stiff"], found["mine"]
    assert (before.failed, before.abandoned) == (after.failed, after.abandoned) == (0, 0)
    assert abs(before.p50_ms - after.p50_ms) < 10
    assert before.p95_ms < 100  # the chapter: nearly every answer in less than a tenth of a second
    assert weighed_before[LOST] > len(workload.OLD_APP_AT)  # sound orders too, not only those that cannot be paid
    assert weighed_after[LOST] == 0


def test_payments_are_asked_for_once_and_come_sooner(spells):
    _, found = spells
    before, after = found["stiff"][1], found["mine"][1]
    assert before[ASKED] > 1.2
    assert after[ASKED] == 1
    assert after[PAID_AFTER] < before[PAID_AFTER] / 3


def test_a_filter_saves_runs_and_neither_requests_nor_the_work_that_is_left(spells):
    session, found = spells
    assert 0.88 < 1 - found["mine"][1][THANKS] / found["stiff"][1][THANKS] < 0.96
    table = rows(experiments.filtered(session))
    before, after = table["before"], table["after"]
    orders = found["stiff"][0].orders + len(workload.OLD_APP_AT)
    assert before["messages received"] == after["messages received"] == orders
    assert before["messages deleted"] == after["messages deleted"] == orders
    assert after["billed (s)"] > 0.8 * before["billed (s)"]


def test_what_reserved_concurrency_refuses_dies_without_having_run(lab):
    reserved, bounded = rows(experiments.reserved(lab)).values()
    assert reserved["dead"] == reserved["messages"] - reserved["handed to the function"] > 0
    assert (bounded["dead"], bounded["handed to the function"]) == (0, bounded["messages"])


def test_a_window_adds_latency_most_of_all_when_there_is_little_traffic(lab):
    table = rows(experiments.window(lab))
    busy, quiet = ([row[f"{traffic}: wait, p50 (ms)"] for row in table.values()] for traffic in experiments.TRAFFIC)
    assert busy == sorted(busy)
    assert quiet[0] < 100
    assert all(wait_ms > 15_000 for wait_ms in quiet[1:])
    invocations = [row[f"{next(iter(experiments.TRAFFIC))}: invocations"] for row in table.values()]
    assert invocations == sorted(invocations, reverse=True)


def test_pollers_are_quicker_in_a_spike_and_cost_while_nothing_comes(lab):
    table = rows(experiments.spike(lab))
    waits, prices = ([row[name] for row in table.values()] for name in ("wait, p99 (s)", "pollers, USD a month"))
    assert waits == sorted(waits, reverse=True)
    assert prices[0] == 0
    hourly = lab.target.cloud.facts.value("price.lambda.esm_epu.sqs")
    assert prices[1:] == [pytest.approx(p * hourly * experiments.HOURS_A_MONTH, abs=0.05) for p in (2, 10, 40)]


def test_the_explorable_has_its_answer_in_the_middle(lab):
    frames = dict(lab.explore().frames)
    refused = [float(frame.rows[1][2]) for frame in frames.values()]
    done = [float(frame.rows[0][2]) for frame in frames.values()]
    four = AT_ONCE.index(workload.PROVIDER_PER_S)
    assert refused[: four + 1] == [0] * (four + 1)
    assert all(share > 2 for share in refused[four + 1 :])
    assert min(done) == done[four]


RIGHT = {
    "03-keep": [
        KEEP.replace("VisibilityTimeout: 180", "VisibilityTimeout: 60").replace("Count: 5", "Count: 10"),
        KEEP.replace("VisibilityTimeout: 180", "VisibilityTimeout: 300").replace("Count: 5", "Count: 8"),
    ],
    "03-alone": [
        KEEP + "PaymentFunction: {Properties: {Events: {Queue: {Properties: {BatchSize: 1}}}}}\n",
    ],
    "03-bend": [
        KEEP + BEND.replace("Executions: null", "Executions: 5"),
        KEEP + BEND.replace("Concurrency: 4", "Concurrency: 2"),
    ],
}


@pytest.mark.parametrize(
    ("check", "fragment"), [(check, fragment) for check, fragments in RIGHT.items() for fragment in fragments]
)
def test_other_right_designs_pass(lab, check, fragment):
    lab.workspace.merge_template(fragment)
    assert lab.check(check).passed


def test_a_filter_in_the_rule_passes_as_well(lab):
    SOLVED.prepare(lab)
    lab.workspace.merge_template("""
ThanksFunction: {Properties: {Events: {Queue: {Properties: {FilterCriteria: null}}}}}
OrderPlaced: {Properties: {Targets: [{Id: payment, Arn: !GetAtt PaymentQueue.Arn, InputPath: $.detail}]}}
BigOrderPlaced:
  Type: AWS::Events::Rule
  Properties:
    EventBusName: !Ref Bus
    EventPattern: {detail: {totalCents: [{numeric: ['>=', 3000]}]}}
    Targets: [{Id: thanks, Arn: !GetAtt ThanksQueue.Arn, InputPath: $.detail}]
QueuePolicy:
  Properties:
    PolicyDocument:
      Version: '2012-10-17'
      Statement:
        - {Effect: Allow, Principal: {Service: events.amazonaws.com}, Action: sqs:SendMessage, Resource: '*'}
""")
    assert lab.check("filter").passed


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_thirty_seconds_of_visibility_ask_twice_on_any_morning(seed, tmp_path):
    session = open_lab("03", seed=seed, workdir=tmp_path)
    try:
        attempts.KEEP_WRONG[0].prepare(session)
        assert evidence.keeps(session).refused.asked_per_order > ASKED_LIMIT
    finally:
        session.close()


def test_dead_letters_come_back_as_long_as_their_cause_is_there(lab):
    SOLVED.prepare(lab)
    lab.partners({"PaymentErrorPercent": "0"})
    guest = workload.place(lab, lab.orders_url("mine"), workload.order_of_the_old_app())
    url, sqs = lab.stacks["mine"].outputs["DeadLettersUrl"], lab.target.client("sqs")
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def dead():
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
        return int(found["Attributes"]["ApproximateNumberOfMessages"])

    lab.wait(1_800)
    assert dead() == 1
    sqs.start_message_move_task(SourceArn=arn)
    lab.wait(1_800)
    assert (dead(), lab.order_status("mine")[guest]) == (1, "RECEIVED")
    assert lab.release("mine", "guests").replaced == ("PaymentFunction",)
    sqs.start_message_move_task(SourceArn=arn)
    lab.wait(60)
    assert (dead(), lab.order_status("mine")[guest]) == (0, "CONFIRMED")


def test_a_check_takes_its_own_dead_letters_away(lab):
    SOLVED.prepare(lab)
    assert lab.check("alone").passed
    url = lab.stacks["mine"].outputs["DeadLettersUrl"]
    found = lab.target.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=20)
    assert found.get("Messages", []) == []


def test_an_unknown_experiment_is_refused_with_the_known_ones(lab):
    with pytest.raises(TargetError, match=r"no experiment 'fly'; it has: filtered, reserved, spike, window\."):
        lab.experiment("fly")


def test_the_learner_starts_from_the_queues_as_they_came():
    for name in ("template.yaml", "src/payment/payment.py"):
        assert (STACKS / "start" / name).read_text() == (STACKS / "stiff" / name).read_text()


def test_the_goal_differs_from_the_start_in_nothing_but_what_the_exercises_change():
    changed = [
        path.relative_to(STACKS / "stiff").as_posix()
        for path in sorted((STACKS / "stiff").rglob("*"))
        if path.suffix in (".py", ".yaml")
        and path.read_text() != (STACKS / "bending" / path.relative_to(STACKS / "stiff")).read_text()
    ]
    assert changed == ["src/payment/payment.py", "template.yaml"]


def test_the_numbers_of_the_text_are_those_of_the_workload():
    for sentence in (
        f"for {['', 'one', 'two', 'three', 'four'][round(workload.SPELL_MINUTES)]} minutes everybody orders one",
        f"same {experiments.BURST} messages",
        f"{experiments.SPIKE:,} messages at once",
        f"orders for {30} EUR or more",
        "the provider allows four calls a second",
    ):
        assert sentence in " ".join(TEXT.split()), sentence
    assert workload.PROVIDER_PER_S == 4
    assert (evidence.BATCH_ORDERS + evidence.OLD_APP_ORDERS, evidence.OLD_APP_ORDERS) == (30, 3)
    assert (evidence.SPIKE_ORDERS, evidence.MANY_ORDERS) == (90, 40)


def test_the_attempts_solution_is_what_the_notebook_shows():
    for fragment in (KEEP, REPORT, BEND, EACH_ALONE):
        assert fragment.strip() in TEXT
    assert FILTER.split("Pattern: ")[1].split("}]}}}}")[0] in TEXT
