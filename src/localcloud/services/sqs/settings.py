"""Queues come, change and go: their attributes are moto's, what SQS refuses of them is ours."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from moto.sqs import exceptions

from localcloud.api import ApiCall, ApiError
from localcloud.api.moto_direct import service_error
from localcloud.services.sqs.attributes import QueueAttributes, allows_source, refused_redrive
from localcloud.services.sqs.queues import Queues
from localcloud.stores.sqs import FifoMessages

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_ALLOW = "RedriveAllowPolicy"


class QueueSettings:
    """The operations on queues themselves. `on_created` is told the ARN of a queue that has just been created."""

    def __init__(self, cloud: Cloud, queues: Queues) -> None:
        self._cloud = cloud
        self._queues = queues
        self._attributes = QueueAttributes(cloud.facts)
        self._deleted_us: dict[str, int] = {}  # when queues were deleted, by name
        self._reuse_us = int(cloud.facts.value("quota.sqs.name_reuse")) * 1_000_000
        self.on_created: list[Callable[[str], None]] = []

    def create(self, call: ApiCall) -> Any:
        name, wanted = call.params["QueueName"], call.params.get("Attributes") or {}
        fifo = name.endswith(".fifo") or wanted.get("FifoQueue") == "true"  # moto refuses what has only one of them
        self._attributes.check(wanted, fifo)
        if name.endswith(".fifo") and wanted.get("FifoQueue") != "true":
            raise ApiError(
                "InvalidParameterValue",
                "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
            )
        known = self._queues.backend.queues.get(name)
        if known is not None:
            self._check_same(known, wanted)
        elif name in self._deleted_us and self._queues.now_us - self._deleted_us[name] < self._reuse_us:
            raise ApiError(
                "AWS.SimpleQueueService.QueueDeletedRecently",
                f"You must wait {self._reuse_us // 1_000_000} seconds after deleting a queue before you can create "
                "another with the same name.",
            )
        source_arn = f"arn:aws:sqs:{self._cloud.region}:{self._cloud.account_id}:{name}"
        self._check_allowed(source_arn, wanted.get("RedrivePolicy"))
        answer = self._cloud.api.stock(call)
        if known is None:
            queue = self._queues.get(name)
            _in_whole_seconds(queue)
            for told in tuple(self.on_created):
                told(queue.queue_arn)
        return answer

    def delete(self, call: ApiCall) -> Any:
        answer = self._cloud.api.stock(call)
        self._deleted_us[call.params["QueueUrl"].rsplit("/", 1)[-1]] = self._queues.now_us
        return answer

    def _check_allowed(self, source_arn: str, policy: str | None) -> None:
        """Raises ApiError when the dead-letter queue of a redrive policy is not for this source."""
        target_arn = json.loads(policy).get("deadLetterTargetArn") if policy else None
        target = self._queues.backend.queues.get(target_arn.rsplit(":", 1)[-1]) if target_arn else None
        if target is None:
            return
        if target.fifo_queue and not source_arn.endswith(".fifo"):
            raise refused_redrive(str(policy), "Dead-letter queue must be same type of queue as the source")
        if not allows_source(getattr(target, "redrive_allow_policy", None), source_arn):
            raise refused_redrive(str(policy), "Dead-letter queue does not allow this source queue")

    @staticmethod
    def _check_same(known: Any, wanted: Mapping[str, str]) -> None:
        """A queue may be created again, as it is. Raises ApiError."""
        for name, value in wanted.items():
            current = known.attributes.get(name)
            if current is not None and str(current).isdigit() and str(current) != value:
                message = f"A queue already exists with the same name and a different value for attribute {name}"
                raise service_error("sqs", exceptions.QueueAlreadyExists(message), None)

    def get(self, call: ApiCall) -> Any:
        """Times are whole seconds, where moto has fractions; it does not know RedriveAllowPolicy at all."""
        asked = call.params.get("AttributeNames") or ()
        if _ALLOW in asked:
            others = [name for name in asked if name != _ALLOW] or ["QueueArn"]
            call = replace(call, params={**call.params, "AttributeNames": others})
        answer = self._cloud.api.stock(call)
        attributes = answer.get("Attributes") or {}
        if tuple(asked) == (_ALLOW,):
            attributes.clear()
        allowed = getattr(self._queues.get(call.params["QueueUrl"]), "redrive_allow_policy", None)
        if allowed and (_ALLOW in asked or "All" in asked):
            answer["Attributes"] = {**attributes, _ALLOW: allowed}
            attributes = answer["Attributes"]
        for name in ("CreatedTimestamp", "LastModifiedTimestamp"):
            if name in attributes:
                attributes[name] = str(int(float(attributes[name])))
        return answer

    def change(self, queue: Any, params: dict[str, Any]) -> dict[str, Any]:
        """Change the attributes that are given; moto would forget the queue's policy when it is not among them."""
        attributes = dict(params["Attributes"])
        self._attributes.check(attributes, queue.fifo_queue, queue.deduplication_scope)
        self._check_allowed(queue.queue_arn, attributes.get("RedrivePolicy"))
        if "Policy" not in attributes and queue.policy is not None:
            attributes["Policy"] = queue.policy
        self._queues.backend.set_queue_attributes(queue.name, attributes)
        _in_whole_seconds(queue)
        messages = self._queues.messages(queue)
        if "DelaySeconds" in attributes and isinstance(messages, FifoMessages):  # retroactive here, not in others
            messages.delay_anew(int(queue.delay_seconds) * 1_000_000, self._queues.now_us)
        return {}


def _in_whole_seconds(queue: Any) -> None:
    """A queue's moments as SQS gives them."""
    queue.created_timestamp = int(queue.created_timestamp)
    queue.last_modified_timestamp = int(queue.last_modified_timestamp)
