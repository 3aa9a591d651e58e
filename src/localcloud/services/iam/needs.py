"""What a call needs: which actions on which resources.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote

from localcloud.services.iam.actions import action_of
from localcloud.services.iam.conditions import Context
from localcloud.services.iam.request_keys import request_keys
from localcloud.services.iam.resources import RESOURCES, UNKNOWN, Place, bus_arn, nothing, table_arn

_TRANSACTION_ACTIONS = {
    "ConditionCheck": "ConditionCheckItem", "Delete": "DeleteItem", "Get": "GetItem", "Put": "PutItem",
    "Update": "UpdateItem",
}  # fmt: skip
_PARTIQL = {"SELECT": "PartiQLSelect", "INSERT": "PartiQLInsert", "UPDATE": "PartiQLUpdate", "DELETE": "PartiQLDelete"}
# the table of a statement, and its index
_STATED = re.compile(r'\b(?:FROM|INTO|UPDATE)\s+("[^"]+"|[\w-]+)(?:\s*\.\s*("[^"]+"|[\w-]+))?', re.IGNORECASE)
# calls of a role that hand another role over: which parameter names that, and to which service it goes
_PASSING: Mapping[tuple[str, str], tuple[str, str]] = {
    ("bedrock-agentcore-control", "CreateAgentRuntime"): ("roleArn", "bedrock-agentcore"),
    ("bedrock-agentcore-control", "UpdateAgentRuntime"): ("roleArn", "bedrock-agentcore"),
    ("events", "PutRule"): ("RoleArn", "events"),
    ("events", "PutTargets"): ("Targets.RoleArn", "events"),
    ("lambda", "CreateFunction"): ("Role", "lambda"),
    ("lambda", "UpdateFunctionConfiguration"): ("Role", "lambda"),
    ("pipes", "CreatePipe"): ("RoleArn", "pipes"),
    ("pipes", "UpdatePipe"): ("RoleArn", "pipes"),
    ("scheduler", "CreateSchedule"): ("Target.RoleArn", "scheduler"),
    ("scheduler", "UpdateSchedule"): ("Target.RoleArn", "scheduler"),
    ("stepfunctions", "CreateStateMachine"): ("roleArn", "states"),
    ("stepfunctions", "UpdateStateMachine"): ("roleArn", "states"),
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
        action, context = action_of(service, operation, params), request_keys(service, operation, params)
        found = [Need(action, at, context) for at in RESOURCES.get(service, nothing)(operation, params, place)]
    if (service, operation) == ("sts", "AssumeRole") and params.get("Tags"):
        found.append(replace(found[0], action="sts:TagSession"))
    if service == "s3":
        found += _of_settings(operation, params)
    if (service, operation) in _PASSING:
        path, receiver = _PASSING[service, operation]
        context = {"iam:passedtoservice": (f"{receiver}.amazonaws.com",)}
        found += [Need("iam:PassRole", role, context) for role in _roles(params, path)]
    return found


def _roles(params: Mapping[str, Any], path: str) -> list[str]:
    """The roles at a path, each once; the targets of a rule may each have one."""
    first, _, last = path.partition(".")
    members = params.get(first)
    found = [look(one, last) for one in members] if isinstance(members, list | tuple) else [look(params, path)]
    return list(dict.fromkeys(role for role in found if isinstance(role, str) and role))


def look(params: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path of parameters; None when there is none."""
    found: Any = params
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _stated(statement: str, place: Place) -> str:
    """What a statement of PartiQL is about."""
    found = _STATED.search(statement)
    if found is None:
        return UNKNOWN
    table, index = (name.strip('"') if name else "" for name in found.groups())
    return table_arn(table, place) + (f"/index/{index}" if index else "")


def _object(bucket: Any, key: Any) -> str:
    return f"arn:aws:s3:::{bucket}/{key}"


def _of_settings(operation: str, params: Mapping[str, Any]) -> Iterator[Need]:
    """What an object that is written gets along with its bytes needs rights of its own."""
    if operation not in ("CopyObject", "CreateMultipartUpload", "PutObject"):
        return
    at = _object(params.get("Bucket"), params.get("Key"))
    for name, action in (
        ("Tagging", "PutObjectTagging"), ("ACL", "PutObjectAcl"), ("ObjectLockMode", "PutObjectRetention"),
        ("ObjectLockLegalHoldStatus", "PutObjectLegalHold"),
    ):  # fmt: skip
        if params.get(name):
            yield Need(f"s3:{action}", at, request_keys("s3", operation, params))


def _copied(source: Any) -> Need:
    """Reading what is to be copied."""
    if isinstance(source, Mapping):
        text, version = _object(source["Bucket"], source["Key"]), source.get("VersionId")
    else:
        name, _, version = str(source).lstrip("/").partition("?versionId=")
        text = f"arn:aws:s3:::{unquote(name)}"
    return Need("s3:GetObjectVersion" if version else "s3:GetObject", text)


def _items(service: str, operation: str, params: Mapping[str, Any], place: Place) -> Iterator[Need]:
    """Calls of several parts, each with a need of its own."""
    if service == "dynamodb":
        for item in params.get("TransactItems") or ():
            for kind, inner in item.items():
                yield Need(f"dynamodb:{_TRANSACTION_ACTIONS[kind]}", table_arn(inner["TableName"], place))
        statements = params.get("Statements") or params.get("TransactStatements") or [params]
        for statement in statements if "Statement" in operation or operation == "ExecuteTransaction" else ():
            verb = str(statement.get("Statement", "")).strip().partition(" ")[0].upper()
            action = f"dynamodb:{_PARTIQL.get(verb, 'PartiQLSelect')}"
            yield Need(action, _stated(str(statement.get("Statement", "")), place))
    elif (service, operation) == ("events", "PutEvents"):
        for entry in params.get("Entries") or ():
            context = {"events:source": (str(entry.get("Source")),), "events:detail-type":
                       (str(entry.get("DetailType")),)}  # fmt: skip
            yield Need("events:PutEvents", bus_arn(entry.get("EventBusName") or "default", place), context)
    elif service == "s3" and operation in ("CopyObject", "UploadPartCopy"):
        yield Need("s3:PutObject", _object(params["Bucket"], params["Key"]), request_keys(service, operation, params))
        yield _copied(params.get("CopySource"))
    elif (service, operation) == ("s3", "DeleteObjects"):
        for one in params["Delete"]["Objects"]:
            yield Need(action_of(service, "DeleteObject", one), _object(params["Bucket"], one["Key"]))
    elif (service, operation) == ("s3", "GetObjectAttributes"):
        at, newest = _object(params["Bucket"], params["Key"]), not params.get("VersionId")
        for action in ("GetObject", "GetObjectAttributes") if newest else ("GetObjectVersion",
                                                                           "GetObjectVersionAttributes"):  # fmt: skip
            yield Need(f"s3:{action}", at)
