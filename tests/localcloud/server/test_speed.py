"""Virtual time against the clock on the wall."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from localcloud.kernel import Kernel
from localcloud.server.pacing import Pacer

_POLLS = 200  # far more than a delay of two minutes needs at this speed


class WallClock:
    """A clock on the wall that the test sets."""

    def __init__(self):
        self.s = 1_000.0

    def __call__(self):
        return self.s


@pytest.fixture
def wall():
    return WallClock()


@pytest.fixture
def kernel():
    made = Kernel(seed=7)
    yield made
    made.close()


def paced(kernel, speed, wall, scenario):
    """What scenario(pacer) returns while the pacer drives."""

    async def run():
        pacer = Pacer(kernel, speed, wall)
        driving = asyncio.ensure_future(pacer.drive())
        try:
            return await scenario(pacer)
        finally:
            driving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await driving

    return asyncio.run(run())


@pytest.mark.parametrize("speed", [1, 0.5, 600])
def test_a_request_comes_in_at_the_virtual_time_of_the_clock_on_the_wall(kernel, wall, speed):
    async def scenario(pacer):
        seen = []
        for wall.s in (1_000, 1_002, 1_010):
            seen.append(await pacer.submit(lambda: kernel.now_us))
        return seen

    assert paced(kernel, speed, wall, scenario) == [0, 2_000_000 * speed, 10_000_000 * speed]


def test_nothing_happens_before_its_time_has_come_on_the_wall(kernel, wall):
    happened, so_far = [], []
    kernel.spawn(lambda: happened.append(kernel.now_us), delay_us=120_000_000)

    async def scenario(pacer):
        for wall.s in (1_000, 1_001.9, 1_002.1):  # at 60 times the clock's speed two minutes are two seconds
            await pacer.submit(lambda: None)
            so_far.append(list(happened))

    paced(kernel, 60, wall, scenario)
    assert so_far == [[], [], [120_000_000]]


def test_with_no_speed_time_jumps_to_what_happens_next(kernel, wall):
    async def scenario(pacer):
        return await pacer.submit(lambda: kernel.sleep(3_600_000_000) or kernel.now_us)

    assert paced(kernel, None, wall, scenario) == 3_600_000_000


def test_a_server_keeps_the_pace_it_was_told(serving_at, client_at):
    with serving_at("600") as address:
        sqs = client_at(address, "sqs")
        url = sqs.create_queue(QueueName="orders")["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=120)
        wanted = {"QueueUrl": url, "WaitTimeSeconds": 20, "MessageSystemAttributeNames": ["All"]}
        found = next(filter(None, (sqs.receive_message(**wanted).get("Messages") for _ in range(_POLLS))))
    times = found[0]["Attributes"]
    assert found[0]["Body"] == "later"
    assert int(times["ApproximateFirstReceiveTimestamp"]) - int(times["SentTimestamp"]) >= 120_000
