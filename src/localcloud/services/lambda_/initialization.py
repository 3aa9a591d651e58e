"""Init: an environment imports the function's code, before its first request or within one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from localcloud.kernel import HandlerSpun, Killed
from localcloud.runtime import ExecutionEnvironment
from localcloud.runtime.process import ProcessEnded
from localcloud.runtime.tape import HOOKS, Tape
from localcloud.services.lambda_ import errors
from localcloud.services.lambda_.functions import Function, Functions
from localcloud.services.lambda_.import_weight import ImportWeight
from localcloud.services.lambda_.init_lines import PHASE_INIT, PHASE_INVOKE, InitLines, early_init, failed_init
from localcloud.services.lambda_.sandboxes import PROVISIONED, EnvironmentFactory, Sandbox
from localcloud.services.lambda_.snapstart import SnapStart

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


class Initializer:
    """Runs Init on sandboxes. `environments` makes what they run in."""

    def __init__(self, cloud: Cloud, functions: Functions) -> None:
        self._cloud = cloud
        self._functions = functions
        self.environments = EnvironmentFactory(cloud, functions)
        self.snap_start = SnapStart(cloud, functions, self.at_leisure)
        self._weight = ImportWeight(cloud.facts)
        self._lines = InitLines(cloud)
        leisure = cloud.facts.value("quota.lambda.init.limit_pc_snapstart_lmi")
        self._leisure_s = int(leisure["least_s"]), int(leisure["most_s"])
        self._limit_us = round(cloud.facts.value("quota.lambda.init.limit_on_demand") * 1e6)

    def init(self, sandbox: Sandbox) -> None:
        """On-demand Init: at most 10 s; what takes longer is run again by the first invocation."""
        if sandbox.config.snap_start:
            self.snap_start.restore(sandbox)
        else:
            self._init(sandbox, self._limit_us)

    def at_leisure(self, sandbox: Sandbox, tape: Tape | None = None) -> None:
        """Init before any request: it may take as long as the function, and at least 130 s."""
        least_s, most_s = self._leisure_s
        self._init(sandbox, min(max(least_s, sandbox.config.timeout_s), most_s) * 1_000_000, tape)

    def _init(self, sandbox: Sandbox, limit_us: int, tape: Tape | None = None) -> None:
        kernel = self._cloud.kernel
        started_us = kernel.now_us
        environment = sandbox.environment = self.environments.make(sandbox)
        environment.tape = tape
        share, environment.cpu_share = environment.cpu_share, 1.0  # Init runs at full CPU, whatever the memory
        restored = tape is not None and tape.playing
        self._log_early(sandbox, self._lines.start(sandbox.config, sandbox.kind, kernel.unix_us, restored))
        task = kernel.spawn(self._load, sandbox, group=environment, name=f"{sandbox.config.name} init")
        finished = task.join(limit_us)
        environment.cpu_share = share
        environment.tape = None
        sandbox.init_us = kernel.now_us - started_us
        if not finished:
            environment.kill()
            task.join()
            sandbox.environment = None
            self._log_early(sandbox, self._failed(sandbox, sandbox.init_us, PHASE_INIT, None))
        elif task.exception is not None:
            sandbox.discard()
            self._log_early(sandbox, self._failed(sandbox, sandbox.init_us, PHASE_INIT, task.exception))
        elif sandbox.kind == PROVISIONED:
            self._log_early(sandbox, early_init(sandbox.config, sandbox.kind, kernel.unix_us, sandbox.init_us))

    def _load(self, sandbox: Sandbox) -> None:
        """Import the handler's module and take the time a Python start takes."""
        environment = sandbox.environment
        assert environment is not None
        config = sandbox.config
        try:
            failed = self._import_handler(sandbox, environment)
        except HandlerSpun as exc:
            go_on_for_ever(self._cloud, sandbox, exc)
        if environment.tape is not None:
            _before_snapshot(environment)
            if environment.tape.playing:
                environment.tape = None
                self._charge_later_imports(environment)
                return
        uses_sdk = bool(environment.modules.requested & {"boto3", "botocore"})
        init_us = self._cloud.latency.init_us(config.runtime, config.architecture, imports_sdk=uses_sdk)
        self._cloud.kernel.sleep(init_us + self._weight.executed_in(environment.modules))
        self._charge_later_imports(environment)
        if failed is not None:
            raise failed

    def run_again(self, sandbox: Sandbox) -> None:
        """Init inside an invocation, which reports it when it fails."""
        kernel = self._cloud.kernel
        started_us = kernel.now_us
        failed: BaseException | None = None
        try:
            self._load(sandbox)
        except Killed:  # the invocation has timed out
            raise
        except BaseException as exc:
            failed = exc
            raise
        finally:
            if failed is not None or sandbox.handler is None:
                self._log(sandbox, self._failed(sandbox, kernel.now_us - started_us, PHASE_INVOKE, failed))

    def _failed(self, sandbox: Sandbox, taken_us: int, phase: str, exc: BaseException | None) -> str | None:
        return failed_init(sandbox.config, sandbox.kind, self._cloud.kernel.unix_us, taken_us, phase, exc)

    def _charge_later_imports(self, environment: ExecutionEnvironment) -> None:
        """What a handler imports while it runs takes time then, and more with less memory: only Init has full CPU."""
        modules, kernel = environment.modules, self._cloud.kernel
        paid_us = self._weight.executed_in(modules)

        def charge() -> None:
            nonlocal paid_us
            weight_us = self._weight.executed_in(modules)
            due_us, paid_us = weight_us - paid_us, weight_us
            if due_us > 0 and kernel.current() is not None:
                kernel.sleep(round(due_us / environment.cpu_share))

        modules.on_executed = charge

    def download_us(self, config: Function) -> int:
        """How much longer an environment takes to start because of the size of its package."""
        return self._weight.download_us(self._functions.package_bytes(config))

    @staticmethod
    def _import_handler(sandbox: Sandbox, environment: ExecutionEnvironment) -> BaseException | None:
        """Find the sandbox's handler; what is wrong with it, when it cannot be had."""
        module = ""
        try:
            module, function = errors.split_handler(sandbox.config.handler)
            sandbox.handler = getattr(environment.modules.load(module.replace("/", ".")), function, None)
            missing = sandbox.handler is None
            failed: BaseException | None = errors.handler_missing(module, function) if missing else None
        except (Exception, SystemExit, ProcessEnded) as exc:  # noqa: BLE001 - its function raised it
            failed = errors.import_failed(module, exc)
        if failed is not None:
            errors.mark_init(failed)
        return failed

    def _log(self, sandbox: Sandbox, line: str | None) -> None:
        sandbox.log(line, self._cloud.kernel.unix_us)

    def _log_early(self, sandbox: Sandbox, line: str | None) -> None:
        if sandbox.config.managed is None:  # those on managed instances log JSON only
            self._log(sandbox, line)


def go_on_for_ever(cloud: Cloud, sandbox: Sandbox, stopped: HandlerSpun) -> NoReturn:
    """What was stopped in real time would have gone on in virtual time, until its time was over."""
    sandbox.log(f"{log_time(cloud)} {stopped}", cloud.kernel.unix_us)
    cloud.kernel.event().wait()
    raise stopped


def log_time(cloud: Cloud) -> str:
    """Now, as lines of text begin with it."""
    return cloud.now.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _before_snapshot(environment: ExecutionEnvironment) -> None:
    """What the function has registered for this moment, the last one first."""
    hooks = environment.modules.modules.get(HOOKS)
    for call, args, kwargs in reversed(hooks.get_before_snapshot() if hooks is not None else []):
        call(*args, **kwargs)
