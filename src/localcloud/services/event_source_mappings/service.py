"""Creating, changing and ending event source mappings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from moto.sqs.exceptions import QueueDoesNotExist

from localcloud.api import ApiCall, ApiError
from localcloud.services.event_source_mappings.checks import check_queue, check_response_types, check_stream
from localcloud.services.event_source_mappings.described import described
from localcloud.services.event_source_mappings.filters import compile_filters
from localcloud.services.event_source_mappings.sqs import SqsPoller
from localcloud.services.event_source_mappings.streams import StreamPoller
from localcloud.services.lambda_.functions import split_reference

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


class EventSourceMappings:
    """Mappings are moto's; polling is ours."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._pollers: dict[str, SqsPoller | StreamPoller] = {}
        facts = cloud.facts
        self._sizes = facts.value("quota.lambda.esm.batch_size")
        self._window = facts.value("quota.lambda.esm.batch_window")
        self._maximum = facts.value("quota.lambda.esm.sqs.max_concurrency")
        self._most_filters = int(facts.value("quota.lambda.esm.filters")["default"])

    def install(self) -> None:
        """Check what is asked for as Lambda does, and start polling."""
        register = self._cloud.api.register
        register("lambda", "CreateEventSourceMapping", self._create)
        register("lambda", "UpdateEventSourceMapping", self._update)
        register("lambda", "DeleteEventSourceMapping", self._delete)
        register("lambda", "GetEventSourceMapping", self._get)
        register("lambda", "ListEventSourceMappings", self._list)
        self._cloud.meter.before_reading.append(self.settle)

    def settle(self) -> None:
        """Bring the count of empty receives up to now."""
        for poller in self._pollers.values():
            poller.settle()

    # -- operations ----------------------------------------------------------------------------

    def _create(self, call: ApiCall) -> dict[str, Any]:
        arn = call.params.get("EventSourceArn", "")
        self._check(call.params, arn, call.params["FunctionName"])
        self._check_duplicate(arn, call.params["FunctionName"])
        stream, _, consumer = arn.partition("/consumer/")
        answer = self._cloud.api.stock(replace(call, params={**call.params, "EventSourceArn": stream}))
        mapping = self._mapping(answer["UUID"])
        if consumer:  # moto knows streams only
            mapping.event_source_arn = answer["EventSourceArn"] = arn
        answer["FunctionArn"] = self._name_function(mapping, call.params["FunctionName"])
        if ":sqs:" in arn:
            self._pollers[answer["UUID"]] = SqsPoller(self._cloud, mapping)
        else:
            self._pollers[answer["UUID"]] = StreamPoller(self._cloud, mapping, self._most_filters)
        return self._described(answer, "Creating")

    def _described(self, answer: Mapping[str, Any], state: str | None = None) -> dict[str, Any]:
        poller = self._pollers.get(answer["UUID"])
        return described(answer, poller.last_result if isinstance(poller, StreamPoller) else None, state)

    def _get(self, call: ApiCall) -> dict[str, Any]:
        return self._described(self._cloud.api.stock(call))

    def _list(self, call: ApiCall) -> dict[str, Any]:
        answer = self._cloud.api.stock(call)
        return {**answer, "EventSourceMappings": [self._described(one) for one in answer["EventSourceMappings"]]}

    def _update(self, call: ApiCall) -> dict[str, Any]:
        mapping = self._mapping(call.params["UUID"])
        arn = mapping.event_source_arn
        before = mapping.get_configuration() | {"StartingPositionTimestamp": mapping.starting_position_timestamp}
        self._check({**before, **call.params}, arn, call.params.get("FunctionName", mapping.function_arn))
        for name, attribute in _ATTRIBUTES.items():  # moto leaves some of them out
            if name in call.params:
                setattr(mapping, attribute, call.params[name])
        function = call.params.get("FunctionName", mapping.function_arn)
        answer = self._cloud.api.stock(call)
        answer["FunctionArn"] = self._name_function(mapping, function)
        poller = self._pollers.get(call.params["UUID"])
        if poller is not None:
            poller.look()
        return self._described(answer, "Updating")

    def _delete(self, call: ApiCall) -> dict[str, Any]:
        answer = self._described(self._cloud.api.stock(call))
        poller = self._pollers.pop(call.params["UUID"], None)
        if poller is not None:
            poller.stop()
        return answer

    def _name_function(self, mapping: Any, reference: str) -> str:
        """Keep the alias or version that was asked for: moto keeps where it pointed on that day."""
        mapping.function_arn = named = self._named(reference)
        return named

    def _named(self, reference: str) -> str:
        name, qualifier = split_reference(reference, None)
        arn = self._cloud.lambda_.functions.get(name).arn.removesuffix(":$LATEST")
        return f"{arn}:{qualifier}" if qualifier else arn

    def _check_duplicate(self, arn: str, reference: str) -> None:
        """One mapping for a source and a function. Raises ApiError ResourceConflictException."""
        function_arn = self._named(reference)
        for known in self._cloud.lambda_.functions.backend.list_event_source_mappings(arn, ""):
            if known.function_arn == function_arn:
                name = function_arn.split(":function:")[1]
                source = "An event source mapping with SQS arn" if ":sqs:" in arn else "The event source arn"
                told = "already exists" if ":sqs:" in arn else "provided mapping already exists"
                raise ApiError(
                    "ResourceConflictException",
                    f'{source} (" {arn} ") and function (" {name} ") {told}. Please update or delete the existing '
                    f"mapping with UUID {known.uuid}",
                    409,
                    Type="User",
                )

    def _mapping(self, uuid: str) -> Any:
        found = self._cloud.lambda_.functions.backend.get_event_source_mapping(uuid)
        if found is None:
            raise ApiError("ResourceNotFoundException", "The resource you requested does not exist.", 404, Type="User")
        return found

    # -- what Lambda refuses -------------------------------------------------------------------

    def _check(self, params: dict[str, Any], arn: str, function: str) -> None:
        """Raises ApiError InvalidParameterValueException."""
        if not arn.startswith("arn:"):
            raise ApiError(
                "ValidationException",
                f"1 validation error detected: Value '{arn}' at 'eventSourceArn' failed to satisfy constraint: Member "
                "must satisfy regular expression pattern: arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\\-])+:.*",
                400,
            )
        check_response_types(params)
        if ":sqs:" in arn:
            self._check_queue(params, arn, function)
        elif ":kinesis:" in arn or ":dynamodb:" in arn:
            check_stream(params, arn, self._cloud.facts)
            if ":kinesis:" in arn:
                self._cloud.kinesis.stream(arn)
            else:
                self._cloud.dynamodb_streams.shard(arn)
        else:
            _refuse(f"Unrecognized event source, or one that the local cloud does not simulate: {arn!r}.")
        compile_filters(params.get("FilterCriteria"), self._most_filters)
        self._check_durable(function)

    def _check_durable(self, function: str) -> None:
        """A durable function has to be named with its version, and to end before the mapping would give up."""
        config = self._cloud.lambda_.functions.get(function)
        durable = config.durable
        if durable is None:
            return
        if split_reference(function, None)[1] is None:
            _refuse("Event source mappings of a durable function need a qualified ARN: a version, an alias or $LATEST.")
        managed = config.managed is not None
        limit = "quota.lambda.lmi.timeout_queued" if managed else "quota.lambda.durable.esm_limit"
        longest_s = int(self._cloud.facts.value(limit))
        if durable.timeout_s > longest_s:
            _refuse(
                f"The ExecutionTimeout of a durable function behind an event source mapping is at most {longest_s} "
                f"seconds; found {durable.timeout_s}."
            )

    def _check_queue(self, params: dict[str, Any], arn: str, function: str) -> None:
        fifo = arn.endswith(".fifo")
        size = params.get("BatchSize")
        window = params.get("MaximumBatchingWindowInSeconds") or 0
        limit = self._sizes["sqs_fifo" if fifo else "sqs_standard"]
        if size is not None and not 1 <= size <= limit["max"]:
            _refuse(f"Maximum batch size for {'FIFO' if fifo else 'standard'} queues is {limit['max']}; found {size}.")
        if fifo and window:
            _refuse("Batching window is not supported for FIFO queues.")
        if not self._window["min"] <= window <= self._window["max"]:
            _refuse(f"MaximumBatchingWindowInSeconds must be from 0 to {self._window['max']}; found {window}.")
        if size is not None and size > limit["default"] and not window and not fifo:
            _refuse(
                "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than "
                f"{limit['default']}"
            )
        most = (params.get("ScalingConfig") or {}).get("MaximumConcurrency")
        if most is not None and not self._maximum["min"] <= most <= self._maximum["max"]:
            _refuse(f"MaximumConcurrency must be from {self._maximum['min']} to {self._maximum['max']}; found {most}.")
        if most is not None and params.get("ProvisionedPollerConfig"):
            _refuse("MaximumConcurrency and ProvisionedPollerConfig cannot be used together.")
        check_queue(params, self._cloud.facts)
        self._check_visibility(arn, function)

    def _check_visibility(self, arn: str, function: str) -> None:
        try:
            queue = self._cloud.sqs.queues.get(arn)
        except QueueDoesNotExist:
            _refuse(
                f"Error occurred while ReceiveMessage. SQS Error Message: The specified queue {arn} does not exist."
            )
        timeout_s = self._cloud.lambda_.functions.get(function).timeout_s
        if queue.visibility_timeout < timeout_s:
            _refuse(
                f"Queue visibility timeout: {queue.visibility_timeout} seconds is less than Function timeout: "
                f"{timeout_s} seconds"
            )


_ATTRIBUTES = {
    "BisectBatchOnFunctionError": "bisect_on_error",
    "DestinationConfig": "destination_config",
    "MaximumRecordAgeInSeconds": "max_record_age",
    "MaximumRetryAttempts": "max_retry_attempts",
    "ParallelizationFactor": "parallelization_factor",
    "TumblingWindowInSeconds": "tumbling_window",
    "FilterCriteria": "filter_criteria",
    "FunctionResponseTypes": "function_response_types",
    "MaximumBatchingWindowInSeconds": "max_batch_window",
    "ProvisionedPollerConfig": "poller_config",
    "ScalingConfig": "scaling_config",
}


def _refuse(message: str) -> None:
    raise ApiError("InvalidParameterValueException", message, 400, Type="User")
