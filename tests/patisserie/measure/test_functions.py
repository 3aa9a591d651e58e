"""What each function did, summed up from REPORT lines."""

from __future__ import annotations

from patisserie.measure import functions_use
from patisserie.reports import Report
from patisserie.targets.base import DeployedStack, StackResource

STACK = DeployedStack(
    "shop",
    {},
    (
        StackResource("OrdersFunction", "shop-orders-1", "AWS::Lambda::Function"),
        StackResource("OrdersTable", "shop-table-1", "AWS::DynamoDB::Table"),
        StackResource("SalesFunction", "shop-sales-1", "AWS::Lambda::Function"),
    ),
)
REPORTS = [
    Report("shop-orders-1", 900.0, 1_400, 512, 500.0, ""),
    Report("shop-orders-1", 599.2, 600, 512, 0.0, ""),
    Report("another-stack", 1.0, 1, 128, 0.0, ""),
]


def test_compute_is_billed_time_times_memory_and_init_is_in_it():
    use = functions_use("shop", REPORTS, STACK)
    orders = use.of("Orders")
    assert (orders.invocations, orders.cold_starts, orders.longest_init_ms) == (2, 1, 500.0)
    assert (orders.billed_s, orders.gb_s) == (2.0, 1.0)
    assert (use.gb_s, use.invocations, use.cold_starts) == (1.0, 2, 1)


def test_a_function_that_never_ran_is_there_with_nothing():
    assert functions_use("shop", REPORTS, STACK).of("Sales").cells() == ("0", "0", "0", "0", "0.0", "0.0")


def test_the_table_names_units_and_ends_in_a_total():
    use = functions_use("shop", REPORTS, STACK)
    first, *_, last = repr(use).splitlines()
    assert "memory (MB)" in first
    assert "compute (GB-s)" in first
    assert last.split() == ["total", "2", "1", "2.0", "1.0"]
    assert '<th scope="row">Orders</th><td>512</td><td>2</td>' in use._repr_html_()
