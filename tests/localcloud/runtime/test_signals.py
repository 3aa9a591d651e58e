"""Alarms ring in virtual time, where the code waits; nothing that a function does reaches this process."""

from __future__ import annotations

import signal
import threading

import pytest


def test_an_alarm_interrupts_what_the_handler_waits_for(cloud, function, invoke):
    function("shop", """
        import signal, time
        def ring(number, frame): raise TimeoutError("the bread is done")
        def handler(event, context):
            signal.signal(signal.SIGALRM, ring)
            signal.alarm(2)
            began = time.monotonic()
            try:
                time.sleep(60)
            except TimeoutError as exc:
                return [str(exc), time.monotonic() - began]
        """, Timeout=90)  # fmt: skip
    assert invoke("shop")[0] == ["the bread is done", pytest.approx(2)]


def test_an_alarm_can_be_taken_back_and_says_what_was_left(function, invoke):
    function("shop", """
        import signal, time
        def handler(event, context):
            signal.alarm(5)
            time.sleep(1.5)
            left = signal.alarm(0)
            time.sleep(10)
            return [left, signal.alarm(0)]
        """, Timeout=30)  # fmt: skip
    assert invoke("shop")[0] == [4, 0]


def test_a_timer_rings_again_and_again(function, invoke):
    function("shop", """
        import signal, time
        def handler(event, context):
            rung = []
            signal.signal(signal.SIGALRM, lambda number, frame: rung.append(time.monotonic() - began))
            began = time.monotonic()
            signal.setitimer(signal.ITIMER_REAL, 1, 2)
            time.sleep(6)
            signal.setitimer(signal.ITIMER_REAL, 0)
            return rung
        """, Timeout=30)  # fmt: skip
    assert invoke("shop")[0] == pytest.approx([1, 3, 5], abs=1e-5)


def test_an_alarm_that_nobody_handles_ends_the_environment_and_not_this_process(function, invoke):
    function("shop", """
        import signal, time
        def handler(event, context):
            signal.alarm(1)
            time.sleep(5)
        """, Timeout=30)  # fmt: skip
    answer, response = invoke("shop")
    assert response["FunctionError"] == "Unhandled"
    assert answer["errorType"] == "Runtime.ExitError"
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL


def test_pools_of_processes_fail_as_on_lambda(function, invoke):
    function("shop", """
        from multiprocessing import Pool
        def handler(event, context):
            with Pool(2) as pool:
                return pool.map(abs, [1, -2])
        """)  # fmt: skip
    answer, _ = invoke("shop")
    assert answer["errorType"] == "OSError"
    assert answer["errorMessage"] == "[Errno 38] Function not implemented"


def test_locks_of_the_notebook_stay_what_they_were(cloud):
    from multiprocessing import Lock

    with Lock(), threading.Lock():
        assert cloud.now
