"""Customers place orders, wait as long as they are patient, and remember what happened."""

from __future__ import annotations

import json

import pytest

from localcloud.net import HttpResponse
from patisserie.load import Steady, run_load
from patisserie.story import Story
from patisserie.targets.local import LocalTarget

URL = "https://shop.example/orders"


@pytest.fixture
def target():
    made = LocalTarget(3, {})
    yield made
    made.close()


def serve(target, seconds, status=202):
    def answer(request):
        target.cloud.kernel.sleep(round(seconds * 1e6))
        number = json.loads(request.body)["customer"].split("-")[1].split("@")[0]
        return HttpResponse(status, {}, json.dumps({"orderId": f"order-{number}"}).encode())

    target.cloud.http.serve("shop.example", answer)


def test_an_accepted_order_keeps_its_number_its_wait_and_its_id(target):
    serve(target, 0.25)
    outcomes = run_load(target, URL, Steady(1.0, 5.0), Story.load(), seed=1)
    assert [(o.number, o.arrived_s, o.kind, o.order_id) for o in outcomes] == [
        (n, float(n), "accepted", f"order-{n}") for n in range(5)
    ]
    assert {o.latency_ms for o in outcomes} == {250.0}


def test_an_error_answer_is_a_failed_order(target):
    serve(target, 0.1, status=502)
    outcomes = run_load(target, URL, Steady(1.0, 3.0), Story.load(), seed=1)
    assert {(o.kind, o.status) for o in outcomes} == {("failed", 502)}


def test_a_host_that_does_not_answer_is_a_failed_order(target):
    outcomes = run_load(target, "https://nobody.example/", Steady(1.0, 2.0), Story.load(), seed=1)
    assert {o.kind for o in outcomes} == {"failed"}


def test_about_the_talks_share_of_customers_leaves_after_six_seconds(target):
    serve(target, 6.0)
    outcomes = run_load(target, URL, Steady(10.0, 100.0), Story.load(), seed=1)
    left = [o for o in outcomes if o.kind == "abandoned"]
    assert 0.18 < len(left) / len(outcomes) < 0.28
    assert all(o.latency_ms <= 6_000 and o.order_id == "" for o in left)


def test_the_same_seed_brings_the_same_customers_whatever_they_meet(target):
    serve(target, 0.1)
    fast = run_load(target, URL, Steady(1.0, 20.0), Story.load(), seed=5)
    serve(target, 30.0)
    slow = run_load(target, URL, Steady(1.0, 20.0), Story.load(), seed=5)
    assert [o.arrived_s for o in fast] == [o.arrived_s for o in slow]


def test_progress_is_told_before_the_load_and_after_each_order(target):
    serve(target, 0.1)
    told = []
    run_load(target, URL, Steady(1.0, 4.0), Story.load(), seed=1, progress=lambda done, of: told.append((done, of)))
    assert told == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]


def test_progress_begins_outside_of_simulated_time_where_a_notebook_can_draw(target):
    serve(target, 0.1)
    tasks = []
    run_load(
        target,
        URL,
        Steady(1.0, 2.0),
        Story.load(),
        seed=1,
        progress=lambda *_: tasks.append(target.cloud.kernel.current()),
    )
    assert tasks[0] is None
    assert None not in tasks[1:]


def test_a_customer_goes_on_after_an_accepted_order_while_others_come(target):
    serve(target, 0.1)
    seen = []

    def then(story, stream):
        pause_s = stream.uniform(1.0, 2.0)

        def afterwards(target, url, order_id):
            target.wait(pause_s)
            seen.append((round(target.now_s(), 6), url, order_id))

        return afterwards

    outcomes = run_load(target, URL, Steady(1.0, 3.0), Story.load(), seed=1, then=then)
    assert sorted(order_id for _, _, order_id in seen) == [f"order-{number}" for number in range(3)]
    assert {url for _, url, _ in seen} == {URL}
    assert all(1.1 <= at - o.arrived_s <= 2.1 for (at, _, _), o in zip(sorted(seen), outcomes, strict=True))
    assert [o.latency_ms for o in outcomes] == [100.0] * 3


def test_a_customer_whose_order_failed_does_nothing_more(target):
    serve(target, 0.1, status=502)
    run_load(target, URL, Steady(1.0, 3.0), Story.load(), seed=1, then=lambda story, stream: pytest.fail)
