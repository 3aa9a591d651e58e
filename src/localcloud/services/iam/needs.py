"""What a call needs: which actions on which resources.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.services.iam.conditions import Context

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
_ANY = "*"  # of actions that are about no single resource
_UNKNOWN = ""


@dataclass(frozen=True, slots=True)
class Need:
    """One action on one resource; "" when it is not known which."""

    action: str
    resource: str
    context: Context = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """Where names become ARNs."""

    account_id: str
    region: str

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account_id}:{resource}"


def needs(service: str, operation: str, params: Mapping[str, Any], place: Place) -> list[Need]:
    """What a call by botocore's names of a service and an operation needs."""
    if (service, operation) in _ALWAYS:
        return []
    found = list(_items(service, operation, params, place))
    if not found:
        prefix = _PREFIXES.get(service, service)
        action = f"{prefix}:{_ACTIONS.get((service, operation), operation)}"
        resources = _RESOURCES.get(service, _nothing)(operation, params, place)
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
                yield Need(f"dynamodb:{_TRANSACTION_ACTIONS[kind]}", _table(inner["TableName"], place))
        statements = params.get("Statements") or params.get("TransactStatements") or [params]
        for statement in statements if "Statement" in operation or operation == "ExecuteTransaction" else ():
            verb = str(statement.get("Statement", "")).strip().partition(" ")[0].upper()
            yield Need(f"dynamodb:{_PARTIQL.get(verb, 'PartiQLSelect')}", _UNKNOWN)
    elif (service, operation) == ("events", "PutEvents"):
        for entry in params.get("Entries") or ():
            context = {"events:source": (str(entry.get("Source")),), "events:detail-type":
                       (str(entry.get("DetailType")),)}  # fmt: skip
            yield Need("events:PutEvents", _bus(entry.get("EventBusName") or "default", place), context)
    elif (service, operation) == ("s3", "CopyObject"):
        yield Need("s3:PutObject", f"arn:aws:s3:::{params['Bucket']}/{params['Key']}")
        source = params.get("CopySource")
        text = f"{source['Bucket']}/{source['Key']}" if isinstance(source, Mapping) else str(source).lstrip("/")
        yield Need("s3:GetObject", f"arn:aws:s3:::{text.partition('?')[0]}")
    elif (service, operation) == ("s3", "DeleteObjects"):
        for one in params["Delete"]["Objects"]:
            yield Need("s3:DeleteObject", f"arn:aws:s3:::{params['Bucket']}/{one['Key']}")


# -- resources by service ---------------------------------------------------------------------------

Resources = Callable[[str, Mapping[str, Any], Place], "list[str]"]


