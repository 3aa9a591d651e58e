"""What Express executions are billed for: requests, duration and the memory of the data that flow through them."""

from __future__ import annotations

import json

import pytest

from localcloud.cost import cost_report
from localcloud.facts import Facts
from localcloud.services.states.memory import ExpressBilling

KB, MB = 1_024, 1_048_576


@pytest.fixture
def billed(sfn, machine):
    """Run a state machine and give its billed memory in MB."""

    def run(states, data):
        arn = machine(states, kind="EXPRESS")
        answer = sfn.start_sync_execution(stateMachineArn=arn, input=json.dumps(data))
        assert answer["status"] == "SUCCEEDED", answer
        return answer["billingDetails"]["billedMemoryUsedInMB"]

    return run


def each(tag="", **more):
    """A Map state whose 40 iterations hold the cream at once, and give it back at their end."""
    states = {
        f"Take{tag}": {"Type": "Pass", "Parameters": {"cream.$": "$$.Execution.Input.cream"}, "Next": f"Rest{tag}"},
        f"Rest{tag}": {"Type": "Wait", "Seconds": 1, "Next": f"Give{tag}"},
        f"Give{tag}": {"Type": "Pass", "Result": {}, "End": True},
    }
    processor = {"StartAt": f"Take{tag}", "States": states}
    return {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": processor, "ResultPath": None, **more}


def half(tag):
    return {"StartAt": f"Bake{tag}", "States": {f"Bake{tag}": each(tag, End=True)}}


BOTH = {"Both": {"Type": "Parallel", "Branches": [half("A"), half("B")], "ResultPath": None, "End": True}}
DATA = {"items": list(range(40)), "cream": "x" * 200 * KB}


def test_small_executions_are_billed_one_chunk(billed):
    assert billed({"A": {"Type": "Pass", "End": True}}, {"order": 1}) == 64


def test_the_data_of_every_iteration_and_branch_add_up(billed):
    """80 iterations with 200 KB each: about 16 MB beside the 50 MB that every execution uses; 40 fit into 64 MB."""
    assert billed(BOTH, DATA) == 128
    assert billed({"Bake": each(End=True)}, DATA) == 64


def test_what_a_map_held_is_given_back_when_it_ends(billed):
    assert billed({"Bake": each("A", Next="Decorate"), "Decorate": each("B", End=True)}, DATA) == 64


def test_aws_own_examples_come_out_as_its_pricing_page_says():
    """Example 3 and 4: 64 MB for a small definition and data; 400 map steps with 32 KB each still fit into 64 MB."""
    rule = ExpressBilling(Facts.load())
    assert rule.of(1, "x" * 50 * KB, 400 * 32 * KB).memory_mb == 64
    assert rule.of(1, "", 0).used_bytes == 50 * MB
    assert rule.of(1, "", 14 * MB).memory_mb == 64
    assert rule.of(1, "", 14 * MB + 1).memory_mb == 128


@pytest.mark.parametrize(("taken_us", "duration_ms"), [(0, 100), (100_000, 100), (100_001, 200), (9_950_000, 10_000)])
def test_durations_are_rounded_up_to_100_ms(taken_us, duration_ms):
    assert ExpressBilling(Facts.load()).of(taken_us, "", 0).duration_ms == duration_ms


def test_a_hundred_million_executions_of_ten_seconds_cost_what_the_pricing_page_says():
    """1,000 GB-hours at the first price, 4,000 at the second, the other 12,361 at the third: 382.97 USD."""
    gb_s = 100_000_000 * ExpressBilling(Facts.load()).of(10_000_000, "", 0).gb_s
    assert gb_s == 62_500_000
    report = cost_report({"states.express_gb_s": gb_s}, Facts.load())
    assert report.total_usd == pytest.approx(382.97, rel=2e-3)
    assert len(report.lines) == 3


def test_metrics_and_meter_show_used_and_billed_memory(cloud, sfn, machine, metric):
    arn = machine(BOTH, kind="EXPRESS")
    before = cloud.meter.snapshot()
    sfn.start_sync_execution(stateMachineArn=arn, input=json.dumps(DATA))
    cloud.wait(60)
    used = metric("ExpressExecutionMemory", StateMachineArn=arn)
    assert 64 * MB < used < 68 * MB
    assert metric("ExpressExecutionBilledMemory", StateMachineArn=arn) == 128 * MB
    seconds = metric("ExpressExecutionBilledDuration", StateMachineArn=arn) / 1_000
    assert cloud.meter.since(before).total("states.express_gb_s") == pytest.approx(seconds * 128 / 1_024)
