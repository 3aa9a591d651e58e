"""Dead-letter queue redrive: StartMessageMoveTask and its siblings."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.sqs import exceptions

from localcloud.services.sqs.queues import Queues
from localcloud.stores.sqs import Message

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_BATCH = 10


@dataclass(eq=False, slots=True)
class _MoveTask:
    handle: str
    source_arn: str
    destination_arn: str | None
    rate_per_s: int
    to_move: int
    started_ms: int
    fixed_rate: bool
    moved: int = 0
    status: str = "RUNNING"
    failure: str = ""


class MoveTasks:
    """At most one task runs per queue."""

    def __init__(self, cloud: Cloud, queues: Queues) -> None:
        self._cloud = cloud
        self._queues = queues
        self._tasks: list[_MoveTask] = []
        self._highest_rate = int(cloud.facts.value("quota.sqs.redrive_rate"))

    def operations(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        """The API operations by name."""
        return {
            "StartMessageMoveTask": self._start,
            "CancelMessageMoveTask": self._cancel,
            "ListMessageMoveTasks": self._list,
        }

    def _start(self, params: dict[str, Any]) -> dict[str, Any]:
        source = self._existing(params["SourceArn"])
        destination = params.get("DestinationArn")
        if destination is not None:
            self._existing(destination)
        if not self._queues.backend.list_dead_letter_source_queues(source.name):
            raise exceptions.InvalidParameterValue("Source queue must be configured as a Dead Letter Queue.")
        rate = params.get("MaxNumberOfMessagesPerSecond")
        if rate is not None and not 1 <= rate <= self._highest_rate:
            raise exceptions.InvalidParameterValue(
                f"Value {rate} for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: You must enter a value "
                f"between 1 and {self._highest_rate}."
            )
        if any(task.source_arn == source.queue_arn and task.status == "RUNNING" for task in self._tasks):
            raise exceptions.SQSException(
                "AWS.SimpleQueueService.UnsupportedOperation",
                "There is already a task running. Only one active task is allowed for a source queue arn at a given "
                "time.",
            )
        counts = self._queues.messages(source).counts(self._queues.now_us)
        task = _MoveTask(
            handle=f"{self._cloud.kernel.streams['sqs/moves'].getrandbits(128):032x}",
            source_arn=source.queue_arn,
            destination_arn=destination,
            rate_per_s=rate or self._highest_rate,
            to_move=counts.visible,
            started_ms=self._queues.now_us // 1_000,
            fixed_rate=rate is not None,
        )
        self._tasks.append(task)
        self._cloud.kernel.spawn(self._run, task, source, name=f"{source.name} redrive", critical=True)
        return {"TaskHandle": task.handle}

    def _existing(self, arn: str) -> Any:
        try:
            return self._queues.get(arn)
        except exceptions.QueueDoesNotExist:
            raise exceptions.SQSException(
                "ResourceNotFoundException", f"The resource that you specified for {arn} doesn't exist."
            ) from None

    def _run(self, task: _MoveTask, source: Any) -> None:
        messages = self._queues.messages(source)
        while task.status == "RUNNING" and task.moved < task.to_move:
            batch = min(_BATCH, task.rate_per_s, task.to_move - task.moved)
            received = messages.receive(batch, max(1, source.visibility_timeout) * 1_000_000, self._queues.now_us)
            if not received:
                break
            for message in received:
                target = task.destination_arn or message.source_arn
                if target is None:
                    task.status, task.failure = "FAILED", "CouldNotDetermineMessageSource"
                    return
                messages.delete(message.receipt_handle, self._queues.now_us)
                self._put(target, message)
                task.moved += 1
            self._cloud.kernel.sleep(len(received) * 1_000_000 // task.rate_per_s)
        if task.status == "RUNNING":
            task.status = "COMPLETED"
        elif task.status == "CANCELLING":
            task.status = "CANCELLED"

    def _put(self, target_arn: str, message: Message) -> None:
        """A redriven message is a new one: new id, new enqueue time, no receives."""
        target = self._queues.get(target_arn)
        identity = self._cloud.kernel.streams["sqs/moves"].getrandbits(128)
        fresh = message.moved(
            id=str(uuid.UUID(int=identity, version=4)),
            sent_us=self._queues.now_us,
            source_arn=None,
            receive_count=0,
            first_received_us=0,
        )
        self._queues.messages(target).add(fresh, self._queues.now_us)

    def _cancel(self, params: dict[str, Any]) -> dict[str, Any]:
        for task in self._tasks:
            if task.handle == params["TaskHandle"] and task.status == "RUNNING":
                task.status = "CANCELLING"
                return {"ApproximateNumberOfMessagesMoved": task.moved}
        raise exceptions.SQSException("ResourceNotFoundException", "Task does not exist or is not running.")

    def _list(self, params: dict[str, Any]) -> dict[str, Any]:
        source = self._existing(params["SourceArn"])
        tasks = [task for task in self._tasks if task.source_arn == source.queue_arn]
        newest = tasks[::-1][: params.get("MaxResults", 1)]
        return {"Results": [_described(task) for task in newest]} if newest else {}


def _described(task: _MoveTask) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "Status": task.status,
        "SourceArn": task.source_arn,
        "ApproximateNumberOfMessagesMoved": task.moved,
        "ApproximateNumberOfMessagesToMove": task.to_move,
        "StartedTimestamp": task.started_ms,
    }
    if task.status == "RUNNING":
        answer["TaskHandle"] = task.handle
    if task.destination_arn:
        answer["DestinationArn"] = task.destination_arn
    if task.fixed_rate:
        answer["MaxNumberOfMessagesPerSecond"] = task.rate_per_s
    if task.failure:
        answer["FailureReason"] = task.failure
    return answer
