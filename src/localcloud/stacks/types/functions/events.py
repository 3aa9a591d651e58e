"""Event source mappings, and what becomes of asynchronous events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.stacks.types.base import Made, Making, Updatable, as_bool, chosen, names


class EventSourceMapping(Updatable):
    name = "AWS::Lambda::EventSourceMapping"
    validated_early = False
    properties = names(
        "AmazonManagedKafkaEventSourceConfig BatchSize BisectBatchOnFunctionError DestinationConfig "
        "DocumentDBEventSourceConfig Enabled EventSourceArn FilterCriteria FunctionName FunctionResponseTypes "
        "KmsKeyArn LoggingConfig MaximumRecordAgeInSeconds MaximumRetryAttempts MetricsConfig "
        "MaximumBatchingWindowInSeconds ParallelizationFactor ProvisionedPollerConfig Queues ScalingConfig "
        "SelfManagedEventSource SelfManagedKafkaEventSourceConfig SourceAccessConfigurations StartingPosition "
        "StartingPositionTimestamp Tags Topics TumblingWindowInSeconds"
    )
    required = names("FunctionName")
    attributes = names("EventSourceMappingArn Id")
    replacing = names("EventSourceArn StartingPosition StartingPositionTimestamp")
    _numbers = (
        "BatchSize",
        "MaximumBatchingWindowInSeconds",
        "MaximumRecordAgeInSeconds",
        "MaximumRetryAttempts",
        "ParallelizationFactor",
        "TumblingWindowInSeconds",
    )
    _inner_numbers = names("MaximumConcurrency MaximumPollers MinimumPollers")
    # what a setting goes back to when a template no longer names it
    _unset: Mapping[str, Any] = {
        "BisectBatchOnFunctionError": False,
        "DestinationConfig": {},
        "Enabled": True,
        "FilterCriteria": {},
        "FunctionResponseTypes": [],
        "MaximumBatchingWindowInSeconds": 0,
        "MaximumRecordAgeInSeconds": -1,
        "MaximumRetryAttempts": -1,
        "ParallelizationFactor": 1,
        "ProvisionedPollerConfig": {},
        "ScalingConfig": {},
        "TumblingWindowInSeconds": 0,
    }

    def _arguments(self, making: Making, leave_out: frozenset[str]) -> dict[str, Any]:
        found = {key: value for key, value in making.properties.items() if key not in leave_out}
        if "Enabled" in found:
            found["Enabled"] = as_bool(found["Enabled"])
        if "BisectBatchOnFunctionError" in found:
            found["BisectBatchOnFunctionError"] = as_bool(found["BisectBatchOnFunctionError"])
        for number in self._numbers:
            if number in found:
                found[number] = int(found[number])
        for name in ("ScalingConfig", "ProvisionedPollerConfig"):  # a parameter's value is text
            if name in found:
                found[name] = {
                    key: int(value) if key in self._inner_numbers else value for key, value in found[name].items()
                }
        if "StartingPositionTimestamp" in found:
            found["StartingPositionTimestamp"] = float(found["StartingPositionTimestamp"])
        return found

    def _defaults(self, making: Making) -> dict[str, Any]:
        queue = ":sqs:" in str(making.properties.get("EventSourceArn", ""))
        return {**self._unset, "BatchSize": 10 if queue else 100}

    def create(self, making: Making) -> Made:
        arguments = self._arguments(making, names("Tags"))
        answer = making.client("lambda").create_event_source_mapping(**arguments)
        return Made(
            answer["UUID"], {"Id": answer["UUID"], "EventSourceMappingArn": answer.get("EventSourceMappingArn")}
        )

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        arguments = self._arguments(making, names("Tags EventSourceArn StartingPosition StartingPositionTimestamp"))
        arguments |= {name: value for name, value in self._defaults(making).items() if name in old.keys() - arguments}
        making.client("lambda").update_event_source_mapping(UUID=made.physical_id, **arguments)
        return made

    def delete(self, making: Making, made: Made) -> None:
        making.client("lambda").delete_event_source_mapping(UUID=made.physical_id)


class EventInvokeConfig(Updatable):
    name = "AWS::Lambda::EventInvokeConfig"
    validated_early = False
    properties = names("DestinationConfig FunctionName MaximumEventAgeInSeconds MaximumRetryAttempts Qualifier")
    required = names("FunctionName Qualifier")
    replacing = names("FunctionName Qualifier")

    def _put(self, making: Making) -> None:
        arguments = dict(making.properties)
        for number in ("MaximumEventAgeInSeconds", "MaximumRetryAttempts"):
            if number in arguments:
                arguments[number] = int(arguments[number])
        making.client("lambda").put_function_event_invoke_config(**arguments)

    def create(self, making: Making) -> Made:
        self._put(making)
        return Made(making.generated_name(64))

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        self._put(making)
        return made

    def delete(self, making: Making, made: Made) -> None:
        making.client("lambda").delete_function_event_invoke_config(
            **chosen(making.properties, "FunctionName Qualifier")
        )
