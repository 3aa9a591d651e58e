"""What a call needs: which actions on which resources.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.services.iam.conditions import Context
from localcloud.services.iam.resources import RESOURCES, UNKNOWN, Place, bus_arn, nothing, table_arn

# IAM's names of services where botocore has others
_PREFIXES = {
    "apigatewaymanagementapi": "execute-api", "apigatewayv2": "apigateway", "bedrock-agentcore-control":
    "bedrock-agentcore", "bedrock-runtime": "bedrock", "dynamodbstreams": "dynamodb", "resourcegroupstaggingapi": "tag",
    "stepfunctions": "states",
}  # fmt: skip
# actions that are not called as the operation is
_ACTIONS: Mapping[tuple[str, str], str] = {
    ("apigatewaymanagementapi", "DeleteConnection"): "ManageConnections",
    ("apigatewaymanagementapi", "GetConnection"): "ManageConnections",
    ("apigatewaymanagementapi", "PostToConnection"): "ManageConnections",
    ("bedrock-runtime", "Converse"): "InvokeModel",
    ("bedrock-runtime", "ConverseStream"): "InvokeModelWithResponseStream",
    ("lambda", "Invoke"): "InvokeFunction",
    ("lambda", "InvokeWithResponseStream"): "InvokeFunction",
    ("s3", "CompleteMultipartUpload"): "PutObject",
    ("s3", "CopyObject"): "PutObject",
    ("s3", "CreateMultipartUpload"): "PutObject",
    ("s3", "DeleteObjects"): "DeleteObject",
    ("s3", "HeadBucket"): "ListBucket",
    ("s3", "HeadObject"): "GetObject",
    ("s3", "ListBuckets"): "ListAllMyBuckets",
    ("s3", "ListMultipartUploads"): "ListBucketMultipartUploads",
    ("s3", "ListObjectVersions"): "ListBucketVersions",
    ("s3", "ListObjects"): "ListBucket",
    ("s3", "ListObjectsV2"): "ListBucket",
    ("s3", "ListParts"): "ListMultipartUploadParts",
    ("s3", "PutBucketNotificationConfiguration"): "PutBucketNotification",
    ("s3", "UploadPart"): "PutObject",
    ("sns", "PublishBatch"): "Publish",
    ("sqs", "ChangeMessageVisibilityBatch"): "ChangeMessageVisibility",
    ("sqs", "DeleteMessageBatch"): "DeleteMessage",
    ("sqs", "SendMessageBatch"): "SendMessage",
}
_TRANSACTION_ACTIONS = {
    "ConditionCheck": "ConditionCheckItem", "Delete": "DeleteItem", "Get": "GetItem", "Put": "PutItem",
    "Update": "UpdateItem",
}  # fmt: skip
_PARTIQL = {"SELECT": "PartiQLSelect", "INSERT": "PartiQLInsert", "UPDATE": "PartiQLUpdate", "DELETE": "PartiQLDelete"}
# calls of a role that hand another role over, and which parameter names that
_PASSING: Mapping[tuple[str, str], str] = {
    ("lambda", "CreateFunction"): "Role",
    ("lambda", "UpdateFunctionConfiguration"): "Role",
    ("pipes", "CreatePipe"): "RoleArn",
    ("pipes", "UpdatePipe"): "RoleArn",
    ("scheduler", "CreateSchedule"): "Target.RoleArn",
    ("scheduler", "UpdateSchedule"): "Target.RoleArn",
    ("stepfunctions", "CreateStateMachine"): "roleArn",
    ("stepfunctions", "UpdateStateMachine"): "roleArn",
}
_ALWAYS = {("sts", "GetCallerIdentity"), ("sts", "GetSessionToken")}  # nobody is refused these


@dataclass(frozen=True, slots=True)
class Need:
    """One action on one resource; "" when it is not known which."""

    action: str
    resource: str
    context: Context = field(default_factory=dict)


def needs(service: str, operation: str, params: Mapping[str, Any], place: Place) -> list[Need]:
    """What a call by botocore's names of a service and an operation needs."""
    if (service, operation) in _ALWAYS:
        return []
    found = list(_items(service, operation, params, place))
    if not found:
        prefix = _PREFIXES.get(service, service)
        action = f"{prefix}:{_ACTIONS.get((service, operation), operation)}"
        resources = RESOURCES.get(service, nothing)(operation, params, place)
        found = [Need(action, resource, _context(service, operation, params)) for resource in resources]
    role = look(params, _PASSING.get((service, operation), ""))
    if isinstance(role, str) and role:
        found.append(Need("iam:PassRole", role))
    return found


def look(params: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path of parameters; None when there is none."""
    found: Any = params
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _context(service: str, operation: str, params: Mapping[str, Any]) -> Context:
    if (service, operation) == ("cloudwatch", "PutMetricData"):
        return {"cloudwatch:namespace": (str(params.get("Namespace")),)}
    return {}


def _items(service: str, operation: str, params: Mapping[str, Any], place: Place) -> Iterator[Need]:
    """Calls of several parts, each with a need of its own."""
    if service == "dynamodb":
        for item in params.get("TransactItems") or ():
            for kind, inner in item.items():
                yield Need(f"dynamodb:{_TRANSACTION_ACTIONS[kind]}", table_arn(inner["TableName"], place))
        statements = params.get("Statements") or params.get("TransactStatements") or [params]
        for statement in statements if "Statement" in operation or operation == "ExecuteTransaction" else ():
            verb = str(statement.get("Statement", "")).strip().partition(" ")[0].upper()
            yield Need(f"dynamodb:{_PARTIQL.get(verb, 'PartiQLSelect')}", UNKNOWN)
    elif (service, operation) == ("events", "PutEvents"):
        for entry in params.get("Entries") or ():
            context = {"events:source": (str(entry.get("Source")),), "events:detail-type":
                       (str(entry.get("DetailType")),)}  # fmt: skip
            yield Need("events:PutEvents", bus_arn(entry.get("EventBusName") or "default", place), context)
    elif (service, operation) == ("s3", "CopyObject"):
        yield Need("s3:PutObject", f"arn:aws:s3:::{params['Bucket']}/{params['Key']}")
        source = params.get("CopySource")
        text = f"{source['Bucket']}/{source['Key']}" if isinstance(source, Mapping) else str(source).lstrip("/")
        yield Need("s3:GetObject", f"arn:aws:s3:::{text.partition('?')[0]}")
    elif (service, operation) == ("s3", "DeleteObjects"):
        for one in params["Delete"]["Objects"]:
            yield Need("s3:DeleteObject", f"arn:aws:s3:::{params['Bucket']}/{one['Key']}")