def _nothing(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
    return [_UNKNOWN]


def _named(service: str, kind: str, *names: str) -> Resources:
    """What the first of these parameters names: an ARN, or a name behind `kind`."""

    def resources(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
        for name in names:
            value = params.get(name)
            if isinstance(value, str) and value:
                return [value if value.startswith("arn:") else place.arn(service, f"{kind}{value}")]
        return [_ANY if operation.startswith("List") else _UNKNOWN]

    return resources


def _table(name: str, place: Place) -> str:
    return name if name.startswith("arn:") else place.arn("dynamodb", f"table/{name}")


def _bus(name: str, place: Place) -> str:
    return name if name.startswith("arn:") else place.arn("events", f"event-bus/{name}")


def _tables(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
    if "RequestItems" in params:
        return [_table(name, place) for name in params["RequestItems"]]
    if "TableName" not in params:
        return [str(params.get("ResourceArn") or (_ANY if operation.startswith("List") else _UNKNOWN))]
    index = f"/index/{params['IndexName']}" if params.get("IndexName") else ""
    return [_table(params["TableName"], place) + index]


def _queue(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
    name = params.get("QueueUrl") or params.get("QueueName")
    if isinstance(name, str):  # a URL or a name
        return [place.arn("sqs", name.rstrip("/").rsplit("/", 1)[-1])]
    return [str(params.get("QueueArn") or params.get("SourceArn") or (_ANY if operation == "ListQueues" else _UNKNOWN))]


def _topic(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
    if params.get("PhoneNumber"):
        return [_ANY]
    return _named("sns", "", "TopicArn", "TargetArn", "Name")(operation, params, place)


def _function(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
    reference = params.get("FunctionName")
    if not isinstance(reference, str):
        return _named("lambda", "", "Resource")(operation, params, place)
    parts = reference.split(":")
    name = ":".join(parts[parts.index("function") + 1 :] if "function" in parts else parts)
    qualifier = params.get("Qualifier")
    suffix = f":{qualifier}" if qualifier and ":" not in name else ""
    return [place.arn("lambda", f"function:{name}{suffix}")]


def _rule(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
    bus, name = str(params.get("EventBusName") or "default"), params.get("Name") or params.get("Rule")
    if isinstance(name, str) and ("Rule" in operation or "Targets" in operation):
        bus = bus.rsplit("/", 1)[-1]
        return [place.arn("events", f"rule/{name}" if bus == "default" else f"rule/{bus}/{name}")]
    return [_UNKNOWN]


def _machine(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
    if operation == "CreateStateMachine":
        return [place.arn("states", f"stateMachine:{params.get('name')}")]
    names = ("stateMachineArn", "executionArn", "mapRunArn", "activityArn", "resourceArn")
    return _named("states", "", *names)(operation, params, place)


def _log_group(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
    group = params.get("logGroupName")
    if not isinstance(group, str):
        return [_UNKNOWN]
    stream = f"log-stream:{params['logStreamName']}" if params.get("logStreamName") else "*"
    # a stream that is yet to be made belongs to the group; the events go to the stream
    return [place.arn("logs", f"log-group:{group}:{'*' if operation == 'CreateLogStream' else stream}")]


def _object(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
    bucket = params.get("Bucket")
    if not isinstance(bucket, str):
        return [_ANY if operation.startswith("List") else _UNKNOWN]
    return [f"arn:aws:s3:::{bucket}/{params['Key']}" if "Key" in params else f"arn:aws:s3:::{bucket}"]


def _parameter(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
    names = params.get("Names") or [params.get("Name") or params.get("Path")]
    return [
        (name if name.startswith("arn:") else place.arn("ssm", f"parameter/{name.lstrip('/').partition(':')[0]}"))
        if isinstance(name, str)
        else _UNKNOWN
        for name in names
    ]


def _model(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
    model = params.get("modelId")
    if not isinstance(model, str):
        return [_UNKNOWN]
    return [model if model.startswith("arn:") else f"arn:aws:bedrock:{place.region}::foundation-model/{model}"]


def _schedule(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
    if isinstance(params.get("Name"), str) and operation.endswith("Schedule"):
        return [place.arn("scheduler", f"schedule/{params.get('GroupName') or 'default'}/{params['Name']}")]
    return [_UNKNOWN]


def _key(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
    """An alias is not what a policy names."""
    if "alias/" in str(params.get("KeyId")):
        return [_UNKNOWN]
    return _named("kms", "key/", "KeyId")(operation, params, place)


def _every(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
    return [_ANY]


_RESOURCES: Mapping[str, Resources] = {
    "bedrock-agentcore": _named("bedrock-agentcore", "", "agentRuntimeArn"),
    "bedrock-runtime": _model,
    "ce": _every,
    "dynamodb": _tables,
    "dynamodbstreams": _named("dynamodb", "", "StreamArn"),
    "events": _rule,
    "kinesis": _named("kinesis", "stream/", "ConsumerARN", "StreamARN", "StreamName"),
    "kms": _key,
    "lambda": _function,
    "logs": _log_group,
    "s3": _object,
    "scheduler": _schedule,
    "sns": _topic,
    "sqs": _queue,
    "ssm": _parameter,
    "stepfunctions": _machine,
    "xray": _every,
}
