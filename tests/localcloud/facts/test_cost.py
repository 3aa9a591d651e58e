"""A bill is quantity times price, tier by tier, each line with its source."""

from __future__ import annotations

import math

import pytest

from localcloud.cost import PRICES, cost_report
from localcloud.errors import ConfigurationError
from localcloud.facts import Facts
from localcloud.metering import Meter

FACTS = Facts.load()


@pytest.mark.parametrize("item", sorted(PRICES))
def test_every_item_has_a_price_with_a_source_or_a_flag(item):
    report = cost_report({item: 1_000_000}, FACTS)
    assert report.total_usd > 0
    for line in report.lines:
        assert line.sources or line.estimate
        assert line.cost_usd == pytest.approx(line.quantity * line.price_usd / line.per)


def test_the_scale_of_a_price_is_the_one_its_fact_states():
    words = {1_000_000: ("per 1M", "_per_M"), 100_000: ("per 100k", "_per_100k"), 1_000: ("per 1,000", "_per_1k")}
    for item, price in PRICES.items():
        stated = f"{FACTS.fact(price.fact_id).unit} {price.part}"
        if price.per == 1:
            assert not any(word in stated.split("(")[0] for scale in words.values() for word in scale), item
        else:
            assert any(word in stated for word in words[price.per]), item


def test_a_million_invocations_of_100_ms_at_1_gb_cost_what_the_price_list_says():
    report = cost_report({"lambda.requests": 1_000_000, "lambda.gb_s.x86": 100_000}, FACTS)
    assert report.total_usd == pytest.approx(0.20 + 1.66667)
    assert [line.item for line in report.lines] == ["lambda.gb_s.x86", "lambda.requests"]
    assert report.of("lambda.requests") == pytest.approx(0.20)


def test_sixty_terabytes_of_function_logs_cost_12500_dollars():
    report = cost_report({"logs.ingested_gb": 60_000}, FACTS)
    assert [line.quantity for line in report.lines] == [10_000, 20_000, 20_000, 10_000]
    assert report.total_usd == pytest.approx(12_500)


def test_what_was_used_earlier_in_the_month_moves_up_the_tiers():
    first = cost_report({"apigw.http.requests": 400e6}, FACTS)
    assert [line.price_usd for line in first.lines] == [1.0, 0.9]
    later = cost_report({"apigw.http.requests": 1e6}, FACTS, earlier_this_month={"apigw.http.requests": 300e6})
    assert [line.price_usd for line in later.lines] == [0.9]
    across = cost_report({"apigw.http.requests": 2e6}, FACTS, earlier_this_month={"apigw.http.requests": 299e6})
    assert [line.quantity for line in across.lines] == [1e6, 1e6]


def test_a_bill_can_be_asked_for_one_resource():
    meter = Meter()
    meter.add("lambda.requests", 3_000_000, "orders")
    meter.add("lambda.requests", 1_000_000, "kitchen")
    assert cost_report(meter, FACTS).total_usd == pytest.approx(0.80)
    assert cost_report(meter, FACTS, resources=["kitchen"]).total_usd == pytest.approx(0.20)
    assert cost_report(meter, FACTS, resources=["nobody"]).lines == ()


def test_the_total_is_the_sum_of_the_lines():
    report = cost_report(dict.fromkeys(PRICES, 12_345.0), FACTS)
    assert report.total_usd == math.fsum(line.cost_usd for line in report.lines)
    assert [line.item for line in report.lines] == sorted(line.item for line in report.lines)


def test_an_item_without_a_price_is_refused():
    with pytest.raises(ConfigurationError, match=r"'lambda\.dreams'"):
        cost_report({"lambda.dreams": 1}, FACTS)
    with pytest.raises(ConfigurationError, match=r"'typo'"):
        cost_report({"sqs.requests": 1}, FACTS, earlier_this_month={"typo": 1})


def test_bare_quantities_cannot_be_filtered_by_resource():
    with pytest.raises(ConfigurationError, match="which resource"):
        cost_report({"sqs.requests": 1}, FACTS, resources=["queue"])
