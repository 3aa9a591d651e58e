"""The virtual clock: order, parking, ending."""

from __future__ import annotations

import random
import sys
import threading
import time

import pytest

from localcloud.errors import Deadlock, WrongContext
from localcloud.kernel import HandlerSpun, Kernel, Killed, MemoryExhausted, TaskGroup


@pytest.fixture
def kernel():
    kernel = Kernel(seed=7)
    yield kernel
    kernel.close()


def test_sleeping_passes_virtual_time_only(kernel):
    kernel.call(kernel.sleep, 3_600_000_000)
    assert kernel.now_us == 3_600_000_000


def test_events_at_one_instant_happen_in_the_order_they_were_scheduled(kernel):
    seen = []
    for name in "abc":
        kernel.call_at(10, seen.append, name)
    kernel.run()
    assert seen == ["a", "b", "c"]


@pytest.mark.parametrize("other_us", [9, 10, 11])
def test_who_sleeps_alone_still_lets_what_is_due_before_go_first(kernel, other_us):
    seen = []

    def sleeper():
        kernel.call_at(other_us, lambda: seen.append(("other", kernel.now_us)))
        kernel.sleep(10)
        seen.append(("sleeper", kernel.now_us))

    kernel.call(sleeper)
    kernel.run()
    assert seen == sorted([("sleeper", 10), ("other", other_us)], key=lambda event: (event[1], event[0]))


def test_who_sleeps_alone_stops_where_the_clock_is_driven_to(kernel):
    seen = []
    kernel.spawn(lambda: [seen.append(kernel.now_us) for _ in range(3) if kernel.sleep(40) is None])
    kernel.run(100)
    assert (seen, kernel.now_us) == ([40, 80], 100)
    kernel.run()
    assert seen == [40, 80, 120]


def test_what_is_in_the_background_happens_while_somebody_sleeps_alone(kernel):
    seen = []
    kernel.call_in_background(15, lambda: seen.append(("background", kernel.now_us)))
    kernel.call(lambda: [kernel.sleep(10), seen.append(("awake", kernel.now_us)), kernel.sleep(10)])
    assert seen == [("awake", 10), ("background", 15)]
    assert kernel.now_us == 20


def test_a_cancelled_timer_does_not_move_the_clock(kernel):
    kernel.call_at(10, lambda: None)
    kernel.call_at(99, lambda: None).cancel()
    assert kernel.run() == 10


def test_running_until_a_time_stops_the_clock_there(kernel):
    seen = []
    kernel.call_at(50, seen.append, "early")
    kernel.call_at(150, seen.append, "late")
    assert kernel.run(until_us=100) == 100
    assert seen == ["early"]


def test_the_value_and_the_exception_of_a_task_reach_its_caller(kernel):
    def fails():
        kernel.sleep(5)
        raise ValueError("burnt")

    assert kernel.call(lambda: kernel.spawn(lambda: 41).result() + 1) == 42
    with pytest.raises(ValueError, match="burnt"):
        kernel.call(fails)


def test_a_failure_of_the_simulators_own_task_is_not_lost(kernel):
    def breaks():
        raise ValueError("a bug of ours")

    kernel.spawn(breaks, critical=True)
    with pytest.raises(ValueError, match="a bug of ours"):
        kernel.run()
    assert kernel.call(lambda: "still usable") == "still usable"


def test_waiting_for_an_event_ends_at_its_time_out(kernel):
    assert kernel.call(lambda: kernel.event().wait(500)) is False
    assert kernel.now_us == 500


def test_an_event_set_at_its_time_out_wakes_a_waiter_once(kernel):
    event, wakes = kernel.event(), []

    def waits():
        event.wait(100)
        wakes.append(kernel.now_us)
        kernel.sleep(100)
        wakes.append(kernel.now_us)

    kernel.call_at(100, event.set)
    kernel.call(waits)
    assert wakes == [100, 200]


def test_waiting_for_what_never_comes_is_a_clear_deadlock(kernel):
    with pytest.raises(Deadlock, match="can never happen"):
        kernel.call(lambda: kernel.event().wait())
    assert kernel.call(lambda: "still usable") == "still usable"


def test_sleeping_outside_a_task_says_what_to_use_instead(kernel):
    with pytest.raises(WrongContext, match=r"Kernel\.call"):
        kernel.sleep(1)


