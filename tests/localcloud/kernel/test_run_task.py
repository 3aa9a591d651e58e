"""A task that is started and waited for at once: what happens, and when, is what `spawn` and `join` do."""

from __future__ import annotations

import contextvars
import random

import pytest

from localcloud.kernel import Kernel, Killed, TaskGroup

VARIABLE = contextvars.ContextVar("variable", default="")


class Program:
    """A random program: tasks that wait a little (many at the same instant), start others, freeze, thaw and kill."""

    def __init__(self, seed):
        self.kernel = Kernel()
        self.rng = random.Random(seed)
        self.log = []
        self.groups = [TaskGroup(self.kernel) for _ in range(2)]
        self.count = 0

    def note(self, *what):
        task = self.kernel.current()
        self.log.append((self.kernel.now_us, task.serial if task else None, *what))

    def work(self, depth):
        rng, kernel = self.rng, self.kernel
        self.note("begins", VARIABLE.get())
        try:
            for _ in range(rng.randrange(4)):
                kind = rng.choice(["sleep"] * 3 + ["run"] * 5 + ["spawn", "later", "background", "freeze", "kill"])
                group = rng.choice([None, *self.groups])
                self.count += 1
                if kind == "sleep":
                    kernel.sleep(rng.choice([0, 0, 1, 2, 5]))
                elif kind == "run" and depth:
                    token = VARIABLE.set(f"{VARIABLE.get()}{self.count}.")
                    timeout_us = rng.choice([None, 0, 1, 3, 20])
                    task, in_time = kernel.run_task(self.work, depth - 1, group=group, timeout_us=timeout_us)
                    VARIABLE.reset(token)
                    self.note("ran", task.serial, in_time, task.value, type(task.exception))
                elif kind == "spawn" and depth:
                    kernel.spawn(self.work, depth - 1, group=group, delay_us=rng.choice([0, 1, 4]))
                elif kind == "later":
                    kernel.call_later(rng.choice([0, 1]), self.note, "called")
                elif kind == "background":
                    kernel.call_in_background(kernel.now_us + rng.choice([0, 1]), self.note, "background")
                elif kind == "freeze" and group is not None:
                    group.freeze()
                    kernel.call_later(rng.choice([1, 3]), group.thaw)
                elif kind == "kill" and group is not None and rng.random() < 0.3:
                    self.groups[self.groups.index(group)] = TaskGroup(kernel)
                    group.kill()
                self.note("did", kind)
        except Killed:
            self.note("killed")
            raise
        if rng.random() < 0.1:
            raise ValueError("a mistake")
        return self.count

    def run(self, until_us=None):
        for number in range(6):
            self.kernel.spawn(self.work, 4, delay_us=number // 2)
        self.kernel.run(until_us)
        self.note("ends")
        if until_us is not None:
            self.kernel.run()
        found, straight = self.log, self.kernel.straight
        self.kernel.close()
        return found, straight


@pytest.mark.parametrize("until_us", [None, 4])
@pytest.mark.parametrize("block", range(8))
def test_everything_happens_in_the_same_order(block, until_us, monkeypatch):
    seeds = range(block * 50, block * 50 + 50)

    class Counting(Kernel):
        straight = 0

        def _goes_straight(self, parent, group):
            found = super()._goes_straight(parent, group)
            self.straight += found
            return found

    monkeypatch.setattr("tests.localcloud.kernel.test_run_task.Kernel", Counting)
    quick = [Program(seed).run(until_us) for seed in seeds]
    monkeypatch.setattr(Counting, "_goes_straight", lambda kernel, parent, group: False)
    monkeypatch.setattr(Counting, "successor", lambda kernel: None)
    slow = [Program(seed).run(until_us) for seed in seeds]
    assert [log for log, _ in quick] == [log for log, _ in slow]
    assert sum(straight for _, straight in quick) > 50


def test_outside_of_a_task_there_is_nobody_to_wait():
    from localcloud.errors import WrongContext

    kernel = Kernel()
    with pytest.raises(WrongContext):
        kernel.run_task(lambda: None)
    kernel.close()


def test_control_goes_from_task_to_task_without_the_hub():
    kernel = Kernel()
    resumed = []
    wake = kernel.wake

    def watched(task, token):
        resumed.append(task.name)
        wake(task, token)

    kernel.waking = watched
    kernel.call(lambda: [kernel.run_task(lambda: None, name="inner", timeout_us=5) for _ in range(3)])
    assert "inner" not in resumed
    kernel.close()
