"""AWS::SQS::*, AWS::SNS::* and AWS::Events::*."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from localcloud.stacks.types.base import Made, Making, ResourceType, Updatable, as_bool, chosen, names


def _attribute(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


class Queue(Updatable):
    name = "AWS::SQS::Queue"
    custom_name = "QueueName"
    _attributes = (
        "ContentBasedDeduplication DeduplicationScope DelaySeconds FifoQueue FifoThroughputLimit "
        "KmsDataKeyReusePeriodSeconds KmsMasterKeyId MaximumMessageSize MessageRetentionPeriod "
        "ReceiveMessageWaitTimeSeconds RedriveAllowPolicy RedrivePolicy SqsManagedSseEnabled VisibilityTimeout"
    )
    properties = names(_attributes + " QueueName Tags")
    attributes = names("Arn QueueName QueueUrl")
    replacing = names("QueueName FifoQueue")

    def create(self, making: Making) -> Made:
        fifo = as_bool(making.properties.get("FifoQueue", False))
        name = making.properties.get("QueueName") or making.generated_name(75) + (".fifo" if fifo else "")
        attributes = {key: _attribute(value) for key, value in chosen(making.properties, self._attributes).items()}
        url = making.client("sqs").create_queue(QueueName=name, Attributes=attributes, tags=making.all_tags())[
            "QueueUrl"
        ]
        arn = f"arn:aws:sqs:{making.region}:{making.account_id}:{name}"
        return Made(url, {"Arn": arn, "QueueName": name, "QueueUrl": url})

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        defaults = {"VisibilityTimeout": "30", "DelaySeconds": "0", "MessageRetentionPeriod": "345600",
                    "ReceiveMessageWaitTimeSeconds": "0", "RedrivePolicy": ""}  # fmt: skip
        new = chosen(making.properties, self._attributes)
        attributes = {key: _attribute(value) for key, value in new.items() if key != "FifoQueue"}
        attributes |= {key: defaults[key] for key in old if key in defaults and key not in new}
        if attributes:
            making.client("sqs").set_queue_attributes(QueueUrl=made.physical_id, Attributes=attributes)
        return made

    def delete(self, making: Making, made: Made) -> None:
        making.client("sqs").delete_queue(QueueUrl=made.physical_id)


class QueuePolicy(Updatable):
    name = "AWS::SQS::QueuePolicy"
    validated_early = False
    properties = names("PolicyDocument Queues")
    required = names("PolicyDocument Queues")
    attributes = names("Id")

    def _put(self, making: Making) -> None:
        for url in making.properties["Queues"]:
            policy = json.dumps(making.properties["PolicyDocument"])
            making.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})

    def create(self, making: Making) -> Made:
        self._put(making)
        name = making.generated_name(64)
        return Made(name, {"Id": name})

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        self._put(making)
        return made

    def delete(self, making: Making, made: Made) -> None:
        for url in making.properties["Queues"]:
            making.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})


class Topic(Updatable):
    name = "AWS::SNS::Topic"
    validated_early = False
    custom_name = "TopicName"
    _attributes = "ContentBasedDeduplication DisplayName FifoTopic KmsMasterKeyId SignatureVersion TracingConfig"
    properties = names(
        "ArchivePolicy DataProtectionPolicy DeliveryStatusLogging FifoThroughputScope Subscription Tags TopicName "
        + _attributes
    )
    attributes = names("TopicArn TopicName")
    replacing = names("FifoTopic TopicName")

    def create(self, making: Making) -> Made:
        client = making.client("sns")
        attributes = {key: _attribute(value) for key, value in chosen(making.properties, self._attributes).items()}
        fifo = as_bool(making.properties.get("FifoTopic", False))
        name = making.properties.get("TopicName") or making.generated_name(240) + (".fifo" if fifo else "")
        arn = client.create_topic(Name=name, Attributes=attributes, Tags=making.tag_list())["TopicArn"]
        self._subscribe(making, arn, [])
        return Made(arn, {"TopicArn": arn, "TopicName": name})

    @staticmethod
    def _subscribe(making: Making, arn: str, before: list[Any]) -> None:
        wanted, client = making.properties.get("Subscription") or [], making.client("sns")
        for subscription in wanted:
            if subscription not in before:
                client.subscribe(TopicArn=arn, **chosen(subscription, "Endpoint Protocol"))
        gone = [s["Endpoint"] for s in before if s not in wanted]
        for standing in client.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"] if gone else []:
            if standing["Endpoint"] in gone:
                client.unsubscribe(SubscriptionArn=standing["SubscriptionArn"])

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        client, new = making.client("sns"), chosen(making.properties, self._attributes)
        for name in sorted({*new, *chosen(old, self._attributes)} - {"FifoTopic"}):
            if new.get(name) != old.get(name):
                client.set_topic_attributes(
                    TopicArn=made.physical_id, AttributeName=name, AttributeValue=_attribute(new.get(name, ""))
                )
        self._subscribe(making, made.physical_id, old.get("Subscription") or [])
        return made

    def delete(self, making: Making, made: Made) -> None:
        making.client("sns").delete_topic(TopicArn=made.physical_id)


class TopicPolicy(Updatable):
    name = "AWS::SNS::TopicPolicy"
    validated_early = False
    properties = names("PolicyDocument Topics")
    required = names("PolicyDocument Topics")
    attributes = names("Id")

    def _put(self, making: Making) -> None:
        policy = json.dumps(making.properties["PolicyDocument"])
        for arn in making.properties["Topics"]:
            making.client("sns").set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)

    def create(self, making: Making) -> Made:
        self._put(making)
        name = making.generated_name(64)
        return Made(name, {"Id": name})

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        self._put(making)
        return made

    def delete(self, making: Making, made: Made) -> None:
        """The topics go on with the policy they have; CloudFormation puts none in its place either."""


class Subscription(Updatable):
    name = "AWS::SNS::Subscription"
    validated_early = False
    _attributes = "DeliveryPolicy FilterPolicy FilterPolicyScope RawMessageDelivery RedrivePolicy SubscriptionRoleArn"
    properties = names("Endpoint Protocol Region ReplayPolicy TopicArn " + _attributes)
    required = names("Protocol TopicArn")
    attributes = names("Arn")
    replacing = names("Endpoint Protocol TopicArn")

    def create(self, making: Making) -> Made:
        attributes = {key: _attribute(value) for key, value in chosen(making.properties, self._attributes).items()}
        answer = making.client("sns").subscribe(
            **chosen(making.properties, "TopicArn Protocol Endpoint"), Attributes=attributes, ReturnSubscriptionArn=True
        )
        return Made(answer["SubscriptionArn"], {"Arn": answer["SubscriptionArn"]})

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        new, empty = chosen(making.properties, self._attributes), {"RawMessageDelivery": "false"}
        for name in sorted({*new, *chosen(old, self._attributes)}):
            if new.get(name) != old.get(name):
                value = _attribute(new[name]) if name in new else empty.get(name, "{}")
                making.client("sns").set_subscription_attributes(
                    SubscriptionArn=made.physical_id, AttributeName=name, AttributeValue=value
                )
        return made

    def delete(self, making: Making, made: Made) -> None:
        making.client("sns").unsubscribe(SubscriptionArn=made.physical_id)


class EventBus(ResourceType):
    name = "AWS::Events::EventBus"
    custom_name = "Name"
    properties = names("DeadLetterConfig Description EventSourceName KmsKeyIdentifier LogConfig Name Policy Tags")
    required = names("Name")
    attributes = names("Arn Name")

    def create(self, making: Making) -> Made:
        name = making.properties["Name"]
        answer = making.client("events").create_event_bus(Name=name, Tags=making.tag_list())
        return Made(name, {"Arn": answer["EventBusArn"], "Name": name})

    def delete(self, making: Making, made: Made) -> None:
        making.client("events").delete_event_bus(Name=made.physical_id)


class Rule(Updatable):
    name = "AWS::Events::Rule"
    custom_name = "Name"
    properties = names("Description EventBusName EventPattern Name RoleArn ScheduleExpression State Tags Targets")
    attributes = names("Arn RuleName")
    replacing = names("EventBusName Name")

    def _put(self, making: Making, name: str) -> str:
        client, properties = making.client("events"), making.properties
        arguments = chosen(properties, "Description RoleArn ScheduleExpression State")
        if "EventPattern" in properties:
            arguments["EventPattern"] = json.dumps(properties["EventPattern"])
        bus = self._bus(making)
        arn: str = client.put_rule(Name=name, EventBusName=bus, **arguments)["RuleArn"]
        if properties.get("Targets"):
            client.put_targets(Rule=name, EventBusName=bus, Targets=list(properties["Targets"]))
        return arn

    def _bus(self, making: Making) -> str:
        return str(making.properties.get("EventBusName", "default"))

    def create(self, making: Making) -> Made:
        name = making.name("Name")
        arn = self._put(making, name)
        bus = self._bus(making).rsplit("/", 1)[-1]
        return Made(name if bus == "default" else f"{bus}|{name}", {"Arn": arn, "RuleName": name})

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        name = made.physical_id.rsplit("|", 1)[-1]
        kept = {target["Id"] for target in making.properties.get("Targets") or []}
        gone = [target["Id"] for target in old.get("Targets") or [] if target["Id"] not in kept]
        if gone:
            making.client("events").remove_targets(Rule=name, EventBusName=self._bus(making), Ids=gone)
        self._put(making, name)
        return made

    def delete(self, making: Making, made: Made) -> None:
        client, name, bus = making.client("events"), made.physical_id.rsplit("|", 1)[-1], self._bus(making)
        ids = [target["Id"] for target in client.list_targets_by_rule(Rule=name, EventBusName=bus)["Targets"]]
        if ids:
            client.remove_targets(Rule=name, EventBusName=bus, Ids=ids)
        client.delete_rule(Name=name, EventBusName=bus)


class Archive(ResourceType):
    name = "AWS::Events::Archive"
    custom_name = "ArchiveName"
    properties = names("ArchiveName Description EventPattern KmsKeyIdentifier RetentionDays SourceArn")
    required = names("SourceArn")
    attributes = names("Arn")

    def create(self, making: Making) -> Made:
        name = making.name("ArchiveName", 48)
        arguments = chosen(making.properties, "Description RetentionDays")
        if "EventPattern" in making.properties:
            arguments["EventPattern"] = json.dumps(making.properties["EventPattern"])
        answer = making.client("events").create_archive(
            ArchiveName=name, EventSourceArn=making.properties["SourceArn"], **arguments
        )
        return Made(name, {"Arn": answer["ArchiveArn"]})

    def delete(self, making: Making, made: Made) -> None:
        making.client("events").delete_archive(ArchiveName=made.physical_id)


ALL = (Queue(), QueuePolicy(), Topic(), TopicPolicy(), Subscription(), EventBus(), Rule(), Archive())
