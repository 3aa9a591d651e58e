"""Calls in the background: they follow the clock, they do not drive it."""

from __future__ import annotations

import pytest

from localcloud.errors import Deadlock
from localcloud.kernel import Kernel


@pytest.fixture
def kernel():
    made = Kernel()
    yield made
    made.close()


@pytest.fixture
def ticks(kernel):
    seen = []

    def tick():
        seen.append(kernel.now_us)
        kernel.call_in_background(kernel.now_us + 10, tick)

    kernel.call_in_background(10, tick)
    return seen


def test_they_do_not_keep_the_clock_going(kernel, ticks):
    assert kernel.run() == 0
    assert ticks == []
    assert not kernel.pending


def test_they_happen_on_the_way_to_a_bound(kernel, ticks):
    assert kernel.run(until_us=35) == 35
    assert ticks == [10, 20, 30]


def test_they_happen_while_other_work_moves_the_clock(kernel, ticks):
    kernel.call(kernel.sleep, 25)
    assert ticks == [10, 20]
    assert kernel.now_us == 25


def test_they_come_before_other_work_of_the_same_instant(kernel, ticks):
    kernel.call_at(10, lambda: ticks.append("work"))
    kernel.run()
    assert ticks == [10, "work"]


def test_what_they_schedule_is_ordinary_work(kernel):
    seen = []
    kernel.call_in_background(10, lambda: kernel.call_later(5, lambda: seen.append(kernel.now_us)))
    kernel.run(until_us=12)
    assert seen == []
    kernel.run()
    assert seen == [15]


def test_a_cancelled_one_never_happens(kernel):
    seen = []
    kernel.call_in_background(10, seen.append, "cancelled").cancel()
    kernel.call_in_background(20, seen.append, "kept")
    assert kernel.run(until_us=30) == 30
    assert seen == ["kept"]


def test_they_do_not_hide_a_deadlock(kernel, ticks):
    with pytest.raises(Deadlock):
        kernel.call(kernel.event().wait)
