"""Lab 02 shows what it tells: whoever waits for everybody loses customers, and stored first nobody does."""

from __future__ import annotations

import re

import pytest

from patisserie.checks import NOT_YET, PASS
from patisserie.course import course_root
from patisserie.labs.lab02 import attempts, evidence
from patisserie.labs.lab02.explore import PAYMENT_SETTINGS_MS
from patisserie.session import open_lab

TEXT = (course_root() / "solutions" / "02-break-the-sync-chain.md").read_text(encoding="utf-8")
LOST = re.compile(r"customers lost, of \d+: (\d+) before, (\d+) after")


@pytest.fixture
def lab(tmp_path):
    session = open_lab("02", workdir=tmp_path)
    yield session
    session.close()


def test_both_shapes_of_the_wait_train_are_slow_and_lose_customers(lab):
    for name in ("chain", "waiter"):
        lab.deploy(name)
        found = lab.measure(name)
        assert 5_000 < found.p50_ms < 7_000
        assert 0.01 < found.failed / found.orders < 0.06
        assert 0.12 < found.abandoned / found.orders < 0.30
    assert lab.cleanup() == "Everything is cleaned up: nothing is left."
    assert lab.target.client("lambda").list_functions()["Functions"] == []


@pytest.fixture(scope="module")
def explored(tmp_path_factory):
    """Each setting of the explorable and its figure."""
    session = open_lab("02", workdir=tmp_path_factory.mktemp("work"))
    yield session.explore().frames
    session.close()


def test_the_slower_the_provider_the_more_customers_the_chain_loses_and_events_lose_none(explored):
    settings = [setting for setting, _ in explored]
    lost = [tuple(int(number) for number in LOST.search(setting).groups()) for setting in settings]
    before, after = zip(*lost, strict=True)
    assert [int(setting.partition(" ms")[0].replace(",", "")) for setting in settings] == list(PAYMENT_SETTINGS_MS)
    assert sorted(before) == list(before)
    assert 0 < before[0] <= 5 < 15 <= before[-1]
    assert set(after) == {0}


def test_the_explorable_draws_only_orders_that_were_answered(explored):
    for setting, figure in explored:
        drawn = {label: int(orders) for label, orders, *_ in figure.rows}
        assert drawn["after"] == 20
        assert drawn["before"] < 20, setting  # whoever left was never answered


def test_a_right_answer_passes_on_any_morning(tmp_path):
    for seed in range(1, 5):  # one payment in fifty fails, and comes back after its visibility timeout
        session = open_lab("02", seed=seed, workdir=tmp_path / f"{seed}")
        attempts.SOLVED.prepare(session)
        assert session.check("progress").state == PASS
        session.close()


@pytest.mark.parametrize(
    ("files", "check", "said"),
    [
        ({"order.py": attempts.ORDER_RIGHT.replace("return answer", "answer")}, "answer-first", "97 answers had no orderId"),
        ({"order.py": attempts.ORDER_FORGETS_THE_EVENT}, "answer-first", "the payment function ran 0 times"),
        ({}, "outage", "messages in the dead-letter queue 0, still in the payment queue 0"),
        ({"payment.py": attempts.PAYMENT_FROM_QUEUE}, "outage", "messages in the dead-letter queue 12, still in"),
    ],
    ids=["returns nothing", "tells nobody", "swallows every error", "gives up after three tries"],
)  # fmt: skip
def test_a_failed_check_says_where_the_orders_are(lab, files, check, said):
    swallows = attempts.PAYMENT_FROM_QUEUE.replace("        charge", "        try: charge").rstrip() + "\n"
    lab.workspace.write_handler("order.py", attempts.ORDER_RIGHT)
    lab.workspace.write_handler("payment.py", swallows + "        except Exception: pass\n")
    for name, source in files.items():
        lab.workspace.write_handler(name, source)
    if check == "outage":
        lab.workspace.merge_template(attempts.QUEUE_EVENT)
    result = lab.check(check)
    assert result.state == NOT_YET
    assert said in result.measured


def test_a_template_without_the_progress_channel_is_told_in_a_sentence(lab):
    attempts.SOLVED.prepare(lab)
    template = lab.workspace.template
    lab.workspace.restore_template(template.read_text(encoding="utf-8").replace("ProgressApiId:", "Other:"))
    assert "'mine' has no output ProgressApiId; lab.reset() brings it back" in lab.check("progress").measured


def test_the_notebooks_solution_is_the_one_that_the_checks_are_tried_on():
    shown = "\n".join(re.findall(r"```\{code-cell\} ipython3\n(.*?)```", TEXT, re.DOTALL))
    written = re.sub(r"\n\s*# (?:BEGIN|END) SOLUTION[^\n]*", "", shown)
    for source in (attempts.ORDER_RIGHT, attempts.PAYMENT_FROM_QUEUE, attempts.PROGRESS_RIGHT):
        assert source.strip() in written
    for setting in ("VisibilityTimeout: 60", "maxReceiveCount: 30"):
        assert setting in attempts.QUEUE_PATIENT and setting in written


def test_the_numbers_of_the_text_are_those_of_the_workload():
    text = " ".join(TEXT.split())
    assert "down for ten minutes" in text and evidence.OUTAGE_MINUTES == 10
    assert "lab.payment_outage(from_s=60, minutes=10)" in text and "lab.few(120, 6)" in text
    assert "120 more customers order, one every six seconds" in text
    assert 60 + 10 * 60 < 120 * 6  # the orders come before, during and after the outage
    assert "six times the function's timeout, which is 10 seconds here" in text
