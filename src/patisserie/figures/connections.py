"""What a template connects: its parts and who calls, fills or feeds whom."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_KINDS = {
    "AWS::Serverless::Function": "function",
    "AWS::Lambda::Function": "function",
    "AWS::Serverless::HttpApi": "API",
    "AWS::ApiGatewayV2::Api": "API",
    "AWS::DynamoDB::Table": "table",
    "AWS::Serverless::SimpleTable": "table",
    "AWS::SQS::Queue": "queue",
    "AWS::SNS::Topic": "topic",
    "AWS::Kinesis::Stream": "stream",
    "AWS::Events::EventBus": "event bus",
    "AWS::Events::Archive": "archive",
    "AWS::AppSync::Api": "live channel",
}
_SUFFIXES = ("Function", "Table", "Api", "Url")
_HAND_OVER = "HAND_OVER_"  # how variables are called that name a function nobody waits for
_MEASURING = "READINGS_"  # and those that name what only a lab's measurement needs
_VARIABLE = re.compile(r"\$\{([A-Za-z0-9]+)")


@dataclass(frozen=True, slots=True)
class Part:
    """A box: `name` is the template's, `title` what readers see, `kind` what it is."""

    name: str
    title: str
    kind: str


@dataclass(frozen=True, slots=True)
class Connection:
    """An arrow from one part to another. `verb` says what it does; `dashed`: only when something fails."""

    source: str
    target: str
    verb: str
    dashed: bool = False


CUSTOMER = Part("customer", "Customer", "customer")


def parts_and_connections(template: Mapping[str, Any]) -> tuple[tuple[Part, ...], tuple[Connection, ...]]:
    """Everything there is to draw, in the order of the template.

    Parts that nothing touches are left out, and so are those that stand under a condition only.
    """
    resources: Mapping[str, Any] = {name: r for name, r in template["Resources"].items() if "Condition" not in r}
    parts = {name: Part(name, _title(name), _KINDS[r["Type"]]) for name, r in resources.items() if r["Type"] in _KINDS}
    for name in template.get("Parameters") or {}:
        if name.endswith("Url"):
            parts[name] = Part(name, f"{_title(name)} partner", "partner")
    found = dict.fromkeys(_connections(template, parts))
    entries = [Connection("customer", c.source, "orders through") for c in found if parts[c.source].kind == "API"]
    connections = (*dict.fromkeys(entries), *found)
    touched = {name for connection in connections for name in (connection.source, connection.target)}
    kept = [part for part in parts.values() if part.name in touched]
    return (*([CUSTOMER] if entries else []), *kept), connections


def _title(name: str) -> str:
    for suffix in _SUFFIXES:
        if name.endswith(suffix) and name != suffix:
            name = name.removesuffix(suffix)
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return words[:1] + words[1:].lower()


def _connections(template: Mapping[str, Any], parts: Mapping[str, Part]) -> Iterator[Connection]:
    common = ((template.get("Globals") or {}).get("Function") or {}).get("Environment") or {}
    for name, resource in template["Resources"].items():
        properties = resource.get("Properties") or {}
        if "Condition" in resource:
            continue
        if name in parts and parts[name].kind == "function":
            yield from _triggers(name, properties, parts)
            variables = {
                **(common.get("Variables") or {}),
                **((properties.get("Environment") or {}).get("Variables") or {}),
            }
            yield from _calls(name, variables, parts)
        elif resource["Type"] == "AWS::Events::Rule":
            bus = _named(properties.get("EventBusName"), parts)
            for target in properties.get("Targets") or []:
                fed = _named(target.get("Arn"), parts)
                if bus and fed:
                    yield Connection(bus, fed, "feeds")
        elif resource["Type"] == "AWS::SNS::Subscription":
            topic, fed = _named(properties.get("TopicArn"), parts), _named(properties.get("Endpoint"), parts)
            if topic and fed:
                yield Connection(topic, fed, "copies to")
        elif name in parts and parts[name].kind == "archive":
            bus = _named(properties.get("SourceArn"), parts)
            if bus:
                yield Connection(bus, name, "is kept in")
        elif name in parts and parts[name].kind == "queue":
            dead = _named((properties.get("RedrivePolicy") or {}).get("deadLetterTargetArn"), parts)
            if dead:
                yield Connection(name, dead, "gives up into", dashed=True)


def _triggers(name: str, properties: Mapping[str, Any], parts: Mapping[str, Part]) -> Iterator[Connection]:
    keys = {
        "HttpApi": ("ApiId", "calls"),
        "SQS": ("Queue", "feeds"),
        "Kinesis": ("Stream", "feeds"),
        "EventBridgeRule": ("EventBusName", "feeds"),
    }
    for event in (properties.get("Events") or {}).values():
        key, verb = keys.get(event["Type"], ("", ""))
        settings = event.get("Properties") or {}
        source = _named(settings.get(key), parts)
        if source:
            yield Connection(source, name, verb)
        on_failure = (settings.get("DestinationConfig") or {}).get("OnFailure") or {}
        failed = _named(on_failure.get("Destination"), parts)
        if failed:
            yield Connection(name, failed, "gives up into", dashed=True)


def _calls(name: str, variables: Mapping[str, Any], parts: Mapping[str, Part]) -> Iterator[Connection]:
    verbs = {
        "table": "keeps in",
        "function": "waits for",
        "partner": "waits for",
        "API": "waits for",
        "event bus": "publishes to",
        "topic": "publishes to",
        "queue": "sends to",
        "stream": "appends to",
        "live channel": "shows progress on",
    }
    for variable, value in variables.items():
        target = _named(value, parts)
        if target and not variable.startswith(_MEASURING):
            verb = verbs[parts[target].kind]
            yield Connection(name, target, "hands over to" if variable.startswith(_HAND_OVER) else verb)


def _named(value: Any, parts: Mapping[str, Part]) -> str | None:
    """The part that Ref, Fn::GetAtt or Fn::Sub names first."""
    if not isinstance(value, Mapping):
        return None
    candidates: list[str] = []
    if "Ref" in value:
        candidates = [value["Ref"]]
    elif "Fn::GetAtt" in value:
        path = value["Fn::GetAtt"]
        candidates = [path.split(".")[0] if isinstance(path, str) else path[0]]
    elif "Fn::Sub" in value:
        text = value["Fn::Sub"]
        candidates = _VARIABLE.findall(text if isinstance(text, str) else text[0])
    return next((name for name in candidates if name in parts), None)
