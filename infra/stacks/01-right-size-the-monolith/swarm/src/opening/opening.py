"""Is there an oven that is free?"""

from workload import compute


def handler(order, context):
    compute(15)
    return order
