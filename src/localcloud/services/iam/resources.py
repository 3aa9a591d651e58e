"""What calls are about: the ARNs that policies name, by service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

ANY = "*"  # of actions that are about no single resource
UNKNOWN = ""
_GEOGRAPHIES = ("apac", "eu", "global", "us")  # of inference profiles
_OF_METRICS = ("GetMetricData", "GetMetricStatistics", "GetMetricWidgetImage", "PutMetricData")


@dataclass(frozen=True, slots=True)
class Place:
    """Where names become ARNs."""

    account_id: str
    region: str

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account_id}:{resource}"


Resources = Callable[[str, Mapping[str, Any], Place], "list[str]"]


def nothing(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
    return [UNKNOWN]


def _named(service: str, kind: str, *names: str) -> Resources:
    """What the first of these parameters names: an ARN, or a name behind `kind`."""

    def resources(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
        for name in names:
            value = params.get(name)
            if isinstance(value, str) and value:
                return [value if value.startswith("arn:") else place.arn(service, f"{kind}{value}")]
        return [ANY if operation.startswith("List") else UNKNOWN]

    return resources


def table_arn(name: str, place: Place) -> str:
    return name if name.startswith("arn:") else place.arn("dynamodb", f"table/{name}")


def bus_arn(name: str, place: Place) -> str:
    return name if name.startswith("arn:") else place.arn("events", f"event-bus/{name}")


def _tables(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
    if "RequestItems" in params:
        return [table_arn(name, place) for name in params["RequestItems"]]
    if "TableName" not in params:
        return [str(params.get("ResourceArn") or (ANY if operation.startswith("List") else UNKNOWN))]
    index = f"/index/{params['IndexName']}" if params.get("IndexName") else ""
    return [table_arn(params["TableName"], place) + index]


def _queue(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
    name = params.get("QueueUrl") or params.get("QueueName")
    if isinstance(name, str):  # a URL or a name
        return [place.arn("sqs", name.rstrip("/").rsplit("/", 1)[-1])]
    return [str(params.get("QueueArn") or params.get("SourceArn") or (ANY if operation == "ListQueues" else UNKNOWN))]


def _topic(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
    if params.get("PhoneNumber"):
        return [ANY]
    return _named("sns", "", "TopicArn", "TargetArn", "Name")(operation, params, place)


def _function(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
    if operation in ("CreateEventSourceMapping", "GetAccountSettings", "ListEventSourceMappings"):
        return [ANY]  # mappings know the function as a condition only
    if isinstance(params.get("UUID"), str):
        return [place.arn("lambda", f"event-source-mapping:{params['UUID']}")]
    reference = params.get("FunctionName")
    if not isinstance(reference, str):
        return _named("lambda", "", "Resource", "DurableExecutionArn", "Arn")(operation, params, place)
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
    if operation.startswith("List") or operation == "TestEventPattern":
        return [ANY]
    return [bus_arn(name, place) if isinstance(name, str) and operation.endswith("EventBus") else UNKNOWN]


def _machine(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
    if operation == "CreateStateMachine":
        return [place.arn("states", f"stateMachine:{params.get('name')}")]
    names = ("stateMachineArn", "executionArn", "mapRunArn", "activityArn", "resourceArn")
    return _named("states", "", *names)(operation, params, place)


def _log_group(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
    """A group, too, is asked for with a stream behind it, whose name is empty."""
    groups = params.get("logGroupNames") or params.get("logGroupIdentifiers")
    groups = groups or [params.get("logGroupName") or params.get("logGroupIdentifier")]
    stream = params.get("logStreamName") or ""
    if operation == "DescribeLogGroups":
        groups = [""]
    return [
        place.arn("logs", f"log-group:{_group(one)}:log-stream:{stream}") if isinstance(one, str) else UNKNOWN
        for one in groups
    ]


def _group(name: str) -> str:
    """The name of a group that may be given by its ARN."""
    return name.split(":")[6] if name.startswith("arn:") else name


def _object(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
    bucket = params.get("Bucket")
    if not isinstance(bucket, str):
        return [ANY if operation.startswith("List") else UNKNOWN]
    return [f"arn:aws:s3:::{bucket}/{params['Key']}" if "Key" in params else f"arn:aws:s3:::{bucket}"]


def _parameter(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
    if operation == "DescribeParameters":
        return [place.arn("ssm", "*")]
    names = params.get("Names") or [params.get("Name") or params.get("Path")]
    return [
        (name if name.startswith("arn:") else place.arn("ssm", f"parameter/{name.lstrip('/').partition(':')[0]}"))
        if isinstance(name, str)
        else UNKNOWN
        for name in names
    ]


def _model(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
    """A model; or an inference profile, and the model behind it."""
    model = params.get("modelId")
    if not isinstance(model, str):
        return [UNKNOWN]
    name = model.partition("inference-profile/")[2] if model.startswith("arn:") else model
    geography, _, behind = name.partition(".")
    if geography in _GEOGRAPHIES:
        foundation = f"arn:aws:bedrock:{place.region}::foundation-model/{behind}"
        return [place.arn("bedrock", f"inference-profile/{name}"), foundation]
    return [model if model.startswith("arn:") else f"arn:aws:bedrock:{place.region}::foundation-model/{model}"]


def _agent(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
    """Invoking a runtime needs the runtime and its endpoint."""
    found = _named("bedrock-agentcore", "", "agentRuntimeArn")(operation, params, place)
    if operation == "InvokeAgentRuntime" and found[0].startswith("arn:"):
        found.append(f"{found[0]}/runtime-endpoint/{params.get('qualifier') or 'DEFAULT'}")
    return found


def _alarms(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
    """Only alarms and dashboards are resources; metrics are not."""
    names = params.get("AlarmNames") or [params.get("AlarmName")]
    if operation.endswith(("Alarm", "Alarms", "AlarmActions", "AlarmHistory", "AlarmState")):
        return [place.arn("cloudwatch", f"alarm:{name or '*'}") for name in names]
    if isinstance(params.get("DashboardName"), str):
        return [f"arn:aws:cloudwatch::{place.account_id}:dashboard/{params['DashboardName']}"]
    return [ANY if operation in _OF_METRICS or operation.startswith("List") else UNKNOWN]


def _streams(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
    """Policies that let list streams name all those of an account."""
    if operation == "ListStreams":
        return [place.arn("kinesis", "stream/*")]
    return _named("kinesis", "stream/", "ConsumerARN", "StreamARN", "StreamName")(operation, params, place)


def _table_streams(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
    if operation == "ListStreams":
        return [f"{table_arn(params.get('TableName') or '*', place)}/stream/*"]
    return _named("dynamodb", "", "StreamArn")(operation, params, place)


def _secret(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
    """Which secret a name means is looked up where the state is."""
    return [ANY if operation in ("BatchGetSecretValue", "GetRandomPassword", "ListSecrets") else UNKNOWN]


def _schedule(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
    if operation.startswith("List") and operation != "ListTagsForResource":
        return [ANY]
    if isinstance(params.get("Name"), str) and operation.endswith("Schedule"):
        return [place.arn("scheduler", f"schedule/{params.get('GroupName') or 'default'}/{params['Name']}")]
    return [UNKNOWN]


def _key(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
    """An alias is not what a policy names."""
    if "alias/" in str(params.get("KeyId")):
        return [UNKNOWN]
    return _named("kms", "key/", "KeyId")(operation, params, place)


def _every(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
    return [ANY]


RESOURCES: Mapping[str, Resources] = {
    "bedrock-agentcore": _agent,
    "bedrock-runtime": _model,
    "ce": _every,
    "cloudwatch": _alarms,
    "dynamodb": _tables,
    "dynamodbstreams": _table_streams,
    "events": _rule,
    "kinesis": _streams,
    "kms": _key,
    "lambda": _function,
    "logs": _log_group,
    "pipes": _named("pipes", "pipe/", "Name", "resourceArn"),
    "s3": _object,
    "scheduler": _schedule,
    "secretsmanager": _secret,
    "sns": _topic,
    "sqs": _queue,
    "ssm": _parameter,
    "stepfunctions": _machine,
    "sts": _named("sts", "", "RoleArn"),
    "xray": _every,
}
