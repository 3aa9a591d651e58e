"""A meter counts exactly, by item and resource, and can be read twice."""

from __future__ import annotations

import pytest

from localcloud.errors import ConfigurationError
from localcloud.metering import Meter, Usage, chunks, gb_seconds


def test_quantities_add_up_by_item_and_resource():
    meter = Meter()
    meter.add("lambda.requests", 1, "orders")
    meter.add("lambda.requests", 2, "kitchen")
    meter.add("sqs.requests", 5, "queue")
    usage = meter.snapshot()
    assert usage.totals() == {"lambda.requests": 3.0, "sqs.requests": 5.0}
    assert usage.of(["kitchen"]).totals() == {"lambda.requests": 2.0}
    assert usage.of("kitchen") == usage.of(["kitchen"])
    assert usage.resources() == ("kitchen", "orders", "queue")
    assert usage.total("never.used") == 0.0


def test_a_reading_does_not_change_afterwards_and_the_difference_is_exact():
    meter = Meter()
    for _ in range(10):
        meter.add("lambda.gb_s.x86", 0.1, "orders")
    before = meter.snapshot()
    for _ in range(3):
        meter.add("lambda.gb_s.x86", 0.1, "orders")
    assert before.total("lambda.gb_s.x86") == 1.0
    assert meter.since(before).total("lambda.gb_s.x86") == 0.3


def test_sums_do_not_depend_on_the_order():
    amounts = [0.1 * n for n in range(1, 200)]
    forwards, backwards = Meter(), Meter()
    for amount in amounts:
        forwards.add("logs.ingested_gb", amount)
    for amount in reversed(amounts):
        backwards.add("logs.ingested_gb", amount)
    assert forwards.snapshot() == backwards.snapshot()


def test_what_was_not_used_since_the_reading_is_left_out():
    meter = Meter()
    meter.add("sqs.requests", 1, "a")
    before = meter.snapshot()
    meter.add("sqs.requests", 1, "b")
    assert meter.since(before).resources() == ("b",)


def test_readings_subtracted_the_wrong_way_round_are_refused():
    meter = Meter()
    before = meter.snapshot()
    meter.add("sqs.requests", 1)
    with pytest.raises(ConfigurationError, match=r"more sqs\.requests"):
        _ = before - meter.snapshot()


def test_a_meter_does_not_count_down():
    with pytest.raises(ConfigurationError, match="only counts up"):
        Meter().add("sqs.requests", -1)


def test_use_can_be_scaled_to_a_month():
    day = Usage({("sqs.requests", "q"): 2_000_000_000})
    assert day.times(30).total("sqs.requests") == 60.0


@pytest.mark.parametrize(("size", "billed"), [(0, 1), (1, 1), (64 * 1_024, 1), (64 * 1_024 + 1, 2), (262_144, 4)])
def test_a_payload_is_billed_by_begun_chunks(size, billed):
    assert chunks(size, 64) == billed


def test_gb_seconds_are_memory_times_billed_time():
    assert gb_seconds(512, 2_000) == 1.0
    assert gb_seconds(128, 1) == 0.000125
