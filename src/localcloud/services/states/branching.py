"""Parallel states and inline Map states: the same execution in several places at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from localcloud.services.states import errors
from localcloud.services.states.data_flow import effective, field, finish, map_items
from localcloud.services.states.definition import State
from localcloud.services.states.distributed import run_distributed
from localcloud.services.states.errors import StateFailed
from localcloud.services.states.progress import Progress
from localcloud.services.states.templates import View

if TYPE_CHECKING:
    from localcloud.services.states.interpreter import Interpreter

Outcome = tuple[Any, str | None]


def run_parallel(run: Interpreter, state: State, view: View, progress: Progress) -> Outcome:
    """Every branch with the same input; the first that fails stops the others. A redrive skips those that are done."""
    data = effective(state, view)
    run.note("ParallelStateStarted")

    def branch(number: int) -> Any:
        own = progress.of(number)
        if own.done:
            return own.output
        return run.run(state.branches[number], data, dict(view.variables), view.context, own)

    jobs = [lambda number=number: branch(number) for number in range(len(state.branches))]
    results, failures = _together(run, jobs, len(jobs), 0)
    if failures:
        run.note("ParallelStateFailed")
        raise failures[0]
    run.note("ParallelStateSucceeded")
    return finish(state, view, results)


def run_map(run: Interpreter, state: State, view: View, progress: Progress) -> Outcome:
    """One iteration for each item: in this execution, or (mode DISTRIBUTED) in executions of their own."""
    if state.distributed:
        return run_distributed(run, state, view, progress)
    data = effective(state, view)
    seen = replace(view, data=data) if not state.jsonata else view
    items, keyed = map_items(state, seen, data)
    limit = run.most_iterations
    most = min(int(field(state, seen, "MaxConcurrency") or 0) or limit, limit)
    tolerated = _tolerated(state, seen, len(items))
    run.note("MapStateStarted", "mapStateStartedEventDetails", length=len(items))
    jobs = [
        lambda n=n, item=item: _iteration(run, state, seen, n, item, keyed, progress.of(n))
        for n, item in enumerate(items)
    ]
    results, failures = _together(run, jobs, most, tolerated)
    if len(failures) > tolerated:
        run.note("MapStateFailed")
        raise (
            failures[0]
            if not tolerated
            else StateFailed(errors.TOLERATED_EXCEEDED, "The specified tolerated failure threshold was exceeded")
        )
    run.note("MapStateSucceeded")
    return finish(state, view, [result for result in results if result is not _NOTHING])


def _tolerated(state: State, view: View, count: int) -> int:
    share = field(state, view, "ToleratedFailurePercentage")
    number = field(state, view, "ToleratedFailureCount")
    allowed = [int(number)] if number is not None else []
    if share is not None:
        allowed.append(int(count * share // 100))
    return min(allowed, default=0)


def _iteration(
    run: Interpreter, state: State, view: View, index: int, item: Any, keyed: bool, progress: Progress
) -> Any:
    if progress.done:
        return progress.output
    value = {"Index": index, "Value": item}
    if keyed:  # the pairs of an object
        value |= {"Key": item["Key"], "Value": item["Value"]}
    context = {**view.context, "Map": {"Item": value}}
    details = {"name": state.name, "index": index}
    run.note("MapIterationStarted", "mapIterationStartedEventDetails", **details)
    given = item
    if state.parameters is not None:
        given = state.parameters(replace(view, context=context))
    try:
        output = run.run(state.branches[0], given, dict(view.variables), context, progress)
    except StateFailed:
        run.note("MapIterationFailed", "mapIterationFailedEventDetails", **details)
        raise
    run.note("MapIterationSucceeded", "mapIterationSucceededEventDetails", **details)
    return output


def _together(
    run: Interpreter, jobs: Sequence[Callable[[], Any]], most: int, tolerated: int
) -> tuple[list[Any], list[StateFailed]]:
    """Run jobs side by side, at most `most` at once. When more than `tolerated` fail, the others are stopped."""
    kernel = run.cloud.kernel
    results: list[Any] = [_NOTHING] * len(jobs)
    failures: list[StateFailed] = []
    other: list[BaseException] = []
    woken, waiting = kernel.event(), iter(range(len(jobs)))
    following = next(waiting, None)
    running: dict[int, Any] = {}

    def work(number: int) -> None:
        try:
            results[number] = jobs[number]()
        except StateFailed as failure:
            failures.append(failure)
        except Exception as exc:  # noqa: BLE001 - a fault of ours: it is raised where somebody waits
            other.append(exc)
        finally:
            running.pop(number, None)
            woken.set()

    try:
        while (following is not None or running) and len(failures) <= tolerated and not other:
            while following is not None and len(running) < most:
                running[following] = kernel.spawn(work, following, name=f"branch {following}")
                run.execution.tasks.append(running[following])
                following = next(waiting, None)
            woken.wait()
            woken.clear()
    finally:  # also when this branch is itself stopped from outside
        for task in list(running.values()):
            kernel.kill(task)
    if other:
        raise other[0]
    return results, failures


class _Nothing:
    """The place of a result that did not come."""


_NOTHING = _Nothing()
