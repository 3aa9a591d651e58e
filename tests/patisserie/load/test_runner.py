"""Orders placed on a target that answers as it is told to."""

from __future__ import annotations

import json
from json import dumps

import pytest

from localcloud.kernel import Kernel
from localcloud.net import HttpPlane, HttpRequest, HttpResponse, HttpTimeout, HttpUnreachable
from patisserie.load import ABANDONED, ACCEPTED, FAILED, Steady, run_load
from patisserie.story import Story
from patisserie.targets.base import HttpReply, PatienceExhausted

STORY = Story.load()
URL = "https://shop.example/orders"


class SmallTarget:
    """A host in virtual time, and nothing else of a target."""

    name, source, seed = "local", "simulated", 1

    def __init__(self):
        self.kernel = Kernel(seed=1)
        self.plane = HttpPlane(self.kernel)
        self.seen = []

    def serve(self, delay_s, status=201, body='{"orderId": "o-1"}'):
        def answer(request):
            self.seen.append((self.kernel.now_us, json.loads(request.body)))
            self.kernel.sleep(round(delay_s * 1e6))
            return HttpResponse(status, {}, body.encode())

        self.plane.serve("shop.example", answer)

    def now_s(self):
        return self.kernel.now_us / 1e6

    def spawn_at(self, at_s, fn):
        return self.kernel.spawn(fn, delay_us=round(at_s * 1e6) - self.kernel.now_us)

    def join_all(self, started):
        for task in started:
            self.kernel.call(task.result)

    def http(self, method, url, json=None, headers=None, timeout_s=None):
        started_us = self.kernel.now_us
        try:
            body = dumps(json).encode()
            answer = self.plane.request(HttpRequest(method, url, {}, body), round(timeout_s * 1e6))
        except HttpTimeout as exc:
            raise PatienceExhausted(str(exc)) from exc
        except HttpUnreachable as exc:
            return HttpReply(0, str(exc), 0.0)
        return HttpReply(answer.status, answer.body.decode(), (self.kernel.now_us - started_us) / 1_000)


@pytest.fixture
def target():
    made = SmallTarget()
    yield made
    made.kernel.close()


def test_answered_orders_are_accepted_with_the_clients_own_latency(target):
    target.serve(0.25)
    outcomes = run_load(target, URL, Steady(2.0, 2.0), STORY, seed=5)
    assert [(o.arrived_s, o.latency_ms, o.status, o.kind, o.order_id) for o in outcomes] == [
        (at, 250.0, 201, ACCEPTED, "o-1") for at in (0.0, 0.5, 1.0, 1.5)
    ]


def test_customers_come_though_earlier_ones_still_wait(target):
    target.serve(3.0)
    run_load(target, URL, Steady(2.0, 2.0), STORY, seed=5)
    assert [at for at, _ in target.seen] == [0, 500_000, 1_000_000, 1_500_000]


@pytest.mark.parametrize("status", [400, 429, 500, 503])
def test_an_error_answer_is_a_failed_order(target, status):
    target.serve(0.1, status, "not json")
    (outcome,) = run_load(target, URL, Steady(1.0, 1.0), STORY, seed=5)
    assert (outcome.kind, outcome.status, outcome.order_id) == (FAILED, status, "")


def test_a_shop_that_cannot_be_reached_is_a_failed_order(target):
    (outcome,) = run_load(target, URL, Steady(1.0, 1.0), STORY, seed=5)
    assert (outcome.kind, outcome.status) == (FAILED, 0)


def test_a_customer_leaves_when_patience_ends(target):
    target.serve(1_000.0)
    outcomes = run_load(target, URL, Steady(1.0, 50.0), STORY, seed=5)
    assert {o.kind for o in outcomes} == {ABANDONED}
    assert all(0 < o.latency_ms <= STORY.patience.longest_s * 1_000 for o in outcomes)


def test_about_the_talks_share_has_left_after_six_seconds(target):
    target.serve(6.0)
    outcomes = run_load(target, URL, Steady(20.0, 100.0), STORY, seed=5)
    assert 0.19 < sum(o.kind == ABANDONED for o in outcomes) / len(outcomes) < 0.27


def test_the_same_seed_brings_the_same_orders_and_another_seed_others(target):
    target.serve(0.1)
    orders = []
    for seed in (5, 5, 6):
        target.seen.clear()
        run_load(target, URL, Steady(1.0, 5.0), STORY, seed=seed)
        orders.append([order for _, order in target.seen])
    assert orders[0] == orders[1] != orders[2]
