"""The standard table says what the outcomes say, and the same results have the same digest."""

from __future__ import annotations

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patisserie.load import Outcome
from patisserie.measure import compare, digest, measurement, quantile


def outcomes(*kinds, latency_ms=100.0):
    return tuple(Outcome(n, float(n), latency_ms * (n + 1), 200, kind, f"o{n}") for n, kind in enumerate(kinds))


def test_a_measurement_counts_and_ranks_what_happened():
    found = measurement("x", outcomes("accepted", "accepted", "failed", "abandoned"), 12, 0.02, "simulated", 7)
    assert (found.orders, found.failed, found.abandoned, found.invocations) == (4, 1, 1, 12)
    assert (found.p50_ms, found.p99_ms) == (200.0, 300.0)  # the one who left was never answered
    assert found.cost_usd_per_1000 == pytest.approx(5.0)
    assert found.throughput_per_s == pytest.approx(2 / 3.4, abs=1e-6)


def test_nothing_measured_is_shown_as_nothing():
    found = measurement("x", (), 0, 0.0, "simulated", 7)
    assert math.isnan(found.p95_ms)
    assert "–" in repr(found)


@given(st.lists(st.floats(0, 1e6), min_size=1), st.sampled_from([0.5, 0.95, 0.99, 1.0]))
def test_a_quantile_is_a_value_that_so_many_do_not_exceed(values, share):
    found = quantile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)
    assert sum(value < found for value in values) < share * len(values)


def test_a_comparison_needs_the_same_load_and_says_what_changed():
    before = measurement("chain", outcomes("failed", "accepted", latency_ms=1_000), 10, 0.02, "simulated", 7)
    after = measurement("events", outcomes("accepted", "accepted", latency_ms=100), 4, 0.01, "simulated", 7)
    found = compare(before, after)
    assert found.p95_ratio == pytest.approx(10)
    assert "p95 went from 2,000 to 200 ms (10.0 times as fast)" in found.finding()
    assert "<table>" in found._repr_html_()
    with pytest.raises(ValueError, match="did not get the same load"):
        compare(before, measurement("other", outcomes("accepted"), 1, 0.0, "simulated", 7))


def test_the_digest_changes_with_any_result_and_with_nothing_else():
    one = measurement("x", outcomes("accepted", "failed"), 2, 0.1, "simulated", 7)
    assert digest(one) == digest(measurement("x", outcomes("accepted", "failed"), 2, 0.1, "simulated", 7))
    assert digest(one) != digest(dataclasses.replace(one, failed=2))
    assert digest({"b": 1, "a": 2}) == digest({"a": 2, "b": 1})


def test_the_table_names_its_units():
    html = measurement("x", outcomes("accepted"), 1, 0.1, "simulated", 7)._repr_html_()
    for heading in ("p95 (ms)", "USD per 1,000 orders", "source"):
        assert heading in html
    assert '<th scope="row">x</th>' in html
