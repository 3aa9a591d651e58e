"""What does it cost?"""

from workload import compute


def handler(order, context):
    compute(20)
    return {**order, "cents": sum(item["cents"] * item["quantity"] for item in order["items"])}
