"""What calls are about: the ARNs that policies name, by service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

ANY = "*"  # of actions that are about no single resource
UNKNOWN = ""


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
    return [UNKNOWN]


def _machine(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
    if operation == "CreateStateMachine":
        return [place.arn("states", f"stateMachine:{params.get('name')}")]
    names = ("stateMachineArn", "executionArn", "mapRunArn", "activityArn", "resourceArn")
    return _named("states", "", *names)(operation, params, place)


def _log_group(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
    group = params.get("logGroupName")
    if not isinstance(group, str):
        return [UNKNOWN]
    stream = f"log-stream:{params['logStreamName']}" if params.get("logStreamName") else "*"
    # a stream that is yet to be made belongs to the group; the events go to the stream
    return [place.arn("logs", f"log-group:{group}:{'*' if operation == 'CreateLogStream' else stream}")]


def _object(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
    bucket = params.get("Bucket")
    if not isinstance(bucket, str):
        return [ANY if operation.startswith("List") else UNKNOWN]
    return [f"arn:aws:s3:::{bucket}/{params['Key']}" if "Key" in params else f"arn:aws:s3:::{bucket}"]


def _parameter(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
    names = params.get("Names") or [params.get("Name") or params.get("Path")]
    return [
        (name if name.startswith("arn:") else place.arn("ssm", f"parameter/{name.lstrip('/').partition(':')[0]}"))
        if isinstance(name, str)
        else UNKNOWN
        for name in names
    ]


def _model(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
    model = params.get("modelId")
    if not isinstance(model, str):
        return [UNKNOWN]
    return [model if model.startswith("arn:") else f"arn:aws:bedrock:{place.region}::foundation-model/{model}"]


def _schedule(operation: str, params: Mapping[str, Any], place: Place) -> list[str]:
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
