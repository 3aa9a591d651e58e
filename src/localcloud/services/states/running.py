"""Executions: begun, run to their end, stopped, redriven, and found again."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from localcloud.api import ApiError
from localcloud.ids import uuid4_text
from localcloud.services.states.definition import Machine, compile_definition
from localcloud.services.states.errors import TIMEOUT, StateFailed
from localcloud.services.states.execution_logs import log_events
from localcloud.services.states.executions import ABORTED, FAILED, RUNNING, SUCCEEDED, TIMED_OUT, Execution
from localcloud.services.states.history import History
from localcloud.services.states.interpreter import Interpreter
from localcloud.services.states.machines import Target
from localcloud.services.states.memory import ExpressBilling
from localcloud.services.states.metrics import Metrics
from localcloud.services.states.tracing import Tracing

if TYPE_CHECKING:
    from localcloud.cloud import Cloud
    from localcloud.services.states.map_runs import MapRun
    from localcloud.services.states.tools import Tools

_EVENTS = {
    SUCCEEDED: ("ExecutionSucceeded", "executionSucceededEventDetails"),
    FAILED: ("ExecutionFailed", "executionFailedEventDetails"),
    TIMED_OUT: ("ExecutionTimedOut", "executionTimedOutEventDetails"),
    ABORTED: ("ExecutionAborted", "executionAbortedEventDetails"),
}
_DAY_US = 86_400_000_000


class Executions:
    """Those of one account. `tools` is set once, when all of them are there; `on_status` hears of each change."""

    def __init__(self, cloud: Cloud, metrics: Metrics, stream: random.Random) -> None:
        self._cloud = cloud
        self._metrics = metrics
        self._ids = stream
        self._known: dict[str, Execution] = {}  # standard ones and children of Map Runs, by ARN
        self._tracing = Tracing(cloud)
        self._billing = ExpressBilling(cloud.facts)
        self._open = 0
        self._watched = False
        self.tools: Tools
        self.on_status: Callable[[Execution], None] | None = None
        facts = cloud.facts
        self._kept_us = int(facts.value("quota.sfn.history_retention")) * _DAY_US
        self._express_s = float(facts.value("quota.sfn.express.max_duration"))
        self._longest_us = int(facts.value("quota.sfn.standard.max_duration")) * 1_000_000
        self._most_open = int(facts.value("quota.sfn.open_executions"))

    # -- found again -----------------------------------------------------------------------------

    def find(self, arn: str) -> Execution:
        """Raises ApiError: unknown, Express, or closed for longer than its history is kept."""
        found = self._known.get(arn)
        if found is None and ":express:" in arn:
            raise ApiError("InvalidArn", "Invalid Arn: 'Resource type not valid in this context: express'")
        if found is None or self.forgotten(found):
            raise ApiError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
        return found

    def named(self, target: Target, name: str) -> Execution | None:
        """An earlier Standard execution with that name, which is not free yet."""
        found = self._known.get(self.arn_of(target.machine_arn, "execution", name))
        return None if found is None or self.forgotten(found) else found

    def forgotten(self, execution: Execution) -> bool:
        """Closed for longer than 90 days: its history is gone, and its name can be used again."""
        stopped_us = execution.stopped_us
        return stopped_us is not None and self._cloud.kernel.unix_us - stopped_us > self._kept_us

    def latest_first(self) -> Iterator[Execution]:
        return (one for one in reversed(self._known.values()) if not self.forgotten(one))

    def arn_of(self, machine_arn: str, kind: str, name: str) -> str:
        """The ARN of an execution; `kind` is "execution" or "express"."""
        own = machine_arn.split(":stateMachine:")[1]
        suffix = f":{uuid4_text(self._ids)}" if kind == "express" else ""
        return f"arn:aws:states:{self._cloud.region}:{self._cloud.account_id}:{kind}:{own}:{name}{suffix}"

    # -- begun -----------------------------------------------------------------------------------

    def start(self, target: Target, name: str, text: str, trace: str | None = None) -> Execution:
        """Begin an execution with an input (JSON) and perhaps a tracing header.

        Raises ApiError when too many are open.
        """
        machine = target.machine
        if not target.express and self._open >= self._most_open:
            raise ApiError(
                "ExecutionLimitExceeded",
                f"The maximum number of running executions has been reached. Maximum is {self._most_open}.",
            )
        kind = "express" if target.express else "execution"
        execution = Execution(
            arn=self.arn_of(target.machine_arn, kind, name),
            name=name,
            machine_arn=target.machine_arn,
            machine_name=machine.name,
            role_arn=machine.roleArn,
            definition=machine.definition,
            machine=compile_definition(machine.definition),
            express=target.express,
            input_text=text,
            started_us=self._cloud.kernel.unix_us,
            finished=self._cloud.kernel.event(),
            history=History(kept=not target.express),
            version_arn=target.version_arn,
            alias_arn=target.alias_arn,
        )
        log_events(self._cloud, execution, machine.loggingConfiguration)
        self._tracing.arrive(execution, machine, trace)
        self._begin(execution, kept=not target.express)
        return execution

    def start_child(self, run: MapRun, machine: Machine, text: str, items: int) -> Execution:
        """Begin the execution of one item or batch of a Map Run."""
        name = uuid4_text(self._ids)
        kind = "express" if run.express else "execution"
        execution = Execution(
            arn=self.arn_of(run.machine_arn, kind, name),
            name=name,
            machine_arn=run.machine_arn,
            machine_name=run.machine_arn.rsplit(":", 1)[-1],
            role_arn=run.parent.role_arn,
            definition=run.definition,
            machine=machine,
            express=run.express,
            input_text=text,
            started_us=self._cloud.kernel.unix_us,
            finished=self._cloud.kernel.event(),
            history=History(kept=not run.express),
            map_run_arn=run.arn,
            item_count=items,
        )
        self._begin(execution, kept=True)
        return execution

    def _begin(self, execution: Execution, kept: bool) -> None:
        if kept:
            self._known[execution.arn] = execution
        if not execution.express:
            self._open += 1
            self._watch(execution)
        self._spawn(execution)

    def _spawn(self, execution: Execution) -> None:
        if self.on_status is not None:
            self.on_status(execution)
        task = self._cloud.kernel.spawn(
            self._tracing.run, execution, self._run, name=f"execution {execution.name}", critical=True
        )
        execution.tasks.append(task)

    def redrive(self, execution: Execution) -> None:
        """Go on from where an execution ended unsuccessfully; whether it may was asked before."""
        kernel = self._cloud.kernel
        execution.redrives += 1
        execution.redriven_us = kernel.unix_us
        execution.status, execution.stopped_us = RUNNING, None
        execution.output_text = execution.error = execution.cause = None
        execution.finished = kernel.event()
        self._open += 1
        self._watch(execution)
        self._spawn(execution)

    # -- run -------------------------------------------------------------------------------------

    def _run(self, execution: Execution) -> None:
        """To the end, whatever it is. A time-out and StopExecution end it from outside."""
        kernel = self._cloud.kernel
        machine = execution.machine
        self._metrics.started(execution)
        if execution.redrives:
            execution.history.add(
                kernel.unix_us, "ExecutionRedriven", "executionRedrivenEventDetails", redriveCount=execution.redrives
            )
        else:
            execution.history.add(
                kernel.unix_us, "ExecutionStarted", "executionStartedEventDetails",
                input=execution.input_text, roleArn=execution.role_arn,
                stateMachineAliasArn=execution.alias_arn, stateMachineVersionArn=execution.version_arn,
            )  # fmt: skip
        limits = [machine.timeout_s, self._express_s if execution.express else None]
        longest_s = min((limit for limit in limits if limit is not None), default=None)
        timer = None
        if longest_s is not None:
            timer = kernel.call_later(round(longest_s * 1e6), self._time_out, execution)
        interpreter = Interpreter(self._cloud, execution, self.tools)
        data = json.loads(execution.input_text)
        context = execution.context
        context["Execution"]["Input"] = data
        try:
            output = interpreter.run(machine, data, {}, context, execution.progress)
        except StateFailed as failure:
            self._end(execution, FAILED, error=failure.error, cause=failure.cause)
        else:
            self._end(execution, SUCCEEDED, output=json.dumps(output, separators=(",", ":"), ensure_ascii=False))
        finally:
            if timer is not None:
                timer.cancel()

    def _time_out(self, execution: Execution) -> None:
        self._stop_tasks(execution)
        self._end(execution, TIMED_OUT, error=TIMEOUT)

    def stop(self, execution: Execution, error: str | None = None, cause: str | None = None) -> None:
        """Abort it with everything that it does; one that has ended stays as it is."""
        if execution.status == RUNNING:
            self._stop_tasks(execution)
            self._end(execution, ABORTED, error=error, cause=cause)

    def _stop_tasks(self, execution: Execution) -> None:
        for task in execution.tasks:
            if not task.done:
                self._cloud.kernel.kill(task)

    def _end(
        self,
        execution: Execution,
        status: str,
        output: str | None = None,
        error: str | None = None,
        cause: str | None = None,
    ) -> None:
        if execution.status != RUNNING:
            return
        kernel = self._cloud.kernel
        execution.status, execution.stopped_us = status, kernel.unix_us
        execution.output_text, execution.error, execution.cause = output, error, cause
        execution.tasks.clear()
        self._tracing.ended(execution)
        kind, key = _EVENTS[status]
        execution.history.add(kernel.unix_us, kind, key, output=output, error=error, cause=cause)
        began_us = execution.redriven_us if execution.redriven_us is not None else execution.started_us
        taken_us = kernel.unix_us - began_us
        self._metrics.ended(execution, taken_us)
        self._bill(execution, taken_us)
        if not execution.express:
            self._open -= 1
        if self.on_status is not None:
            self.on_status(execution)
        execution.finished.set()
        if execution.on_end is not None:
            execution.on_end(execution)

    def _bill(self, execution: Execution, taken_us: int) -> None:
        meter, name = self._cloud.meter, execution.machine_name.split("/")[0]  # a Map Run's children with their parent
        if execution.express:
            billed = execution.billed = self._billing.of(taken_us, execution.definition, execution.memory.most_bytes)
            meter.add("states.express_requests", 1, name)
            meter.add("states.express_gb_s", billed.gb_s, name)
            self._metrics.express(execution, billed)
        else:
            meter.add("states.transitions", execution.transitions, name)
            execution.transitions = 0

    # -- a year is the longest ---------------------------------------------------------------------

    def _watch(self, execution: Execution) -> None:
        """One timer looks after all of them: hardly any lives that long."""
        if not self._watched:
            self._watched = True
            due_us = execution.started_us + self._longest_us - self._cloud.kernel.epoch_us
            self._cloud.kernel.call_in_background(due_us, self._end_the_oldest)

    def _end_the_oldest(self) -> None:
        self._watched = False
        now_us = self._cloud.kernel.unix_us
        for execution in list(self._known.values()):
            if execution.status != RUNNING or execution.express:
                continue
            if now_us - execution.started_us >= self._longest_us:
                self._time_out(execution)
            else:
                self._watch(execution)
                break
