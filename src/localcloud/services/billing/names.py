"""What bills call the things that a run uses.

Source: the service names and usage types of AWS's public price lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Product:
    """`name` as Cost Explorer has it, `code` as the metric EstimatedCharges has it."""

    name: str
    code: str


_CLOUDWATCH = Product("AmazonCloudWatch", "AmazonCloudWatch")
_EVENTS = Product("CloudWatch Events", "AWSEvents")
_PRODUCTS: Mapping[str, Product] = {
    "lambda": Product("AWS Lambda", "AWSLambda"),
    "apigw": Product("Amazon API Gateway", "AmazonApiGateway"),
    "appsync": Product("AWS AppSync", "AWSAppSync"),
    "sqs": Product("Amazon Simple Queue Service", "AWSQueueService"),
    "sns": Product("Amazon Simple Notification Service", "AmazonSNS"),
    "events": _EVENTS,
    "pipes": _EVENTS,
    "scheduler": _EVENTS,
    "states": Product("AWS Step Functions", "AmazonStates"),
    "dynamodb": Product("Amazon DynamoDB", "AmazonDynamoDB"),
    "kinesis": Product("Amazon Kinesis", "AmazonKinesis"),
    "s3": Product("Amazon Simple Storage Service", "AmazonS3"),
    "logs": _CLOUDWATCH,
    "cloudwatch": _CLOUDWATCH,
    "bedrock": Product("Amazon Bedrock", "AmazonBedrock"),
    "agentcore": Product("Amazon Bedrock AgentCore", "AmazonBedrockAgentCore"),
    "xray": Product("AWS X-Ray", "AWSXRay"),
    "ce": Product("AWS Cost Explorer", "AWSCostExplorer"),
}
_USAGE_TYPES: Mapping[str, str] = {
    "lambda.requests": "Request",
    "lambda.gb_s.x86": "Lambda-GB-Second",
    "lambda.gb_s.arm64": "Lambda-GB-Second-ARM",
    "lambda.provisioned_gb_s.x86": "Lambda-Provisioned-Concurrency",
    "lambda.provisioned_gb_s.arm64": "Lambda-Provisioned-Concurrency-ARM",
    "lambda.provisioned_duration_gb_s.x86": "Lambda-Provisioned-GB-Second",
    "lambda.provisioned_duration_gb_s.arm64": "Lambda-Provisioned-GB-Second-ARM",
    "apigw.http.requests": "ApiGatewayHttpRequest",
    "apigw.rest.requests": "ApiGatewayRequest",
    "sqs.requests": "Requests-RBP",
    "sqs.fifo_requests": "Requests-FIFO-RBP",
    "sns.publishes": "Requests-Tier1",
    "events.published": "Event-64K-Chunks",
    "states.transitions": "StateTransition",
    "states.express_requests": "StepFunctions-Request",
    "states.express_gb_s": "StepFunctions-GB-Second",
    "dynamodb.wru": "WriteRequestUnits",
    "dynamodb.rru": "ReadRequestUnits",
    "dynamodb.storage_gb_months": "TimedStorage-ByteHrs",
    "kinesis.shard_hours": "Storage-ShardHour",
    "kinesis.put_units": "PutRequestPayloadUnits",
    "s3.puts": "Requests-Tier1",
    "s3.gets": "Requests-Tier2",
    "logs.ingested_gb": "DataProcessing-Bytes",
    "logs.standard_gb": "DataProcessing-Bytes",
    "logs.vended_gb": "VendedLog-Bytes",
    "logs.infrequent_access_gb": "DataProcessingIA-Bytes",
    "logs.stored_gb_months": "TimedStorage-ByteHrs",
    "logs.scanned_gb": "DataScanned-Bytes",
    "cloudwatch.custom_metric_months": "CW:MetricMonitorUsage",
    "cloudwatch.put_requests": "CW:Requests",
    "cloudwatch.alarm_months": "CW:AlarmMonitorUsage",
    "cloudwatch.high_resolution_alarm_months": "CW:HighResAlarmMonitorUsage",
    "cloudwatch.composite_alarm_months": "CW:CompositeAlarmMonitorUsage",
    "cloudwatch.dashboard_months": "DashboardsUsageHour",
    "xray.traces": "XRay-TracesStored",
    "xray.retrieved_traces": "XRay-TracesAccessed",
    "ce.requests": "APIRequest",
}


def product(item: str) -> Product:
    """The service that bills a metered item."""
    return _PRODUCTS[item.partition(".")[0]]


def usage_type(item: str) -> str:
    """The usage type of a metered item; where AWS's is not known here, one made of the item's own name."""
    known = _USAGE_TYPES.get(item)
    if known is not None:
        return known
    return "-".join(part.title().replace("_", "") for part in item.split(".")[1:])
