"""What of a template an emulator is spared."""

from __future__ import annotations

import pytest

from patisserie.course import course_root
from patisserie.targets.packaging import load_template
from patisserie.targets.stand_in import without_refused

LAB_02 = course_root() / "infra" / "stacks" / "02-break-the-sync-chain"


@pytest.fixture(params=["events", "chain"])
def template(request):
    return load_template(LAB_02 / request.param / "template.yaml")


def test_nothing_that_is_left_needs_what_was_left_out(template):
    gone = {name for name, resource in template["Resources"].items() if "AppSync" in resource["Type"]}
    adapted = without_refused(template)
    assert set(adapted["Resources"]) == set(template["Resources"]) - gone
    assert not [name for name in gone if name in repr(adapted)]


def test_a_template_without_them_stays_as_it_is():
    chain = load_template(LAB_02 / "chain" / "template.yaml")
    assert without_refused(chain) is chain


def test_a_function_keeps_its_other_variables_and_publishes_where_nobody_listens():
    events = load_template(LAB_02 / "events" / "template.yaml")
    before = events["Resources"]["PaymentFunction"]["Properties"]["Environment"]["Variables"]
    after = without_refused(events)["Resources"]["PaymentFunction"]["Properties"]["Environment"]["Variables"]
    assert set(after) == set(before)
    assert after["PAYMENT_URL"] == before["PAYMENT_URL"]
    assert after["PROGRESS_URL"].startswith("http://127.0.0.1:")
