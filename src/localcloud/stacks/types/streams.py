"""AWS::Kinesis::*."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.stacks.types.base import Made, Making, ResourceType, Updatable, chosen, names, timestamp

_DEFAULT_HOURS = 24
_DEFAULT_KIB = 1_024


class Stream(Updatable):
    name = "AWS::Kinesis::Stream"
    custom_name = "Name"
    properties = names(
        "DesiredShardLevelMetrics MaxRecordSizeInKiB Name RetentionPeriodHours ShardCount StreamEncryption "
        "StreamModeDetails Tags WarmThroughputMiBps"
    )
    attributes = names("Arn")
    replacing = names("Name")

    def create(self, making: Making) -> Made:
        client, name = making.client("kinesis"), making.name("Name", 128)
        arguments = chosen(making.properties, "StreamModeDetails")
        if "MaxRecordSizeInKiB" in making.properties:
            arguments["MaxRecordSizeInKiB"] = int(making.properties["MaxRecordSizeInKiB"])
        if (arguments.get("StreamModeDetails") or {}).get("StreamMode") != "ON_DEMAND":
            arguments["ShardCount"] = int(making.properties.get("ShardCount", 1))
        client.create_stream(StreamName=name, **arguments)
        tags = making.all_tags()
        if tags:
            client.add_tags_to_stream(StreamName=name, Tags=tags)
        self._retain(making, name, _DEFAULT_HOURS)
        arn = client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
        return Made(name, {"Arn": arn})

    def _retain(self, making: Making, name: str, before: int) -> None:
        hours = int(making.properties.get("RetentionPeriodHours", _DEFAULT_HOURS))
        client = making.client("kinesis")
        if hours > before:
            client.increase_stream_retention_period(StreamName=name, RetentionPeriodHours=hours)
        elif hours < before:
            client.decrease_stream_retention_period(StreamName=name, RetentionPeriodHours=hours)

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        client, new = making.client("kinesis"), making.properties
        if new.get("StreamModeDetails") != old.get("StreamModeDetails"):
            mode = new.get("StreamModeDetails") or {"StreamMode": "PROVISIONED"}
            client.update_stream_mode(StreamARN=made.attributes["Arn"], StreamModeDetails=mode)
        if new.get("MaxRecordSizeInKiB") != old.get("MaxRecordSizeInKiB"):
            size = int(new.get("MaxRecordSizeInKiB", _DEFAULT_KIB))
            client.update_max_record_size(StreamARN=made.attributes["Arn"], MaxRecordSizeInKiB=size)
        if "ShardCount" in new and new["ShardCount"] != old.get("ShardCount"):
            client.update_shard_count(
                StreamName=made.physical_id, TargetShardCount=int(new["ShardCount"]), ScalingType="UNIFORM_SCALING"
            )
        self._retain(making, made.physical_id, int(old.get("RetentionPeriodHours", _DEFAULT_HOURS)))
        return made

    def delete(self, making: Making, made: Made) -> None:
        making.client("kinesis").delete_stream(StreamName=made.physical_id, EnforceConsumerDeletion=True)


class StreamConsumer(ResourceType):
    name = "AWS::Kinesis::StreamConsumer"
    custom_name = "ConsumerName"
    properties = names("ConsumerName StreamARN Tags")
    required = names("ConsumerName StreamARN")
    attributes = names("ConsumerARN ConsumerCreationTimestamp ConsumerName ConsumerStatus StreamARN")

    def create(self, making: Making) -> Made:
        answer = making.client("kinesis").register_stream_consumer(
            **chosen(making.properties, "ConsumerName StreamARN")
        )["Consumer"]
        arn = answer["ConsumerARN"]
        attributes = {
            "ConsumerARN": arn,
            "ConsumerCreationTimestamp": timestamp(answer["ConsumerCreationTimestamp"]),
            "ConsumerName": answer["ConsumerName"],
            "ConsumerStatus": answer["ConsumerStatus"],
            "StreamARN": making.properties["StreamARN"],
        }
        return Made(arn, attributes)

    def delete(self, making: Making, made: Made) -> None:
        making.client("kinesis").deregister_stream_consumer(ConsumerARN=made.physical_id)


ALL = (Stream(), StreamConsumer())
