"""The lines of a bill as people read them: by service, and Lambda's time apart from its requests."""

from __future__ import annotations

from collections.abc import Iterable

_LAMBDA_TIME = "Lambda time"
_NAMES = {
    "lambda.requests": "Lambda requests",
    "apigw": "API Gateway",
    "agentcore": "Bedrock AgentCore",
    "appsync": "AppSync Events",
    "bedrock": "Bedrock models",
    "ce": "Cost Explorer",
    "cloudwatch": "CloudWatch",
    "dynamodb": "DynamoDB",
    "events": "EventBridge",
    "kinesis": "Kinesis",
    "lambda": _LAMBDA_TIME,
    "logs": "CloudWatch Logs",
    "pipes": "EventBridge Pipes",
    "s3": "S3",
    "scheduler": "EventBridge Scheduler",
    "sns": "SNS",
    "sqs": "SQS",
    "states": "Step Functions",
    "xray": "X-Ray",
}


def costs_per_1000(lines: Iterable[tuple[str, float]], orders: int) -> tuple[tuple[str, float], ...]:
    """Cost lines (metered item, USD for all orders) as (name for readers, USD per 1,000 orders), by name.

    Lines of the same name are added up. Raises ValueError when there are no orders.
    """
    if orders < 1:
        raise ValueError("There are no orders to share the costs.")
    found: dict[str, float] = {}
    for item, usd in lines:
        name = _NAMES.get(item) or _NAMES.get(item.partition(".")[0], item)
        found[name] = found.get(name, 0.0) + usd
    return tuple((name, round(usd / orders * 1_000, 9)) for name, usd in sorted(found.items()))
