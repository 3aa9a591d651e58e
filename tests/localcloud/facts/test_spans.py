"""Spans nest by task, follow spawned tasks and messages, and can be sampled or switched off."""

from __future__ import annotations

import random

import pytest

from localcloud.errors import ConfigurationError
from localcloud.kernel import Kernel
from localcloud.spans import Tracer


@pytest.fixture
def kernel():
    kernel = Kernel(seed=1, epoch_us=0)
    yield kernel
    kernel.close()


@pytest.fixture
def tracer(kernel):
    return Tracer(kernel)


def test_a_span_says_what_ran_where_and_how_long(kernel, tracer):
    def work():
        with tracer.span("Invoke", "lambda", "orders", cold=True) as span:
            kernel.sleep(1_500)
            span.set(memory_mb=512)

    kernel.call(work)
    (span,) = tracer.spans()
    assert (span.name, span.service, span.resource, span.status) == ("Invoke", "lambda", "orders", "ok")
    assert (span.start_us, span.duration_us, span.parent_id) == (0, 1_500, None)
    assert span.attrs == {"cold": True, "memory_mb": 512}


def test_spans_nest_and_follow_spawned_tasks(kernel, tracer):
    def child():
        with tracer.span("child", "lambda"):
            kernel.sleep(10)

    def work():
        with tracer.span("root", "apigw"):
            with tracer.span("inner", "lambda"):
                kernel.sleep(5)
            kernel.spawn(child).join()

    kernel.call(work)
    root, inner, spawned = tracer.spans()
    assert [root.name, inner.name, spawned.name] == ["root", "inner", "child"]
    assert inner.parent_id == spawned.parent_id == root.span_id
    assert tracer.trace(root.trace_id) == (root, inner, spawned)
    assert tracer.trace_ids() == (root.trace_id,)


def test_tasks_side_by_side_keep_their_own_spans(kernel, tracer):
    def order(name):
        with tracer.span(name, "apigw"):
            kernel.sleep(100)
            with tracer.span(f"{name} put", "dynamodb"):
                kernel.sleep(100)

    for name in ("a", "b"):
        kernel.spawn(order, name)
    kernel.run()
    by_name = {span.name: span for span in tracer.spans()}
    assert by_name["a put"].parent_id == by_name["a"].span_id
    assert by_name["b put"].parent_id == by_name["b"].span_id
    assert by_name["a"].trace_id != by_name["b"].trace_id


def test_a_message_carries_its_context_to_the_consumer(kernel, tracer):
    def produce():
        with tracer.span("SendMessage", "sqs", "queue"):
            return tracer.context()

    def consume(context):
        waiting = tracer.record("wait", "sqs", "queue", start_us=0, end_us=kernel.now_us, parent=context)
        with tracer.span("Invoke", "lambda", parent=waiting):
            pass

    context = kernel.call(produce)
    kernel.run(until_us=700)
    kernel.call(consume, context)
    sent, waited, invoked = tracer.trace(context.trace_id)
    assert (waited.parent_id, waited.duration_us) == (sent.span_id, 700)
    assert invoked.parent_id == waited.span_id


def test_code_outside_tasks_has_spans_too(tracer):
    with tracer.span("cell", "notebook"), tracer.span("step", "notebook"):
        pass
    assert tracer.context() is None
    cell, step = tracer.spans()
    assert step.parent_id == cell.span_id


def test_a_failed_and_a_killed_span_say_so(kernel, tracer):
    def fail():
        with tracer.span("bad", "lambda"):
            raise ValueError("no")

    def hang():
        with tracer.span("stuck", "lambda"):
            kernel.sleep(1_000_000)

    with pytest.raises(ValueError, match="no"):
        kernel.call(fail)
    task = kernel.spawn(hang)
    kernel.run(until_us=kernel.now_us + 10)
    kernel.kill(task)
    kernel.run()
    bad, stuck = tracer.spans()
    assert (bad.status, bad.attrs["error"]) == ("error", "ValueError")
    assert stuck.status == "killed"


def test_a_status_that_the_service_set_stays(kernel, tracer):
    def work():
        with tracer.span("Invoke", "lambda") as span:
            span.status = "throttled"
            raise RuntimeError

    with pytest.raises(RuntimeError):
        kernel.call(work)
    assert tracer.spans()[0].status == "throttled"


def test_a_trace_is_kept_whole_or_not_at_all(kernel):
    tracer = Tracer(kernel, random.Random(7), sample=0.25)

    def work():
        with tracer.span("root", "apigw"), tracer.span("leaf", "lambda"):
            pass

    for _ in range(400):
        kernel.call(work)
    assert 60 < len(tracer.trace_ids()) < 140
    assert all(len(tracer.trace(trace_id)) == 2 for trace_id in tracer.trace_ids())


def test_a_tracer_can_be_switched_off_and_on(kernel, tracer):
    tracer.sample = 0
    with tracer.span("unseen", "lambda"), tracer.span("unseen too", "lambda"):
        tracer.record("nor this", "sqs", start_us=0, end_us=1)
    tracer.sample = 1
    with tracer.span("seen", "lambda"):
        pass
    assert [span.name for span in tracer.spans()] == ["seen"]
    tracer.clear()
    assert tracer.spans() == []


def test_spans_are_found_by_service_name_and_resource(tracer):
    for service, name, resource in [("sqs", "wait", "a"), ("sqs", "wait", "b"), ("lambda", "Invoke", "a")]:
        with tracer.span(name, service, resource):
            pass
    assert len(tracer.spans(service="sqs")) == 2
    assert len(tracer.spans(resource="a")) == 2
    assert [span.resource for span in tracer.spans(name="wait", resource="b")] == ["b"]


def test_wrong_settings_are_refused(kernel, tracer):
    with pytest.raises(ConfigurationError, match="0 to 1"):
        tracer.sample = 2
    with pytest.raises(ConfigurationError, match="random stream"):
        Tracer(kernel, sample=0.5)
    with pytest.raises(ConfigurationError, match="before it starts"):
        tracer.record("wait", "sqs", start_us=5, end_us=4)


def test_switched_off_tracing_keeps_nothing_and_hands_nothing_on(tracer):
    tracer.sample = 0
    with tracer.span("Invoke", "lambda", "orders") as span:
        span.set(cold=True)
        span.status = "error"
        assert tracer.context() is None
    assert (tracer.spans(), span.status) == ([], "ok")
