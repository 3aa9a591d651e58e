"""The standard table, comparisons and digests."""

from __future__ import annotations

import math

import pytest

from localcloud.cost import PRICES
from patisserie.load import ABANDONED, ACCEPTED, FAILED, Outcome
from patisserie.measure import COLUMNS, compare, digest, measurement, quantile
from patisserie.measure.bill import costs_per_1000
from patisserie.targets.base import Used


def run(latencies, kinds=None, cost_usd=0.002, label="run"):
    kinds = kinds or [ACCEPTED] * len(latencies)
    outcomes = [
        Outcome(number, float(number), latency, 201, kind, f"o-{number}")
        for number, (latency, kind) in enumerate(zip(latencies, kinds, strict=True))
    ]
    lines = (("lambda.gb_s.x86", cost_usd / 2), ("lambda.gb_s.arm64", cost_usd / 4), ("sqs.requests", cost_usd / 4))
    return measurement(label, outcomes, Used(7, cost_usd, lines), source="simulated", seed=5)


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.95, 95), (0.99, 99), (1.0, 100), (0.0, 1)])
def test_quantiles_are_nearest_rank(share, expected):
    assert quantile(list(range(100, 0, -1)), share) == expected


def test_the_quantile_of_nothing_is_unknown():
    assert math.isnan(quantile([], 0.5))


def test_who_left_is_counted_but_not_in_the_percentiles():
    found = run([100.0, 200.0, 60_000.0], [ACCEPTED, FAILED, ABANDONED])
    assert (found.orders, found.failed, found.abandoned, found.p50_ms, found.p99_ms) == (3, 1, 1, 100.0, 200.0)


def test_figures_find_what_they_draw():
    found = run([100.0, 200.0, 60_000.0], [ACCEPTED, FAILED, ABANDONED])
    assert found.answered_ms == (100.0, 200.0)
    assert found.placed_s == (0.0, 1.0, 2.0)
    assert found.accepted_s == (0.1,)
    assert found.costs_usd == pytest.approx({"Lambda time": 0.5, "SQS": 1 / 6}, rel=1e-6)
    assert sum(found.costs_usd.values()) == pytest.approx(found.cost_usd_per_1000)


def test_every_line_of_a_bill_has_a_name_for_readers():
    assert [item for item in PRICES if costs_per_1000([(item, 1.0)], 1)[0][0] == item] == []


def test_a_line_of_the_bill_that_has_no_name_for_readers_keeps_its_own():
    assert costs_per_1000([("lambda.requests", 0.1), ("new.thing", 0.2)], 1_000) == (
        ("Lambda requests", 0.1),
        ("new.thing", 0.2),
    )
    with pytest.raises(ValueError, match="no orders"):
        costs_per_1000([], 0)


def test_throughput_is_accepted_orders_until_the_last_end():
    assert run([1_000.0, 1_000.0]).throughput_per_s == 1.0


def test_a_row_has_the_columns_of_the_standard_table():
    row = run([100.0]).row()
    assert list(row) == list(COLUMNS)
    assert row["cost_usd_per_1000"] == 2.0


def test_the_table_has_headers_for_screen_readers_and_escapes_labels():
    page = run([100.0], label="<b>")._repr_html_()
    assert '<th scope="row">&lt;b&gt;</th>' in page
    assert page.count('<th scope="col">') == len(COLUMNS)


def test_a_comparison_says_how_many_times_as_fast():
    found = compare(run([1_000.0]), run([100.0], cost_usd=0.001))
    assert (found.p95_ratio, found.cost_ratio) == (10.0, 0.5)
    assert "10.0 times as fast" in repr(found)


def test_a_comparison_with_a_run_that_cost_nothing_shows_no_ratio_instead_of_failing():
    found = compare(run([1_000.0], cost_usd=0.0), run([0.0]))
    assert math.isnan(found.cost_ratio)
    assert math.isnan(found.p95_ratio)
    assert "unknown" in repr(found)


def test_runs_under_different_loads_are_not_compared():
    with pytest.raises(ValueError, match="did not get the same load"):
        compare(run([1.0]), run([1.0, 2.0]))


def test_a_digest_is_equal_for_equal_results_and_differs_for_others():
    assert digest(run([100.0])) == digest(run([100.0])) != digest(run([101.0]))
    assert digest({"b": 0.1 + 0.2, "a": 1}) == digest({"a": 1, "b": 0.3})
    assert len(digest([])) == 64


def test_a_system_that_takes_no_order_is_not_called_fast():
    before = run([5_000.0, 6_000.0], label="before")
    after = run([10.0, 10.0], [FAILED, FAILED], cost_usd=0.0001, label="after")
    found = compare(before, after).finding()
    assert found.startswith("No order was accepted afterwards: 2 failed, 0 abandoned.")
    assert "times as fast" not in found
