"""Ordinary blocking Python code waits in virtual time inside a task, and in real time outside."""

from __future__ import annotations

import asyncio
import datetime
import decimal
import os
import queue
import random
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor, as_completed, wait

import pytest

from localcloud import Cloud
from localcloud.kernel import Kernel
from localcloud.patching import Patches
from localcloud.runtime import install


def test_every_clock_shows_virtual_time_in_a_task(kernel):
    def look():
        time.sleep(90)
        return time.time(), time.monotonic(), time.perf_counter_ns(), datetime.datetime.now(datetime.UTC)

    unix, monotonic, perf_ns, now = kernel.call(look)
    assert unix == pytest.approx(kernel.unix_us / 1e6)
    assert monotonic == 90
    assert perf_ns == 90_000_000_000
    assert now.timestamp() == pytest.approx(unix)


@pytest.mark.parametrize("left_s", [2.2e-16, 1e-9, 4e-7])
def test_a_wait_for_the_last_bit_of_a_float_moves_the_clock(kernel, left_s):
    def wait():
        time.sleep(left_s)
        threading.Lock().acquire(timeout=left_s)  # free
        held = threading.Lock()
        held.acquire()
        held.acquire(timeout=left_s)

    kernel.call(wait)
    assert kernel.now_us == 2


def test_a_queue_that_is_polled_with_a_timeout_ends(kernel):
    def poll():
        time.sleep(1.097344)  # from here, 0.1 s more is a float that no whole microsecond reaches
        with pytest.raises(queue.Empty):
            queue.Queue().get(timeout=0.1)

    kernel.call(poll)
    assert kernel.now_us == pytest.approx(1_197_344, abs=1)


def test_clocks_outside_the_simulation_are_real(kernel):
    kernel.call(time.sleep, 1e9)
    assert time.time() < kernel.unix_us / 1e6


def test_what_a_module_took_by_name_in_one_cloud_belongs_to_the_next(kernel):
    """Modules are imported once per process, also those that are imported in a task."""
    taken = kernel.call(lambda: {"lock": threading.Lock(), "sleep": time.sleep, "monotonic": time.monotonic})
    kernel.call(time.sleep, 100)
    later = Kernel(seed=8)

    def hold():
        with taken["lock"]:
            taken["sleep"](5)

    def use():
        later.spawn(hold)
        taken["sleep"](1)
        with taken["lock"]:
            return taken["monotonic"]()

    assert later.call(use) == 5
    assert (later.now_us, kernel.now_us) == (5_000_000, 100_000_000)
    later.close()


def test_a_loop_that_burns_cpu_ends_after_that_much_cpu_time(kernel):
    def burn():
        end = time.thread_time() + 0.050
        while time.thread_time() < end:
            pass

    kernel.call(burn)
    assert kernel.now_us == pytest.approx(51_000, abs=1_000)


def test_a_thread_pool_waits_in_parallel(kernel):
    def fan_out():
        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(lambda s: time.sleep(s) or s, [3, 1, 2, 5]))

    assert kernel.call(fan_out) == [3, 1, 2, 5]
    assert kernel.now_us == 5_000_000


def test_futures_complete_in_virtual_order_and_time_out(kernel):
    def work():
        with ThreadPoolExecutor(2) as pool:
            order = [f.result() for f in as_completed([pool.submit(lambda s=s: time.sleep(s) or s) for s in (3, 1, 2)])]
            done, pending = wait([pool.submit(time.sleep, 10)], timeout=2)
            return order, len(done), len(pending)

    assert kernel.call(work) == ([1, 3, 2], 0, 1)


def test_threads_take_turns_at_a_lock(kernel):
    lock, seen = None, []

    def turn(number):
        with lock:
            time.sleep(1)
            seen.append((number, time.monotonic()))

    def main():
        nonlocal lock
        lock = threading.Lock()
        threads = [threading.Thread(target=turn, args=(n,)) for n in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    kernel.call(main)
    assert seen == [(0, 1), (1, 2), (2, 3)]


def test_a_bounded_queue_holds_its_producer_back(kernel):
    def main():
        channel = queue.Queue(2)

        def produce():
            for number in range(5):
                channel.put(number)
            channel.put(None)

        threading.Thread(target=produce).start()
        got = []
        while (item := channel.get()) is not None:
            time.sleep(1)
            got.append(item)
        return got

    assert kernel.call(main) == [0, 1, 2, 3, 4]
    with pytest.raises(queue.Empty):
        kernel.call(lambda: queue.Queue().get(timeout=3))
    assert kernel.now_us == 8_000_000


def test_fifty_handlers_run_asyncio_at_the_same_time(kernel):
    async def wait_for(seconds):
        await asyncio.sleep(seconds)
        return seconds

    async def main():
        return await asyncio.gather(wait_for(1), wait_for(3), asyncio.to_thread(lambda: time.sleep(4) or 4))

    tasks = [kernel.spawn(lambda: asyncio.run(main())) for _ in range(50)]
    kernel.run()
    assert [task.result() for task in tasks] == [[1, 3, 4]] * 50
    assert kernel.now_us == pytest.approx(4_000_000, abs=100)


def test_decimal_contexts_and_deep_stacks_belong_to_their_task(kernel):
    def third(digits):
        decimal.getcontext().prec = digits
        time.sleep(1)
        return str(decimal.Decimal(1) / 3)

    def deep(levels):
        return 1 + deep(levels - 1) if levels else time.sleep(0.1) or 0

    precise = [kernel.spawn(third, digits) for digits in (3, 5, 9)]
    depths = [kernel.spawn(deep, 400) for _ in range(10)]
    kernel.run()
    assert [len(task.result()) - 2 for task in precise] == [3, 5, 9]
    assert {task.result() for task in depths} == {400}


def test_randomness_repeats_for_a_seed_and_leaves_the_notebooks_alone():
    def draw(seed):
        kernel, patches = Kernel(seed=seed), Patches()
        uninstall = install(kernel, patches)
        try:
            return kernel.call(lambda: (str(uuid.uuid4()), os.urandom(4), random.random()))
        finally:
            kernel.close()
            uninstall()
            patches.undo()

    random.seed(99)
    expected = random.Random(99).random()
    assert draw(1) == draw(1) != draw(2)
    assert random.random() == expected


def test_leaving_the_simulation_leaves_nothing_behind():
    before = (time.sleep, time.monotonic, threading.Lock, threading.Thread.start, os.urandom, type(os.environ))
    kernel, patches = Kernel(), Patches()
    uninstall = install(kernel, patches)
    assert time.sleep is not before[0]
    kernel.close()
    uninstall()
    patches.undo()
    after = (time.sleep, time.monotonic, threading.Lock, threading.Thread.start, os.urandom, type(os.environ))
    assert after == before
    assert queue.time is before[1]


def test_a_handlers_current_event_loop_is_its_own_and_ends_with_its_cloud():
    def handler():
        loop = asyncio.get_event_loop()
        asyncio.set_event_loop(loop)
        assert asyncio.get_event_loop() is loop
        return loop.run_until_complete(asyncio.sleep(5, "slept"))

    for seed in (1, 2):
        with Cloud(seed=seed) as cloud:
            began_us = cloud.kernel.now_us
            assert cloud.kernel.call(handler) == "slept"
            assert cloud.kernel.now_us - began_us >= 5_000_000
