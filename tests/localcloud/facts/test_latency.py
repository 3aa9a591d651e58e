"""Draws follow the published quantiles and repeat for a seed."""

from __future__ import annotations

import random

import pytest

from localcloud.facts import Facts
from localcloud.kernel import Streams
from localcloud.latency import Distribution, Latency, gauss

FACTS = Facts.load()


def quantile(draws, share):
    return sorted(draws)[int(len(draws) * share)]


def test_a_normal_draw_is_pythons_own_and_leaves_the_stream_as_python_does():
    ours, pythons = random.Random(7), random.Random(7)
    for number in range(1_000):
        assert gauss(ours) * 0.3 == pythons.gauss(0.0, 0.3)
        if number % 7 == 0:
            assert ours.random() == pythons.random()
    assert ours.getstate() == pythons.getstate()


@pytest.mark.parametrize("hop", ["sqs_standard_esm", "sqs_fifo_esm", "dynamodb_streams_esm"])
def test_a_hop_has_its_published_quantiles(hop):
    published = FACTS.value(f"latency.hop.{hop}")
    latency = Latency(FACTS, Streams(1))
    draws = [latency.hop_us(hop) / 1_000 for _ in range(20_000)]
    for name, share in {"p10": 0.10, "p50": 0.50, "p90": 0.90, "p99": 0.99}.items():
        assert quantile(draws, share) == pytest.approx(published[name], rel=0.15)
    assert max(draws) <= 3 * published["p99"]


def test_a_call_has_its_median_and_tail_and_is_clamped():
    latency = Latency(FACTS, Streams(1))
    draws = [latency.api_us("dynamodb", "PutItem") / 1_000 for _ in range(20_000)]
    assert quantile(draws, 0.5) == pytest.approx(4.5, rel=0.05)
    assert quantile(draws, 0.99) == pytest.approx(14, rel=0.10)
    assert max(draws) <= 42


def test_latencies_are_whole_microseconds_and_repeat_for_a_seed():
    first, second = Latency(FACTS, Streams(3)), Latency(FACTS, Streams(3))
    draws = [first.api_us("sqs", "SendMessage") for _ in range(50)]
    second.api_us("dynamodb", "Query")  # another stream: it shifts nothing
    assert draws == [second.api_us("sqs", "SendMessage") for _ in range(50)]
    assert all(isinstance(draw, int) for draw in draws)


def test_an_operation_without_a_figure_takes_the_flagged_default():
    assert FACTS.fact("model.api.default").estimate
    latency = Latency(FACTS, Streams(1))
    draws = [latency.api_us("logs", "PutLogEvents") for _ in range(2_000)]
    assert quantile(draws, 0.5) == pytest.approx(FACTS.value("model.api.default")["p50"] * 1_000, rel=0.1)


def test_importing_the_sdk_is_most_of_a_python_cold_start():
    latency = Latency(FACTS, Streams(1))
    bare = [latency.init_us("python3.13", imports_sdk=False) / 1_000 for _ in range(2_000)]
    real = [latency.init_us("python3.13") / 1_000 for _ in range(2_000)]
    assert quantile(bare, 0.5) == pytest.approx(93, rel=0.1)
    assert quantile(real, 0.5) == pytest.approx(482, rel=0.1)


def test_a_distribution_through_two_points_is_lognormal():
    stream = random.Random(1)
    draws = [Distribution({"p50": 100, "p99": 300}).draw_us(stream) for _ in range(10_000)]
    assert quantile(draws, 0.5) == pytest.approx(100_000, rel=0.05)
    assert quantile(draws, 0.99) == pytest.approx(300_000, rel=0.1)