def test_a_kill_is_not_swallowed_by_except_exception(kernel):
    seen = []

    def handler():
        try:
            kernel.sleep(1_000)
        except Exception:  # noqa: BLE001 - a handler that catches everything
            seen.append("swallowed")
        finally:
            seen.append("cleaned up")

    task = kernel.spawn(handler)
    kernel.call_at(10, kernel.kill, task)
    kernel.run()
    assert seen == ["cleaned up"]
    assert isinstance(task.exception, Killed)


def test_a_dead_group_cannot_wait_again_even_in_its_cleanup(kernel):
    group = TaskGroup(kernel)

    def stubborn():
        try:
            kernel.sleep(1_000)
        finally:
            kernel.sleep(1_000_000)

    task = kernel.spawn(stubborn, group=group)
    kernel.call_at(10, group.kill)
    kernel.run()
    assert task.done
    assert kernel.now_us < 1_000_000


def test_a_frozen_group_wakes_when_it_is_thawed(kernel):
    group, seen = TaskGroup(kernel), []

    def background():
        kernel.sleep(100)
        seen.append(kernel.now_us)

    kernel.spawn(background, group=group)
    kernel.call_at(50, group.freeze)
    kernel.call_at(5_000, group.thaw)
    kernel.run()
    assert seen == [5_000]


def test_a_task_that_spins_in_real_time_is_stopped_and_the_kernel_stays_usable():
    kernel = Kernel(spin_limit_s=0.2)

    def spins():
        while True:
            pass

    with pytest.raises(HandlerSpun):
        kernel.call(spins)
    assert kernel.call(lambda: "usable") == "usable"
    kernel.close()


def test_a_task_that_stands_still_in_real_time_is_stopped_as_soon_as_it_can_be():
    kernel = Kernel(spin_limit_s=0.1)
    with pytest.raises(HandlerSpun):
        kernel.call(time.sleep, 0.5)  # the real one
    assert kernel.call(lambda: "usable") == "usable"
    kernel.close()


def test_the_watchdog_ends_quietly_with_the_thread_that_ran_the_kernel(monkeypatch):
    told = []
    monkeypatch.setattr(sys, "unraisablehook", told.append)
    thread = threading.Thread(target=lambda: Kernel(spin_limit_s=0.04).call(lambda: None))
    thread.start()
    thread.join()
    time.sleep(0.2)  # the real one: the watchdog looks a hundred times a second
    assert told == []


def test_a_task_that_takes_more_memory_than_its_group_has_is_stopped():
    kernel = Kernel()
    group = TaskGroup(kernel)
    group.memory_bytes = 64 * 1024 * 1024

    def grows():
        kept = []
        while True:
            kept.append(bytes([len(kept) % 251]) * 1_000_000)

    task = kernel.spawn(grows, group=group)
    kernel.run()
    assert isinstance(task.exception, MemoryExhausted)
    assert kernel.endless == ()
    assert kernel.call(lambda: "usable") == "usable"
    kernel.close()


def test_a_loop_that_sleeps_alone_is_not_taken_for_one_that_spins():
    kernel = Kernel(spin_limit_s=0.2)
    try:
        until = time.monotonic() + 0.5
        kernel.call(lambda: [kernel.sleep(1) for _ in iter(lambda: time.monotonic() < until, False)])
        assert kernel.endless == ()
    finally:
        kernel.close()


def test_an_interrupt_leaves_nothing_behind(kernel):
    def interrupted():
        kernel.sleep(5)
        raise KeyboardInterrupt

    other = kernel.spawn(lambda: kernel.sleep(1_000))
    with pytest.raises(KeyboardInterrupt):
        kernel.call(interrupted)
    assert other.done
    assert not kernel.pending


def test_a_stream_is_the_same_for_the_same_seed_and_name():
    first, second = Kernel(seed=3).streams, Kernel(seed=3).streams
    first["latency/sqs"].random()  # drawing from one stream does not move another
    assert first["latency/dynamodb"].random() == second["latency/dynamodb"].random()
    assert Kernel(seed=4).streams["x"].random() != first["x"].random()


def test_ten_thousand_tasks_give_the_same_order_twice():
    def order():
        kernel, seen = Kernel(seed=1), []
        rng = random.Random(5)

        def work(number, delays):
            for delay in delays:
                kernel.sleep(delay)
                seen.append((kernel.now_us, number))

        for number in range(2_000):
            kernel.spawn(work, number, [rng.randrange(1_000) for _ in range(5)])
        kernel.run()
        return seen

    assert order() == order()
