"""A runtime session: one micro-VM that belongs to one conversation, until it idles too long or grows too old.

Memory is billed for the whole life of a session, CPU only while it is used: waiting for a model costs none. What a
Python process takes of both is an estimate; time that code spends on a CPU clock counts as it is.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localcloud.principals import Principal
from localcloud.runtime import ExecutionEnvironment
from localcloud.runtime.modules import CodeCache
from localcloud.services.agentcore.agents import Agent

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_HOUR_S = 3_600
_GIB_MB = 1_024


class NoHandler(Exception):
    """The entry point's module has nothing to call."""


@dataclass(frozen=True, slots=True)
class RuntimeContext:
    """What an agent's handler gets as its second argument. Header names are as AWS spells them."""

    session_id: str
    request_headers: Mapping[str, str]


class Session:
    """One micro-VM. `ended` is told when it goes."""

    def __init__(
        self, cloud: Cloud, agent: Agent, session_id: str, endpoint: str, cache: CodeCache, ended: Callable[[], None]
    ) -> None:
        self.agent = agent
        self.id = session_id
        self.handler: Callable[..., Any] | None = None
        self.active = 0
        self.started = cloud.kernel.event()  # set when the start is over, well or badly
        self._cloud = cloud
        self._ended = ended
        self._started_us = self._idle_since_us = cloud.kernel.now_us
        self._log_group = f"/aws/bedrock-agentcore/runtimes/{agent.id}-{endpoint}"
        stream = cloud.kernel.streams[f"agentcore/sessions/{agent.id}"]
        number = stream.getrandbits(128)
        self._log_stream = f"{cloud.now:%Y/%m/%d}/[runtime-logs-{session_id}]{number:032x}"
        self._cpu_us = 0
        self._billed_s = 0
        self._billed_cpu_us = 0
        environ = {
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_DEFAULT_REGION": cloud.region,
            "AWS_REGION": cloud.region,
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_SESSION_TOKEN": "testing",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            **agent.environ,
        }
        self.environment = ExecutionEnvironment(
            cloud.kernel,
            f"agentcore/{agent.id}/{agent.version}/{session_id}/{number:032x}",
            (agent.code,),
            environ,
            self._write,
            code_cache=cache,
        )
        self.environment.principal = Principal(agent.role, f"BedrockAgentCore-{session_id}")
        cloud.kernel.call_in_background(self._started_us + agent.life_s * 1_000_000, self.end)

    @property
    def over(self) -> bool:
        return self.environment.dead

    def _write(self, line: str) -> None:
        self._cloud.logs.put(self._log_group, self._log_stream, ((self._cloud.kernel.unix_us // 1_000, line),))

    def log(self, text: str) -> None:
        """Add to the session's log what the runtime says about its agent."""
        self._write(text)

    # -- what runs in it -----------------------------------------------------------------------

    def load(self) -> None:
        """Import the agent; runs in a task of the environment. Raises what the import raises, or NoHandler."""
        self.use_cpu()
        found = self.environment.modules.load(self.agent.module)
        handlers = getattr(getattr(found, "app", None), "handlers", None)
        entry = handlers.get("main") if isinstance(handlers, Mapping) else getattr(found, "handler", None)
        if entry is None:
            raise NoHandler(
                f"{self.agent.module} has neither an `app` with an entry point nor a function "
                "`handler(payload, context)`."
            )
        self.handler = entry

    def use_cpu(self) -> None:
        """The CPU that the runtime itself takes for an invocation or a start."""
        cpu_us = self._cloud.latency.fact_us("model.lambda.handler_cpu", self.agent.id)
        self._cpu_us += cpu_us
        self._cloud.kernel.sleep(cpu_us)

    def call(self, payload: Any, context: RuntimeContext) -> Any:
        """What the agent answers: a value, a coroutine or a generator of either kind."""
        assert self.handler is not None
        self.use_cpu()
        names = list(inspect.signature(self.handler).parameters)
        return self.handler(payload, context) if names[1:2] == ["context"] else self.handler(payload)

    # -- its life ------------------------------------------------------------------------------

    def enter(self) -> None:
        """A request came in."""
        self.active += 1

    def leave(self) -> None:
        """A request was answered; from the last one on the session idles."""
        self.active -= 1
        self.environment.flush()
        if self.active == 0 and not self.over:
            kernel = self._cloud.kernel
            self._idle_since_us = kernel.now_us
            kernel.call_in_background(kernel.now_us + self.agent.idle_s * 1_000_000, self._expire)

    def _expire(self) -> None:
        idle_us = self._cloud.kernel.now_us - self._idle_since_us
        if self.active == 0 and idle_us >= self.agent.idle_s * 1_000_000:
            self.end()

    def end(self) -> None:
        """Stop the micro-VM and all that runs in it, and bill the rest. A second time it does nothing."""
        if self.over:
            return
        self.settle()
        self.environment.kill()
        self._ended()

    def settle(self) -> None:
        """Meter what was used up to now, in whole seconds of memory."""
        facts, meter = self._cloud.facts, self._cloud.meter
        lived_s = max(1, math.ceil((self._cloud.kernel.now_us - self._started_us) / 1_000_000))
        used_mb = max(
            facts.value("model.lambda.python_memory"), facts.value("price.agentcore.runtime")["min_memory_mb"]
        )
        meter.add("agentcore.runtime_gb_hours", (lived_s - self._billed_s) * used_mb / _GIB_MB / _HOUR_S, self.agent.id)
        cpu_us = self._cpu_us + self.environment.cpu_us
        hours = (cpu_us - self._billed_cpu_us) / 1e6 / _HOUR_S
        meter.add("agentcore.runtime_vcpu_hours", hours, self.agent.id)
        self._billed_s, self._billed_cpu_us = lived_s, cpu_us
