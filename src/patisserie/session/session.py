"""One learner (or one unattended run) in one lab."""

from __future__ import annotations

import ast
import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from localcloud.spans import Span
from localcloud.stacks.parsing import parse_template
from patisserie.checks import NOT_YET, CheckResult, run_check
from patisserie.course import course_root, default_workdir
from patisserie.labs.lab import Lab
from patisserie.load import ACCEPTED, Afterwards, Arrivals, Outcome, Steady, run_load
from patisserie.measure import FunctionsUse, Measurement, functions_use, measurement
from patisserie.progress import ProgressBook
from patisserie.reports import Report, Trouble, reports, troubles
from patisserie.session.releases import Release, changed_stack, changed_template, code_of_functions
from patisserie.session.workspace import Workspace
from patisserie.story import Story
from patisserie.targets import DeployedStack, Target, TargetError
from patisserie.widgets import progress_bar

P = ParamSpec("P")
T = TypeVar("T")
PARTNERS = "partners"
_QUIET_S = 120.0  # after the last order: events and retries under way come to their end
_QUIET_AWS_S = 10.0  # the same in real time, for a load without outages
_AWS_GAP_S = 1.0
AWS_ARRIVALS = Steady(1.0, 12.0)  # a person waits for it, and somebody pays for it


def _plainly(method: Callable[P, T]) -> Callable[P, T]:
    """What the target refuses is said in one sentence."""

    @wraps(method)
    def said(*args: P.args, **kwargs: P.kwargs) -> T:
        session: Any = args[0]
        if session.closed and session.target.name == "local":  # on AWS what it made still stands
            raise TargetError("This lab was closed, because a lab was opened after it; run its open_lab cell again.")
        with session.target.plainly():
            return method(*args, **kwargs)

    return said


