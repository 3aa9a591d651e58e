"""What stands already under a name that a template gives. CloudFormation takes nothing over that it has not made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from localcloud.stacks.types import known_type

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

Properties = Mapping[str, Any]


class Existing:
    """Looks names up where moto keeps them, without any call. Names of other types are their services' to refuse."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._lookups: Mapping[str, Callable[[str, Properties], bool]] = {
            "AWS::CloudWatch::Alarm": lambda name, _: self._cloud.cloudwatch.alarms.find(name) is not None,
            "AWS::CloudWatch::CompositeAlarm": lambda name, _: self._cloud.cloudwatch.alarms.find(name) is not None,
            "AWS::CloudWatch::Dashboard": lambda name, _: name in self._backend("cloudwatch").dashboards,
            "AWS::DynamoDB::Table": lambda name, _: name in self._backend("dynamodb").tables,
            "AWS::Events::EventBus": lambda name, _: name in self._backend("events").event_buses,
            "AWS::Events::Rule": self._rule,
            "AWS::Kinesis::Stream": lambda name, _: name in self._backend("kinesis").streams,
            "AWS::Logs::LogGroup": lambda name, _: name in self._backend("logs").groups,
            "AWS::S3::Bucket": lambda name, _: name in self._backend("s3", "aws").buckets,
            "AWS::SNS::Topic": lambda name, _: self._topic(name) in self._backend("sns").topics,
            "AWS::SQS::Queue": lambda name, _: name in self._backend("sqs").queues,
        }

    def taken(self, type_name: str, properties: Properties) -> str:
        """The name that the properties give, when something stands under it; "" otherwise.

        Names that are not worked out yet are taken by nobody.
        """
        name = properties.get(known_type(type_name).custom_name)
        lookup = self._lookups.get(type_name)
        if lookup is None or not isinstance(name, str) or "${" in name or "{{" in name:
            return ""
        return name if lookup(name, properties) else ""

    def _backend(self, service: str, region: str = "") -> Any:
        backends = getattr(import_module(f"moto.{service}.models"), f"{service}_backends")
        return backends[self._cloud.account_id][region or self._cloud.region]

    def _topic(self, name: str) -> str:
        return f"arn:aws:sns:{self._cloud.region}:{self._cloud.account_id}:{name}"

    def _rule(self, name: str, properties: Properties) -> bool:
        bus = str(properties.get("EventBusName") or "default").rsplit("/", 1)[-1]
        found = self._backend("events").event_buses.get(bus)
        return found is not None and name in found.rules


def already_there(type_name: str, name: str) -> str:
    """Why a resource cannot be made under a name that is taken."""
    return f"Resource of type '{type_name}' with identifier '{name}' already exists."
