"""An execution environment on an instance: several processes of one version, each with one request at a time.

Python's runtime starts as many processes as requests may run at once. They share the environment's processor,
/tmp and log stream, not their memory. Source: the developer guide on managed instances' execution environment and
on their Python runtime.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from localcloud.runtime import ExecutionEnvironment
from localcloud.runtime.files import TmpDirectory
from localcloud.services.lambda_.functions import Function
from localcloud.services.lambda_.json_lines import platform_line
from localcloud.services.lambda_.log_delivery import deliver_logs
from localcloud.services.lambda_.managed.instances import Instance
from localcloud.services.lambda_.managed.processor import Processor
from localcloud.services.lambda_.sandboxes import MANAGED, Sandbox, new_sandbox

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


class Worker:
    """One process."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.busy = False

    def log(self, unix_us: int, line: str) -> None:
        self.sandbox.lines.append((unix_us // 1_000, line))


class ManagedEnvironment:
    """`running` counts its requests, also those whose caller has given up. `peak` is the most since it was taken."""

    def __init__(self, cloud: Cloud, config: Function, vcpus: float, cpu_window_us: int) -> None:
        self._cloud = cloud
        self.config = config
        self.processor = Processor(cloud.kernel, vcpus, cpu_window_us)
        self.instance: Instance | None = None
        self._tmp = TmpDirectory()
        self.workers: list[Worker] = []
        self.running = 0
        self.peak = 0
        self.ended = False
        self.on_lost: Callable[[ManagedEnvironment], None] = lambda _: None  # its last process died

    @property
    def limit(self) -> int:
        """How many requests it takes at once."""
        return len(self.workers)

    def start(self, init: Callable[[Sandbox], None]) -> bool:
        """Start the processes, all at once; False when none of them got ready."""
        assert self.config.managed is not None
        kernel = self._cloud.kernel
        started_us, log_stream = kernel.now_us, ""
        tasks = []
        for number in range(self.config.managed.max_concurrency):
            sandbox = new_sandbox(self._cloud, self.config, MANAGED)
            sandbox.log_stream = log_stream = log_stream or sandbox.log_stream
            worker = Worker(sandbox)
            sandbox.prepare = self._preparation(worker)
            self.workers.append(worker)
            if number == 0:
                details = {"initializationType": MANAGED, "phase": "init", "functionName": self.config.name}
                version = {"functionVersion": self.config.version}
                worker.log(kernel.unix_us, platform_line(kernel.unix_us, "initStart", details | version))
            tasks.append(kernel.spawn(init, sandbox, name=f"{self.config.name} process", critical=True))
        for task in tasks:
            task.join()
        first = self.workers[0]
        self.workers = [worker for worker in self.workers if worker.sandbox.environment is not None]
        status = "success" if self.workers else "error"
        report = {"initializationType": MANAGED, "phase": "init", "status": status}
        metrics = {"metrics": {"durationMs": (kernel.now_us - started_us) / 1_000}}
        first.log(kernel.unix_us, platform_line(kernel.unix_us, "initReport", report | metrics))
        self.flush(first)
        for worker in self.workers:
            self.flush(worker)
        return bool(self.workers)

    def _preparation(self, worker: Worker) -> Callable[[ExecutionEnvironment], None]:
        def prepare(process: ExecutionEnvironment) -> None:
            assert self.config.managed is not None
            process.environ["AWS_LAMBDA_MAX_CONCURRENCY"] = str(self.config.managed.max_concurrency)
            process.tmp = self._tmp
            process.use_shared_cpu = self.processor.use

        return prepare

    # -- requests ------------------------------------------------------------------------------

    def free(self) -> Worker | None:
        """A process without a request."""
        return next((worker for worker in self.workers if not worker.busy), None)

    def take(self, worker: Worker) -> None:
        worker.busy = True
        self.running += 1
        self.peak = max(self.peak, self.running)

    def release(self, worker: Worker) -> None:
        """Its request is done. An environment that has ended goes with its last request."""
        worker.busy, worker.sandbox.request_id = False, ""
        self.running -= 1
        if self.ended and not self.running:
            self._kill()

    def lose(self, worker: Worker) -> None:
        """A process died; the others go on."""
        self.workers.remove(worker)
        if not self.workers:
            self.on_lost(self)

    def take_peak(self) -> int:
        """The most requests at once since the last time."""
        peak, self.peak = self.peak, self.running
        return peak

    def end(self) -> None:
        """Take no more requests."""
        self.ended = True
        if not self.running:
            self._kill()

    def _kill(self) -> None:
        for worker in self.workers:
            if worker.sandbox.environment is not None:
                worker.sandbox.environment.kill()

    def flush(self, worker: Worker) -> None:
        """Send what a process has written to CloudWatch Logs."""
        deliver_logs(self._cloud, worker.sandbox)
