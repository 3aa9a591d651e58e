"""SnapStart: a version is initialized once, when it is published; its environments start from that memory.

A snapshot is what its Init saw of the world (see `localcloud.runtime.tape`). A restored environment runs
module code over the same randomness, the same time and the same answers, so that it has the same memory,
and takes the time of a restore for it. Source: the Lambda developer guide on SnapStart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiError
from localcloud.runtime.tape import HOOKS, Recording, Tape
from localcloud.services.lambda_.errors import InjectedError
from localcloud.services.lambda_.functions import SNAP_START_KEY, Function, Functions, not_ready
from localcloud.services.lambda_.sandboxes import SNAP_START, Sandbox, new_sandbox

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_STATE_KEY = "_localcloud_state"
_LATEST = "$LATEST"
_PUBLISHED = "PublishedVersions"
_RUNTIME = re.compile(r"^(python3|java|dotnet)(?:\.(\d+)|(\d+))")
_OLDEST = {"python3": 12, "java": 11, "dotnet": 8}
_LARGEST_TMP_MB = 512
_LEAST_CACHED_US = 3 * 3_600_000_000


@dataclass(eq=False)
class _Snapshot:
    recording: Recording
    since_us: int
    gb: float
    name: str
    billed_us: int = 0


class SnapStart:
    """Takes snapshots when versions are published, and restores environments out of them.

    `init(sandbox, tape)` runs Init over a tape, with plenty of time.
    """

    def __init__(self, cloud: Cloud, functions: Functions, init: Callable[[Sandbox, Tape], None]) -> None:
        self._cloud = cloud
        self._functions = functions
        self._init = init
        self._snapshots: dict[tuple[str, str], _Snapshot] = {}
        self._restore_limit_us = round(float(cloud.facts.value("quota.lambda.snapstart.restore_limit")) * 1e6)
        self._publish_us = round(float(cloud.facts.value("model.lambda.snapstart_publish")) * 1e6)
        cloud.meter.before_reading.append(self.settle)

    # -- configuration -------------------------------------------------------------------------

    def check(self, params: Mapping[str, Any]) -> None:
        """What CreateFunction and UpdateFunctionConfiguration ask for. Raises ApiError."""
        if (params.get("SnapStart") or {}).get("ApplyOn") != _PUBLISHED:
            return
        known = params.get("Runtime")
        if known is None and params.get("PackageType") != "Image":
            known = self._functions.get(params["FunctionName"]).runtime
        found = _RUNTIME.match(known or "")
        if not found or int(found[2] or found[3]) < _OLDEST[found[1]]:
            raise _invalid(f"{known or 'A container image'} is not supported for SnapStart enabled functions.")
        if int((params.get("EphemeralStorage") or {}).get("Size", _LARGEST_TMP_MB)) > _LARGEST_TMP_MB:
            raise _invalid("SnapStart is not supported with ephemeral storage (/tmp) greater than 512 MB.")
        if params.get("FileSystemConfigs"):
            raise _invalid("SnapStart is not supported with EFS.")

    @staticmethod
    def configure(model: Any, settings: Mapping[str, Any]) -> None:
        """Keep on moto's function what it drops."""
        model.__dict__[SNAP_START_KEY] = settings.get("ApplyOn", "None")

    @staticmethod
    def described(model: Any, version: str) -> dict[str, Any]:
        """The members of its configuration that show it."""
        apply_on = model.__dict__.get(SNAP_START_KEY, "None")
        on = apply_on == _PUBLISHED and version != _LATEST
        members: dict[str, Any] = {"SnapStart": {"ApplyOn": apply_on, "OptimizationStatus": "On" if on else "Off"}}
        if on:
            members["State"] = model.__dict__.get(_STATE_KEY, "Active")
        return members

    # -- publishing ----------------------------------------------------------------------------

    def published(self, name: str, version: str) -> None:
        """Take the snapshot of a version that was just published; it is Pending until that is done."""
        config = self._functions.get(name, version)
        if not config.snap_start or (name, version) in self._snapshots:
            return
        self._state(config, "Pending")
        self._cloud.kernel.spawn(self._take, config, name=f"{name} snapshot", critical=True)

    def _take(self, config: Function) -> None:
        kernel = self._cloud.kernel
        kernel.sleep(self._publish_us)
        seed = kernel.streams[f"lambda/snapshot/{config.name}"].getrandbits(64)
        recording = Recording(seed, kernel.unix_us)
        sandbox = new_sandbox(self._cloud, config, SNAP_START)
        self._init(sandbox, Tape(recording, lambda: kernel.unix_us, playing=False))
        failed = sandbox.environment is None
        if sandbox.environment is not None:
            sandbox.environment.kill()
        self._snapshots[config.name, config.version] = _Snapshot(
            recording, kernel.now_us, config.memory_mb / 1_024, config.name
        )
        self._state(config, "Failed" if failed else "Active")

    def _state(self, config: Function, state: str) -> None:
        self._functions.model(config.name, config.version).__dict__[_STATE_KEY] = state

    def check_ready(self, config: Function) -> None:
        """Raise ApiError while the version cannot be invoked."""
        if not config.snap_start:
            return  # nothing has to be made of it first
        state = self._functions.model(config.name, config.version).__dict__.get(_STATE_KEY, "Active")
        if state != "Active":
            raise not_ready(state)

    # -- restoring -----------------------------------------------------------------------------

    def restore(self, sandbox: Sandbox) -> None:
        """Start an environment out of its version's snapshot, and run what is registered for after the restore."""
        kernel, config = self._cloud.kernel, sandbox.config
        snapshot = self._snapshots[config.name, config.version]
        sandbox.kind = SNAP_START
        began_us = kernel.now_us
        self._init(sandbox, Tape(snapshot.recording, lambda: kernel.unix_us, playing=True))
        kernel.sleep(self._cloud.latency.fact_us("model.lambda.snapstart_restore"))
        loaded_us = self._cloud.latency.fact_us("model.lambda.snapstart_billed_restore")
        hooks_us = self._after_restore(sandbox)
        sandbox.init_us = 0
        sandbox.restore_us = kernel.now_us - began_us
        sandbox.billed_restore_us = loaded_us + hooks_us
        self._cloud.meter.add("lambda.snapstart_restored_gb", snapshot.gb, config.name)

    def _after_restore(self, sandbox: Sandbox) -> int:
        """How long the hooks took, in µs. One that fails or takes too long ends the environment."""
        environment = sandbox.environment
        hooks = environment.modules.modules.get(HOOKS) if environment is not None else None
        if environment is None or hooks is None or not hooks.get_after_restore():
            return 0
        kernel = self._cloud.kernel
        began_us = kernel.now_us

        def run() -> None:
            for call, args, kwargs in hooks.get_after_restore():
                call(*args, **kwargs)

        task = kernel.spawn(run, group=environment, name=f"{sandbox.config.name} restore")
        in_time = task.join(self._restore_limit_us)
        if not in_time or task.exception is not None:
            environment.kill()
            sandbox.environment = None
            late = InjectedError("SnapStartTimeoutException", "The restore took longer than the limit of 10 s.")
            sandbox.restore_error = task.exception if in_time else late
        return kernel.now_us - began_us

    # -- metering ------------------------------------------------------------------------------

    def settle(self) -> None:
        """Meter the time that snapshots have been kept: at least three hours each."""
        now_us = self._cloud.kernel.now_us
        for snapshot in self._snapshots.values():
            due_us = max(_LEAST_CACHED_US, now_us - snapshot.since_us)
            if due_us > snapshot.billed_us:
                seconds = (due_us - snapshot.billed_us) / 1e6
                self._cloud.meter.add("lambda.snapstart_cache_gb_s", seconds * snapshot.gb, snapshot.name)
                snapshot.billed_us = due_us

    def deleted(self, name: str, qualifier: str | None) -> None:
        """A version is gone, or (None) a function with all of its versions."""
        self.settle()
        for key in [key for key in self._snapshots if key[0] == name and qualifier in (None, key[1])]:
            del self._snapshots[key]


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidParameterValueException", message, 400, Type="User")
