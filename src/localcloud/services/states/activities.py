"""Activities: work that a state machine offers, and workers anywhere come and fetch."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.stepfunctions.models import stepfunctions_backends

from localcloud.api import ApiCall, ApiError
from localcloud.kernel.sync import Event

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


@dataclass(slots=True)
class Job:
    """One task that was scheduled. `taken` is set when a worker has it; `worker` may have no name."""

    token: str
    input_text: str
    taken: Event
    worker: str | None = None


class Activities:
    """Jobs by activity, in the order in which they were scheduled, and the workers that wait for them."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._jobs: dict[str, deque[Job]] = {}
        self._polls: dict[str, deque[Event]] = {}
        quota = cloud.facts.value("quota.sfn.activity")
        self._poll_us = int(quota["poll_s"]) * 1_000_000
        self._most_pollers = int(quota["pollers"])

    def install(self) -> None:
        """Answer GetActivityTask; moto keeps the activities."""
        self._cloud.api.register("stepfunctions", "GetActivityTask", self._get_task)

    def exists(self, arn: str) -> bool:
        backend = stepfunctions_backends[self._cloud.account_id][self._cloud.region]
        return arn in backend.activities

    def schedule(self, arn: str, token: str, input_text: str) -> Job:
        """Offer a task to the workers of an activity."""
        job = Job(token, input_text, self._cloud.kernel.event())
        self._jobs.setdefault(arn, deque()).append(job)
        polls = self._polls.get(arn)
        if polls:
            polls.popleft().set()
        return job

    def withdraw(self, arn: str, job: Job) -> None:
        """The execution does not wait for it any more; no worker gets it."""
        jobs = self._jobs.get(arn)
        if jobs is not None and job in jobs:
            jobs.remove(job)

    def _get_task(self, call: ApiCall) -> dict[str, Any]:
        """The oldest task, or nothing after a minute. Raises ApiError."""
        arn = call.params["activityArn"]
        if not self.exists(arn):
            raise ApiError("ActivityDoesNotExist", f"Activity Does Not Exist: '{arn}'")
        jobs, polls = self._jobs.setdefault(arn, deque()), self._polls.setdefault(arn, deque())
        kernel = self._cloud.kernel
        if len(polls) >= self._most_pollers:
            raise ApiError(
                "ActivityWorkerLimitExceeded",
                f"The maximum number of workers concurrently polling for activity tasks has been reached for '{arn}'",
            )
        until_us = kernel.now_us + self._poll_us
        while not jobs:
            poll = kernel.event()
            polls.append(poll)
            try:
                if not poll.wait(until_us - kernel.now_us):
                    return {}
            finally:
                if poll in polls:
                    polls.remove(poll)
        job = jobs.popleft()
        job.worker = call.params.get("workerName")
        job.taken.set()
        return {"taskToken": job.token, "input": job.input_text}
