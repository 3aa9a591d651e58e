"""Is there a discount? Not yet; the function is there for the day when there is."""

from workload import compute


def handler(order, context):
    compute(10)
    return order