class LabSession:
    """A lab, a target, and what has been deployed there.

    Attributes: `lab`, `target`, `seed`, `story`, `stacks` (deployed stacks by name).
    """

    def __init__(self, lab: Lab, target: Target, seed: int, workdir: Path | None = None) -> None:
        self.lab, self.target, self.seed = lab, target, seed
        self.story = Story.load()
        self.root = course_root()
        self.workdir = workdir or default_workdir()
        self.closed = False
        self.stacks: dict[str, DeployedStack] = {}
        self.answers: dict[str, Any] = {}
        self._measured_ms: dict[str, int] = {}  # when the last measurement of each stack began
        stacks = self.root / "infra" / "stacks"
        self._stacks = stacks / lab.folder
        self.workspace: Workspace | None = None
        if lab.start:
            self.workspace = Workspace(self.workdir / lab.folder, self._stacks / lab.goal, self._stacks / lab.start)
            self.workspace.ensure()

    def __repr__(self) -> str:
        note = "nothing leaves this computer" if self.target.name == "local" else "outside this simulation, real time"
        return f"Lab {self.lab.number} {self.lab.title} · target {self.target.name} ({note}) · seed {self.seed}"

    # -- deploying -----------------------------------------------------------------------------

    @_plainly
    def deploy(self, name: str, parameters: Mapping[str, str] | None = None) -> DeployedStack:
        """Deploy one of the lab's architectures, and the partners that it calls. "mine" is the learner's own.

        Raises TargetError with CloudFormation's own reason.
        """
        return self._deploy(name, self._template(name), parameters)

    def _deploy(self, name: str, template: Path, parameters: Mapping[str, str] | None = None) -> DeployedStack:
        declared = parse_template(template.read_text(encoding="utf-8")).get("Parameters") or {}
        given = dict(parameters or {})
        if any(parameter.endswith("Url") for parameter in declared):
            partners = self._partners()
            given = {key: value for key, value in partners.outputs.items() if key in declared} | given
        stack = self.target.deploy(f"{self.lab.slug}-{name}", template, given)
        self.stacks[name] = stack
        return stack

    @_plainly
    def remove(self, name: str) -> None:
        """Delete one architecture that is no longer needed; the others and the partners stay."""
        self.target.delete(self._standing(name).name)
        del self.stacks[name]

    @_plainly
    def release(self, name: str, change: str) -> Release:
        """Ship one of the lab's changes: its files take the place of those of the same name, in every package.

        `deploy(name)` takes it back. Raises TargetError for an unknown change.
        """
        before = code_of_functions(self.target.client("lambda"), self._standing(name))
        with changed_stack(self._template(name).parent, self._stacks / "releases", change) as template:
            stack = self._deploy(name, template)
        after = code_of_functions(self.target.client("lambda"), stack)
        replaced = tuple(function for function, code in after.items() if before.get(function) != code)
        return Release(change, replaced, len(after))

    @_plainly
    def deploy_changed(self, name: str, change: Callable[[dict[str, Any]], None]) -> DeployedStack:
        """Deploy an architecture as it would be with a change of its template; its own files stay as they are.

        `change` gets the template as a mapping with long-form intrinsic functions, and edits it in place.
        """
        with changed_template(self._template(name).parent, change) as template:
            return self._deploy(name, template)

    def _template(self, name: str) -> Path:
        if name == "mine" and self.workspace is not None:
            return self.workspace.template
        path = self._stacks / name / "template.yaml" if name else self._stacks / "template.yaml"
        if not path.is_file():
            known = sorted(p.parent.name for p in self._stacks.glob("*/template.yaml"))
            raise TargetError(
                f"Lab {self.lab.number} has no architecture {name!r}; it has {', '.join(known)} and mine."
            )
        return path

    def template(self, name: str) -> dict[str, Any]:
        """The template of an architecture, as a mapping."""
        return parse_template(self._template(name).read_text(encoding="utf-8"))

    def source(self, name: str, file: str, function: str) -> str:
        """The lines of one function of an architecture, to be read.

        Raises TargetError for an unknown file or function.
        """
        path = self._template(name).parent / "src" / file
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and node.name == function:
                return ast.get_source_segment(text, node) or ""
        raise TargetError(f"There is no function {function!r} in {file!r} of {name!r}.")

    def slowest_trace(self, name: str, to_the_end: bool = False) -> tuple[Span, ...]:
        """Every span of the order that took the longest: until its answer or, `to_the_end`, until nothing more came.

        The simulation knows them; AWS needs X-Ray for that.
        Raises TargetError on AWS, and when no order has been placed.
        """
        cloud = getattr(self.target, "cloud", None)
        if cloud is None:
            raise TargetError("Exact traces are the simulation's; on AWS switch X-Ray tracing on and look there.")
        api = self._standing(name).physical_ids("AWS::ApiGatewayV2::Api")[0]
        requests = cloud.tracer.spans(service="apigateway", resource=api)
        if not requests:
            raise TargetError(f"No order has been sent to {name!r} yet; measure it first.")

        def took_us(request: Span) -> int:
            if not to_the_end:
                return request.duration_us
            return max(int(span.end_us) for span in cloud.tracer.trace(request.trace_id)) - request.start_us

        slowest = max(requests, key=lambda span: (took_us(span), -span.span_id))
        found: tuple[Span, ...] = cloud.tracer.trace(slowest.trace_id)
        return found

    @_plainly
    def partners(self, parameters: Mapping[str, str]) -> DeployedStack:
        """Deploy the partners anew with these parameters ("PaymentMilliseconds": "500"); {} for the usual ones."""
        return self._partners(parameters)

    @_plainly
    def explore(self) -> Any:
        """The lab's explorable figure, computed now. Raises TargetError when the lab has none."""
        if self.lab.explore is None:
            raise TargetError(f"Lab {self.lab.number} has nothing to explore.")
        return self.lab.explore(self)

    @_plainly
    def weigh(self, name: str, found: Measurement) -> Mapping[str, float]:
        """What an architecture that was just measured is like, by the lab's measures: the lower, the better.

        Raises TargetError when the lab has none.
        """
        if self.lab.weigh is None:
            raise TargetError(f"Lab {self.lab.number} has nothing to weigh.")
        self._standing(name)
        return self.lab.weigh(self, name, found)

    @_plainly
    def experiment(self, name: str) -> Any:
        """Try something of this lab by its name. Raises TargetError for an unknown one."""
        if name not in self.lab.experiments:
            known = ", ".join(self.lab.experiments) or "none"
            raise TargetError(f"Lab {self.lab.number} has no experiment {name!r}; it has: {known}.")
        return self.lab.experiments[name](self)

    def _partners(self, parameters: Mapping[str, str] | None = None) -> DeployedStack:
        if PARTNERS not in self.stacks or parameters is not None:
            template = self.root / "infra" / "stacks" / "partners" / "template.yaml"
            given = {**self.lab.partners, **(parameters or {})}
            self.stacks[PARTNERS] = self.target.deploy(PARTNERS, template, given)
        return self.stacks[PARTNERS]

    # -- measuring -----------------------------------------------------------------------------

    @_plainly
    def measure(
        self,
        name: str,
        label: str | None = None,
        arrivals: Arrivals | None = None,
        progress: Callable[[int, int], None] | None = None,
        then: Callable[[Story, random.Random], Afterwards] | None = None,
    ) -> Measurement:
        """Send the lab's workload to an architecture and sum up what became of it.

        `then` draws what a customer does after an order; the lab's own way when it is not given.
        """
        stack = self._standing(name)
        url = self.orders_url(name)
        chosen = arrivals or self._arrivals()
        bar = None if progress else progress_bar(label or name)
        self._measured_ms[name] = self.unix_ms()
        meter = self.target.start_metering()
        try:
            others = self.lab.beside(self, name, chosen.duration_s) if self.lab.beside is not None else []
            outcomes = run_load(self.target, url, chosen, self.story, self.seed, progress or bar, then or self.lab.then)
            self.target.join_all(others)
        finally:
            if bar is not None:
                bar.close()
        self.target.wait(self.quiet_s)
        return measurement(label or name, outcomes, meter(stack), self.target.source, self.seed)

    @property
    def quiet_s(self) -> float:
        """How long a measurement goes on after its last order."""
        return _QUIET_S if self.target.name == "local" else _QUIET_AWS_S

    def few(self, orders: int, gap_s: float) -> Arrivals:
        """So many orders, one every `gap_s` seconds; on AWS, where seconds are real, one a second."""
        gap_s = gap_s if self.target.name == "local" else _AWS_GAP_S
        return Steady(1 / gap_s, orders * gap_s)

    def orders_url(self, name: str) -> str:
        """Where an architecture takes orders. Raises TargetError when its template has lost that output."""
        outputs = self._standing(name).outputs
        if "OrdersUrl" not in outputs:
            raise TargetError(f"The template of {name!r} has no output OrdersUrl; lab.reset() brings it back.")
        return outputs["OrdersUrl"]

    def _arrivals(self) -> Arrivals:
        return self.lab.arrivals(self.story) if self.target.name == "local" else AWS_ARRIVALS

    def _standing(self, name: str) -> DeployedStack:
        if name not in self.stacks:
            raise TargetError(f"{name!r} is not deployed yet; run lab.deploy({name!r}) first.")
        return self.stacks[name]

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.target.wait(seconds)

    # -- breaking ------------------------------------------------------------------------------

    @_plainly
    def payment_outage(self, from_s: float, minutes: float) -> None:
        """From `from_s` seconds from now the payment provider answers 503 to everybody, for `minutes`."""
        self._outage("PaymentFunction", from_s, minutes)

    @_plainly
    def messaging_outage(self, from_s: float, minutes: float) -> None:
        """The same for the provider of messages to customers."""
        self._outage("MessagingFunction", from_s, minutes)

    @_plainly
    def kitchen_outage(self, from_s: float, minutes: float) -> None:
        """The same for the vendor of the kitchen's screens."""
        self._outage("KitchenFunction", from_s, minutes)

    @_plainly
    def analytics_outage(self, from_s: float, minutes: float) -> None:
        """The same for the analytics warehouse."""
        self._outage("AnalyticsFunction", from_s, minutes)

    def _outage(self, partner: str, from_s: float, minutes: float) -> None:
        partners = self._partners()
        function = next(r.physical_id for r in partners.resources if r.logical_id == partner)

        def switch(state: str) -> Callable[[], None]:
            def change() -> None:
                client = self.target.client("lambda")
                config = client.get_function_configuration(FunctionName=function)
                variables = {**config["Environment"]["Variables"], "OUTAGE": state}
                client.update_function_configuration(FunctionName=function, Environment={"Variables": variables})

            return change

        now_s = self.target.now_s()
        self.target.spawn_at(now_s + from_s, switch("on"))
        self.target.spawn_at(now_s + from_s + minutes * 60, switch("off"))

    # -- looking -------------------------------------------------------------------------------

    @_plainly
    def stored_orders(self, name: str) -> dict[str, dict[str, Any]]:
        """What the table of an architecture holds of every order, by its id, in DynamoDB's own form."""
        table = self._standing(name).outputs["OrdersTable"]
        pages = self.target.client("dynamodb").get_paginator("scan").paginate(TableName=table)
        return {item["orderId"]["S"]: item for page in pages for item in page["Items"]}

    def order_status(self, name: str) -> dict[str, str]:
        """The status of every stored order, by its id."""
        return {
            order_id: item["status"]["S"] for order_id, item in self.stored_orders(name).items() if "status" in item
        }

    def measured_orders(self, name: str) -> dict[str, dict[str, Any]]:
        """Those stored orders that were placed since the last measurement of an architecture began."""
        since_ms = self.measured_ms(name)
        return {
            order_id: item
            for order_id, item in self.stored_orders(name).items()
            if int(item.get("placedAt", {"N": "0"})["N"]) >= since_ms
        }

    def paid_after_ms(self, name: str) -> tuple[float, ...]:
        """How long each paid order of the last measurement waited for its payment, by the times in the table."""
        paid = (item for item in self.measured_orders(name).values() if "paidAt" in item)
        return tuple(float(item["paidAt"]["N"]) - float(item["placedAt"]["N"]) for item in paid)

    def unfinished(self, name: str, outcomes: tuple[Outcome, ...]) -> int:
        """How many accepted orders are not confirmed: promised to the customer and not kept."""
        status = self.order_status(name)
        return sum(o.kind == ACCEPTED and status.get(o.order_id) != "CONFIRMED" for o in outcomes)

    # -- checks --------------------------------------------------------------------------------

    def hand_in(self, check_id: str, answer: Any) -> None:
        """Keep what the learner made in the notebook itself (a function, a number) for a check."""
        self.answers[self.lab.exercise(check_id).check.check_id] = answer

    def baseline(self, found: Any) -> CheckResult:
        """Is the lab's starting point really there? `found` is what its check judges: as a rule a measurement."""
        return run_check(self.lab.baseline, lambda: found)

    @_plainly
    def reports(self, name: str) -> list[Report]:
        """Every REPORT line of an architecture's functions, oldest first."""
        return reports(self.target.client("logs"), self._standing(name))

    @_plainly
    def troubles(self, name: str, since_ms: int = 0) -> list[Trouble]:
        """What an architecture's functions have complained about since that Unix time, the most frequent first."""
        return troubles(self.target.client("logs"), self._standing(name), since_ms)

    @_plainly
    def functions(self, name: str) -> FunctionsUse:
        """What each function of an architecture did since its last measurement began, from the REPORT lines."""
        stack = self._standing(name)
        found = reports(self.target.client("logs"), stack, self.measured_ms(name))
        return functions_use(name, found, stack)

    def measured_ms(self, name: str) -> int:
        """When the last measurement of an architecture began, as `unix_ms` counts; 0 when there was none."""
        return self._measured_ms.get(name, 0)

    @_plainly
    def readers(self, name: str) -> Any:
        """Who heard of the orders since the last measurement of an architecture began.

        Raises TargetError when the lab does not ask that.
        """
        if self.lab.readers is None:
            raise TargetError(f"Lab {self.lab.number} does not say who reads what.")
        self._standing(name)
        return self.lab.readers(self, name, self.measured_ms(name))

    @_plainly
    def partner_calls(self, partner: str, since_ms: int = 0) -> int:
        """How often a partner ("Messaging") was called since that Unix time in milliseconds, as its own log says."""
        stack = self._partners()
        names = [r.physical_id for r in stack.resources if r.logical_id == f"{partner}Function"]
        return sum(report.function in names for report in reports(self.target.client("logs"), stack, since_ms))

    def check(self, check_id: str, even_if_open: bool = False) -> CheckResult:
        """Judge the learner's system as it is now. Takes as long as measuring it does.

        An exercise that nobody has touched is only said to be open, unless `even_if_open`.
        """
        exercise = self.lab.exercise(check_id)

        def evidence() -> Any:
            if exercise.files and self.workspace is not None:
                if not even_if_open and self.workspace.untouched(exercise.files):
                    are = "is" if len(exercise.files) == 1 else "are"
                    raise NotImplementedError(f"nothing yet: {' and '.join(exercise.files)} {are} as at the start")
                self.deploy("mine")
            elif exercise.check.check_id not in self.answers:
                raise NotImplementedError("nothing yet: no answer has been handed in")
            return exercise.evidence(self)

        since_ms = self.unix_ms()
        result = run_check(exercise.check, evidence)
        if result.state == NOT_YET and exercise.files and "mine" in self.stacks:
            found = troubles(self.target.client("logs"), self.stacks["mine"], since_ms)
            result = replace(result, log=str(found[0]) if found else "")
        ProgressBook(self.workdir).note(result)
        return result

    def unix_ms(self) -> int:
        """Now, as the logs of the target count it: Unix time in milliseconds."""
        cloud = getattr(self.target, "cloud", None)  # the simulation's clock, or the real one
        return int(cloud.kernel.unix_us // 1_000 if cloud is not None else time.time() * 1_000)

    # -- the end -------------------------------------------------------------------------------

    @_plainly
    def cleanup(self) -> str:
        """Delete everything this session made. Raises TargetError when something is left."""
        for name in [name for name in self.stacks if name != PARTNERS] + [n for n in (PARTNERS,) if n in self.stacks]:
            self.target.delete(self.stacks[name].name)
            del self.stacks[name]
        left = self.target.delete_rest()
        if left:
            raise TargetError(f"Left behind on {self.target.name}: {', '.join(left)}. Run cleanup again.")
        return "Everything is cleaned up: nothing is left."

    def reset(self) -> str:
        """Bring the learner's working copy back to the start; the old one is kept."""
        if self.workspace is None:
            return "This lab has no working copy; there is nothing to reset."
        if self.workspace.pristine():
            return "Nothing to do: the working copy is as it was at the start."
        kept = self.workspace.reset()
        return f"Back at the start. Your work is kept in {_short(kept)}." if kept else "Back at the start."

    def close(self) -> None:
        """Leave the target."""
        self.closed = True
        self.target.close()


def _short(path: Path | None) -> str:
    return re.sub(r"^.*/labs/", "labs/", path.as_posix()) if path is not None else ""
