"""Changes of capacity: one at a time for each target, within its bounds and its cooldowns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from localcloud.ids import uuid4_text
from localcloud.services.application_auto_scaling.activities import Activities, Activity
from localcloud.services.application_auto_scaling.resources import Resources

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_POLL_US = 1_000_000


@dataclass(slots=True)
class Progress:
    """What is going on with a target. Cooldowns count from the end of an activity.

    `before_out` is the capacity before the latest scale-out: during its cooldown only a larger one is let through.
    """

    busy: bool = False
    out_us: int | None = None
    before_out: int = 0
    in_us: int | None = None


class Scaling:
    """Carries out changes and keeps their record. `changed(target)` is told of each one that is done."""

    def __init__(self, cloud: Cloud, resources: Resources) -> None:
        self._cloud = cloud
        self._resources = resources
        self._ids = cloud.kernel.streams["application-autoscaling/activities"]
        self._progress: dict[tuple[str, str], Progress] = {}
        self.activities = Activities()
        self.changed: Callable[[Any], None] = lambda target: None

    def progress(self, target: Any) -> Progress:
        """What is going on with moto's scalable target."""
        return self._progress.setdefault((target.resource_id, target.scalable_dimension), Progress())

    def enforce(self, target: Any, cause: str) -> None:
        """Bring the capacity between the target's bounds; in a task, after what is under way."""
        progress = self.progress(target)
        while progress.busy:
            self._cloud.kernel.sleep(_POLL_US)
        try:
            now = self._resources.find(target.resource_id, target.scalable_dimension).capacity()
        except (ClientError, StopIteration):
            return  # the resource is not there (any more)
        if now is None:
            return
        bounded = min(max(now, int(target.min_capacity)), int(target.max_capacity))
        if bounded != now:
            self.change(target, now, bounded, cause)

    def change(self, target: Any, now: int, wanted: int, cause: str) -> None:
        """Change the capacity from `now` to `wanted`, in the calling task."""
        progress = self.progress(target)
        progress.busy = True
        resource = self._resources.find(target.resource_id, target.scalable_dimension)
        activity = self.note(target, f"Setting {resource.noun} to {wanted}.", cause)
        try:
            failure = resource.change(wanted)
        except ClientError as exc:
            failure = f"{exc.response['Error']['Message']}"
        finally:
            progress.busy = False
        activity.end = self._cloud.now
        if failure:
            activity.status = "Failed"
            activity.message = f"Failed to set {resource.noun} to {wanted}. Reason: {failure}"
            return
        activity.status = "Successful"
        activity.message = (
            f"Successfully set {resource.noun} to {wanted}. Change successfully fulfilled by "
            f"{target.service_namespace}."
        )
        if wanted > now:
            progress.out_us, progress.before_out, progress.in_us = self._cloud.kernel.now_us, now, None
        else:
            progress.in_us = self._cloud.kernel.now_us
        self.changed(target)

    def note(self, target: Any, description: str, cause: str) -> Activity:
        """Record an activity that begins now."""
        return self.activities.add(
            Activity(
                uuid4_text(self._ids),
                target.service_namespace,
                target.resource_id,
                target.scalable_dimension,
                description,
                cause,
                self._cloud.now,
            )
        )
