"""Whatever goes wrong: nothing accepted is lost, nobody is charged amiss, what failed is in a dead-letter queue.

This runs a few seeds; `make campaign` runs 500. A seed that breaks an invariant breaks it again in every run.
"""

from __future__ import annotations

import shutil

import pytest

from localcloud.faults import Fault
from tests.campaign.schedules import schedule
from tests.campaign.system import HOST, TEMPLATE, run

SEEDS = range(8)
NAMES = {"orders": "orders", "front": "front", "pay": "pay", "host": HOST}
DOWN = [Fault("outage", host=HOST, end_s=600.0)]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_reference_system_survives(seed):
    found = run(seed)
    assert found.lost == []
    assert found.charged_amiss == []
    assert found.waiting == 0
    unpaid = {order for order, status in found.status.items() if status != "PAID"}
    assert unpaid & set(found.accepted) <= set(found.kept)


def test_orders_that_cannot_be_paid_end_as_dead_letters():
    found = run(0, faults=DOWN)
    assert len(found.accepted) == 30
    assert sorted(set(found.kept)) == sorted(found.accepted)
    assert found.charges == {}


def test_a_seed_replays_exactly():
    assert run(11).digest == run(11).digest


def test_schedules_differ_by_seed_and_only_by_seed():
    schedules = [schedule(seed, NAMES) for seed in range(200)]
    assert schedules == [schedule(seed, NAMES) for seed in range(200)]
    assert len({repr(one) for one in schedules}) == 200
    assert {fault.kind for one in schedules for fault in one} >= {"latency", "outage", "throttle", "crash", "timeout"}


@pytest.fixture
def broken(tmp_path):
    """The reference system with one line of its code changed."""

    def change(file, old, new):
        stack = tmp_path / "stack"
        shutil.copytree(TEMPLATE.parent, stack)
        path = stack / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
        return stack / "template.yaml"

    return change


def test_the_campaign_finds_a_handler_that_swallows_failures(broken):
    template = broken("src/pay.py", 'failed.append({"itemIdentifier": record["messageId"]})', "pass")
    assert run(0, template, DOWN).lost != []


def test_the_campaign_finds_a_missing_dead_letter_queue(broken):
    template = broken(
        "template.yaml",
        "RedrivePolicy: {deadLetterTargetArn: !GetAtt Unpaid.Arn, maxReceiveCount: 2}",
        "MessageRetentionPeriod: 60",
    )
    assert run(0, template, DOWN).lost != []


def test_the_campaign_finds_a_charge_without_a_stable_key(broken):
    template = broken("src/pay.py", '"idempotency-key": order["orderId"]', '"idempotency-key": os.urandom(8).hex()')
    faults = [Fault("outage", service="dynamodb", operation="UpdateItem", end_s=100.0)]
    assert run(0, faults=faults).charged_amiss == []
    assert run(0, template, faults).charged_amiss != []
