"""Execution environments: their start, reuse and end."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from localcloud.kernel import Event
from localcloud.kernel.streams import whole_number
from localcloud.principals import Principal
from localcloud.runtime import ExecutionEnvironment
from localcloud.runtime.modules import CodeCache
from localcloud.services.lambda_.cpu import cpu_share
from localcloud.services.lambda_.errors import as_on_lambda
from localcloud.services.lambda_.functions import Function, Functions
from localcloud.services.lambda_.runtime_logs import RuntimeHandler, install, lets_through
from localcloud.trace_header import DAEMON_HOST, DAEMON_PORT

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


ON_DEMAND = "on-demand"
PROVISIONED = "provisioned-concurrency"
SNAP_START = "snap-start"
MANAGED = "lambda-managed-instances"


@dataclass(eq=False)
class Sandbox:
    """One micro-VM. `environment` is None until Init has run (again). `kind` is how it was initialized."""

    config: Function
    number: int
    log_stream: str
    created_us: int
    environment: ExecutionEnvironment | None = None
    handler: Callable[..., Any] | None = None
    init_us: int = 0  # reported with the first invocation, then 0
    init_error: BaseException | None = None
    invocations: int = 0
    idle_until_us: int = 0
    lines: list[tuple[int, str]] = field(default_factory=list)
    request_id: str = ""  # of the request it has
    kind: str = ON_DEMAND
    restore_us: int = 0  # reported with the first invocation, then 0
    billed_restore_us: int = 0
    restore_error: BaseException | None = None
    prepare: Callable[[ExecutionEnvironment], None] | None = None  # called before anything runs in it

    def log(self, line: str | None, unix_us: int) -> None:
        """Keep a line for the log until the invocation has ended; None is no line."""
        if line is not None:
            self.lines.append((unix_us // 1_000, line))

    def discard(self) -> None:
        """End the environment; the next request runs Init again."""
        if self.environment is not None:
            self.environment.kill()
        self.environment, self.handler = None, None


def new_sandbox(cloud: Cloud, config: Function, kind: str = ON_DEMAND) -> Sandbox:
    """One that has not been started, with a log stream of its own."""
    stream = cloud.kernel.streams[f"lambda/stream/{config.name}"]
    number = cloud.lambda_.next_sandbox(config.name, config.version)
    owner = config.name if config.logs.custom else ""  # a group of one's own may be that of many functions
    name = f"{cloud.now:%Y/%m/%d}/{owner}[{config.version}]{stream.getrandbits(128):032x}"
    return Sandbox(config, number, name, cloud.kernel.now_us, kind=kind)


class Pool:
    """The environments of one function version.

    A request without a free environment starts a new one, but takes whichever is free first:
    the new one, or one that another request releases meanwhile.
    """

    def __init__(self, cloud: Cloud, init: Callable[[Sandbox], None], download_us: Callable[[Function], int]) -> None:
        self._cloud = cloud
        self._init = init
        self._download_us = download_us
        self._idle: list[Sandbox] = []
        self._waiting: deque[Event] = deque()
        lifetime = cloud.facts.value("model.lambda.idle_lifetime")
        low, high = lifetime["idle_recycle_min"]
        self._idle_us = (round(low * 60e6), round(high * 60e6))
        self._life_us = round(lifetime["max_lifetime_h"] * 3600e6)

    def idle(self, config: Function) -> Sandbox | None:
        """A warm environment of this configuration, the most recently used one first."""
        now_us = self._cloud.kernel.now_us
        while self._idle:
            sandbox = self._idle.pop()
            stale = sandbox.config is not config and sandbox.config != config
            if not (stale or sandbox.idle_until_us <= now_us or now_us - sandbox.created_us > self._life_us):
                return sandbox
            self._end(sandbox)
        return None

    def start(self, config: Function) -> Sandbox:
        """Start a new environment and wait for it, or for one that is released first."""
        kernel = self._cloud.kernel
        sandbox = new_sandbox(self._cloud, config)
        turn = kernel.event()
        self._waiting.append(turn)
        kernel.spawn(self._prepare, sandbox, name=f"{config.name} init", critical=True)
        turn.wait()
        found: Sandbox = turn.value
        return found

    def _prepare(self, sandbox: Sandbox) -> None:
        setup_us = self._cloud.latency.fact_us("model.api.lambda.cold_env_setup")
        self._cloud.kernel.sleep(setup_us + self._download_us(sandbox.config))
        self._init(sandbox)
        self.release(sandbox)

    def release(self, sandbox: Sandbox) -> None:
        """Hand the environment to a waiting request, or keep it warm."""
        if self._waiting:
            self._waiting.popleft().set(sandbox)
            return
        low, high = self._idle_us
        idle_us = whole_number(self._cloud.kernel.streams[f"lambda/idle/{sandbox.config.name}"], low, high)
        sandbox.idle_until_us = self._cloud.kernel.now_us + idle_us
        self._idle.append(sandbox)

    def _end(self, sandbox: Sandbox) -> None:
        if sandbox.environment is not None:
            sandbox.environment.kill()


class EnvironmentFactory:
    """Makes the Python side of a sandbox: code, variables, output."""

    def __init__(self, cloud: Cloud, functions: Functions) -> None:
        self._cloud = cloud
        self._functions = functions
        self._cache = CodeCache()

    def make(self, sandbox: Sandbox) -> ExecutionEnvironment:
        config, cloud = sandbox.config, self._cloud
        code_dirs = self._functions.code_dirs(config)
        environ = {
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_DEFAULT_REGION": cloud.region,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{config.runtime}",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config.memory_mb),
            "AWS_LAMBDA_FUNCTION_NAME": config.name,
            "AWS_LAMBDA_FUNCTION_VERSION": config.version,
            "AWS_LAMBDA_INITIALIZATION_TYPE": sandbox.kind,
            "AWS_LAMBDA_LOG_GROUP_NAME": config.logs.group,
            "AWS_LAMBDA_LOG_STREAM_NAME": sandbox.log_stream,
            "AWS_REGION": cloud.region,
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_SESSION_TOKEN": "testing",
            "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
            "AWS_XRAY_DAEMON_ADDRESS": f"{DAEMON_HOST}:{DAEMON_PORT}",
            "LAMBDA_RUNTIME_DIR": "/var/runtime",
            "LAMBDA_TASK_ROOT": "/var/task",
            "LANG": "en_US.UTF-8",
            "LD_LIBRARY_PATH": "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/task:/var/task/lib:/opt/lib",
            "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
            "PYTHONPATH": "/var/runtime",
            "TZ": ":UTC",
            "_AWS_XRAY_DAEMON_ADDRESS": DAEMON_HOST,
            "_AWS_XRAY_DAEMON_PORT": str(DAEMON_PORT),
            "_HANDLER": config.handler,
            **dict(config.variables),
        }
        if config.logs.json:
            environ["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
        if config.logs.application_level is not None:
            environ["AWS_LAMBDA_LOG_LEVEL"] = config.logs.application_level
        environment = ExecutionEnvironment(
            cloud.kernel,
            f"{config.name}/{config.version}/{sandbox.number}/{sandbox.invocations}",
            code_dirs,
            environ,
            lambda line: _write(cloud, sandbox, line),
            cpu_share=cpu_share(cloud.facts, config.memory_mb),
            code_cache=self._cache,
        )
        environment.layers_root = self._functions.layers_root(config)
        environment.principal = Principal(config.role, config.name)
        environment.memory_bytes = config.memory_mb * 1024 * 1024
        self._log_as_the_runtime_does(sandbox, environment)
        if sandbox.prepare is not None:
            sandbox.prepare(environment)
        return environment

    def _log_as_the_runtime_does(self, sandbox: Sandbox, environment: ExecutionEnvironment) -> None:
        kernel, settings = self._cloud.kernel, sandbox.config.logs

        def write(event: str) -> None:
            environment.flush()  # what was printed before, without an end of its line
            sandbox.lines.append((kernel.unix_us // 1_000, as_on_lambda(event)))

        handler = RuntimeHandler(settings, write, lambda: kernel.unix_us, lambda: sandbox.request_id)
        install(environment.loggers.root, settings, handler)


def _write(cloud: Cloud, sandbox: Sandbox, line: str) -> None:
    """Take a line that the function has printed."""
    if lets_through(sandbox.config.logs, line):
        sandbox.lines.append((cloud.kernel.unix_us // 1_000, as_on_lambda(line)))
