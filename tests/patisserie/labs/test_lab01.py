"""Lab 01 shows what it tells: one function hurts, four by domain help, twelve help no more."""

from __future__ import annotations

import pytest

from patisserie.course import course_root
from patisserie.labs.lab01.attempts import SOLVED
from patisserie.labs.lab01.workload import ask_for_report, told
from patisserie.session import open_lab

STACKS = course_root() / "infra" / "stacks" / "01-right-size-the-monolith"
LOST = "lost to the bug (of 60 orders)"


@pytest.fixture(scope="module")
def days(tmp_path_factory):
    """By architecture, a day's measurement and what it weighs."""
    session = open_lab("01", workdir=tmp_path_factory.mktemp("work"))
    found = {}
    for name, stack, parameters in (
        ("one", "monolith", {}),
        ("tuned", "monolith", {"Memory": "512"}),
        ("four", "domains", {}),
        ("twelve", "swarm", {}),
    ):
        session.deploy(stack, parameters)
        day = session.measure(stack, name)
        found[name] = (day, session.weigh(stack, day))
    yield found
    session.close()


def test_a_bug_in_a_message_loses_orders_where_everything_is_one_function_and_nowhere_else(days):
    lost = {name: weighed[LOST] for name, (_, weighed) in days.items()}
    assert lost["one"] == lost["tuned"] >= 12
    assert lost["four"] == lost["twelve"] == 0


def test_most_of_the_saving_is_the_size_and_not_the_cut(days):
    compute = {name: weighed["compute (GB-s per 1,000 orders)"] for name, (_, weighed) in days.items()}
    assert compute["four"] < 0.4 * compute["one"]
    assert compute["tuned"] < 0.4 * compute["one"]


def test_one_smaller_function_pays_with_the_reports_time(days):
    reports = {name: weighed["a report (ms)"] for name, (_, weighed) in days.items()}
    assert reports["tuned"] > 2 * reports["four"]


def test_customers_wait_least_with_four_functions(days):
    p95 = {name: day.p95_ms for name, (day, _) in days.items()}
    assert p95["four"] < p95["twelve"] < p95["one"]
    gone = {name: day.abandoned for name, (day, _) in days.items()}
    assert gone["four"] < gone["twelve"] < gone["one"]


def test_twelve_functions_cost_more_than_four_and_start_cold_far_more_often(days):
    (four, four_weighed), (twelve, twelve_weighed) = days["four"], days["twelve"]
    assert twelve.cost_usd_per_1000 > four.cost_usd_per_1000
    cold = "cold starts (per 1,000 orders)"
    assert twelve_weighed[cold] > 2 * four_weighed[cold]


@pytest.mark.parametrize("name", ["monolith", "domains", "swarm"])
def test_every_cut_takes_orders_and_reports_each_of_them(name, tmp_path):
    session = open_lab("01", workdir=tmp_path)
    try:
        session.deploy(name)
        session.measure(name, name, session.few(5, 60))
        kept = len(session.stored_orders(name))
        assert kept >= 4
        assert told(ask_for_report(session, name))["orders"] == kept
        empty = session.target.http("POST", session.orders_url(name), json={"customer": "x", "items": []})
        assert empty.status in (400, 502)
        session.cleanup()
    finally:
        session.close()


def test_an_outage_of_the_messages_costs_no_order_and_leaves_every_event_in_the_queue(tmp_path):
    session = open_lab("01", workdir=tmp_path)
    try:
        SOLVED.prepare(session)
        session.partners({"PaymentErrorPercent": "0"})
        session.messaging_outage(0, 30)
        session.wait(5)
        found = session.measure("mine", "outage", session.few(10, 30))
        session.wait(600)
        assert found.failed == 0
        answer = session.target.client("sqs").get_queue_attributes(
            QueueUrl=session.stacks["mine"].outputs["FailedUrl"], AttributeNames=["ApproximateNumberOfMessages"]
        )
        assert int(answer["Attributes"]["ApproximateNumberOfMessages"]) == len(session.stored_orders("mine"))
    finally:
        session.close()


def test_the_learners_old_shop_is_the_one_function():
    one, other = STACKS / "monolith" / "src" / "shop", STACKS / "start" / "src" / "shop"
    assert {path.name: path.read_text() for path in one.glob("*.py")} == {
        path.name: path.read_text() for path in other.glob("*.py")
    }


def test_a_function_answers_to_nobody_but_its_own_domain():
    """In the cut by domain each file but the helpers stands in one package only."""
    names = [path.name for path in (STACKS / "domains" / "src").rglob("*.py")]
    shared = {name for name in names if names.count(name) > 1}
    assert shared == {"partners.py", "workload.py"}
