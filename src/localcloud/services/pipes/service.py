"""The operations on pipes: what is accepted, and when they run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from moto.pipes.models import pipes_backends
from moto.sqs.exceptions import QueueDoesNotExist

from localcloud.api import ApiCall, ApiError
from localcloud.principals import Principal
from localcloud.services.event_source_mappings.filters import compile_filters
from localcloud.services.event_source_mappings.sqs import SqsPoller
from localcloud.services.event_source_mappings.streams import StreamPoller
from localcloud.services.events.api_destinations import ApiDestinations
from localcloud.services.iam.deliveries import reading
from localcloud.services.pipes.feed import Feed, source_kind, source_settings
from localcloud.services.pipes.flow import Flow
from localcloud.services.role_targets import RoleTargets

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_NAME = re.compile(r"[\.\-_A-Za-z0-9]{1,64}")
_FIRE_AND_FORGET = "FIRE_AND_FORGET"
_CALLED = {"dynamodb": "DynamoDB", "kinesis": "Kinesis", "sqs": "SQS"}  # as pipes call their sources
_RUNNING, _STOPPED = "RUNNING", "STOPPED"


class Pipes:
    """Pipes of one account, from their creation to their end."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._targets = RoleTargets(cloud)
        self._destinations = ApiDestinations(cloud, cloud.events.connections)
        self._pollers: dict[str, SqsPoller | StreamPoller] = {}
        self._most_filters = int(cloud.facts.value("quota.lambda.esm.filters")["default"])
        self._most_at_once = int(cloud.facts.value("quota.pipes.concurrency")["sqs"])
        cloud.meter.before_reading.append(self._settle)

    def install(self) -> None:
        """Answer what makes, changes, starts, stops and deletes pipes."""
        for operation, answer in (
            ("CreatePipe", self._create), ("UpdatePipe", self._change), ("StartPipe", self._change),
            ("StopPipe", self._change), ("DeletePipe", self._delete),
        ):  # fmt: skip
            self._cloud.api.register("pipes", operation, answer)

    @cached_property
    def _backend(self) -> Any:
        return pipes_backends[self._cloud.account_id][self._cloud.region]

    # -- operations ----------------------------------------------------------------------------

    def _create(self, call: ApiCall) -> Any:
        name = call.params["Name"]
        if name in self._backend.pipes:
            raise ApiError("ConflictException", f"Pipe {name} already exists.", 409)
        if not _NAME.fullmatch(name):
            raise _refused(f"{name!r} is not a name of a pipe.")
        self._check(call.params, call.params["Source"])
        self._check_source(call.params["Source"], call.params.get("SourceParameters"))
        answer = self._cloud.api.stock(call)
        pipe = self._backend.pipes[name]
        pipe.advance = lambda: None  # moto's states would move at every look
        who = Principal(pipe.role_arn, name)
        lacking = [action for action, at in reading(pipe.source) if not self._cloud.iam.permits(who, action, at)]
        if lacking:
            pipe.status = "CREATE_FAILED"
            service, action = lacking[0].split(":")
            pipe.state_reason = (
                "Input parameter is invalid from the request due to : The provided customer role does not have "
                f"permissions to call {action} on {_CALLED.get(service, service)}"
            )
            return answer
        self._start(pipe)
        pipe.status = pipe.desired_state
        return answer

    def _change(self, call: ApiCall) -> Any:
        pipe = self._backend.pipes.get(call.params["Name"])
        if pipe is not None and call.operation == "UpdatePipe":
            self._check(call.params, pipe.source)
        if pipe is not None and pipe.name not in self._pollers:
            message = f"Pipe {pipe.name} is in state CREATE_FAILED: {pipe.state_reason} Delete it and make it again."
            raise ApiError("ConflictException", message, 409)
        answer = self._cloud.api.stock(call)
        assert pipe is not None  # moto has refused to change what is not there
        pipe.status = pipe.desired_state
        self._pollers[pipe.name].look()
        return answer

    def _delete(self, call: ApiCall) -> Any:
        answer = self._cloud.api.stock(call)
        poller = self._pollers.pop(call.params["Name"], None)
        if poller is not None:
            poller.stop()
        return answer

    # -- checks --------------------------------------------------------------------------------

    def _check(self, params: Mapping[str, Any], source: str) -> None:
        target, enrichment = params.get("Target"), params.get("Enrichment")
        if target and not (self._targets.knows(target) or ":api-destination/" in target):
            raise _refused(f"The local cloud has no such target for a pipe: {target}")
        if enrichment and not any(part in enrichment for part in (":lambda:", ":states:", ":api-destination/")):
            raise _refused(f"The local cloud cannot enrich with {enrichment}")
        self._check_machines(target, enrichment, params.get("TargetParameters") or {})
        try:
            criteria = (params.get("SourceParameters") or {}).get("FilterCriteria")
            compile_filters(criteria, self._most_filters, "body" if source_kind(source) == "sqs" else "data")
        except ApiError as exc:
            raise _refused(exc.message) from None

    def _check_machines(self, target: str | None, enrichment: str | None, parameters: Mapping[str, Any]) -> None:
        """A pipe can wait for express state machines only."""
        kind = (parameters.get("StepFunctionStateMachineParameters") or {}).get("InvocationType")
        waits = [enrichment] + ([target] if kind != _FIRE_AND_FORGET else [])
        for arn in waits:
            if arn and ":states:" in arn and self._cloud.step_functions.is_standard(arn):
                raise _refused(
                    "A pipe can invoke a Standard state machine only as a target, with the InvocationType "
                    f"FIRE_AND_FORGET: {arn}"
                )

    def _check_source(self, arn: str, parameters: Mapping[str, Any] | None) -> None:
        kind = source_kind(arn)
        if not kind:
            raise _refused(f"The local cloud has no such source for a pipe: {arn}")
        if kind == "sqs":
            try:
                self._cloud.sqs.queues.get(arn)
            except QueueDoesNotExist:
                raise _refused(f"The source of the pipe does not exist: {arn}") from None
            return
        if not source_settings(arn, parameters).get("StartingPosition"):
            raise _refused("StartingPosition is required for a stream.")
        if kind == "kinesis":
            self._cloud.kinesis.stream(arn)
        else:
            self._cloud.dynamodb_streams.shard(arn)

    # -- running -------------------------------------------------------------------------------

    def _start(self, pipe: Any) -> None:
        flow = Flow(self._cloud, pipe, self._targets, self._destinations)
        feed = Feed(pipe, pipe.role_arn, self._most_at_once, flow.run)
        if source_kind(pipe.source) == "sqs":
            self._pollers[pipe.name] = SqsPoller(self._cloud, feed)
        else:
            self._pollers[pipe.name] = StreamPoller(self._cloud, feed, self._most_filters)

    def _settle(self) -> None:
        for poller in self._pollers.values():
            poller.settle()


def _refused(message: str) -> ApiError:
    return ApiError("ValidationException", message, 400)
