"""Distributed Map states: every item, or batch of items, in a child execution of its own.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from localcloud.services.states import errors
from localcloud.services.states.data_flow import effective, field, finish
from localcloud.services.states.definition import State
from localcloud.services.states.errors import StateFailed
from localcloud.services.states.executions import ABORTED, FAILED, RUNNING, SUCCEEDED, Execution
from localcloud.services.states.item_readers import STATE_DATA, Dataset, read_items
from localcloud.services.states.map_runs import Batch, MapRun
from localcloud.services.states.progress import Progress
from localcloud.services.states.result_writers import outputs, write_results
from localcloud.services.states.templates import View

if TYPE_CHECKING:
    from localcloud.services.states.interpreter import Interpreter

Outcome = tuple[Any, str | None]


def run_distributed(run: Interpreter, state: State, view: View, progress: Progress) -> Outcome:
    """Read the items, run the children, gather or write what came of them."""
    data = effective(state, view)
    seen = replace(view, data=data) if not state.jsonata else view
    tools, map_run = run.tools, progress.map_run
    if map_run is None:
        if tools.map_runs.full:
            raise StateFailed("States.MapRunLimitExceeded", "Too many Map Runs are open in this account.")
        map_run = _begin(run, state)
        _set_limits(map_run, state, seen)
    else:
        _go_on(run, map_run)
    try:
        if progress.map_run is None:
            items = read_items(run, state, seen, data)
            map_run.batches = list(_batches(run, state, seen, items))
            progress.map_run = map_run
        _run_children(run, state, map_run)
        result = _result(run, state, seen, map_run)
        if map_run.too_many_failed:
            raise StateFailed(errors.TOLERATED_EXCEEDED, "The specified tolerated failure threshold was exceeded")
    except StateFailed as failure:
        tools.map_runs.end(map_run, FAILED)
        run.note("MapRunFailed", "mapRunFailedEventDetails", error=failure.error, cause=failure.cause)
        run.note("MapStateFailed")
        raise
    except BaseException:  # this state is itself stopped from outside
        _abort(run, map_run)
        raise
    finally:
        map_run.changed = None
    tools.map_runs.end(map_run, SUCCEEDED)
    run.note("MapRunSucceeded")
    run.note("MapStateSucceeded")
    return finish(state, view, result)


def _begin(run: Interpreter, state: State) -> MapRun:
    label = state.raw.get("Label") or state.name[:40]
    config = state.raw["ItemProcessor"]["ProcessorConfig"]
    definition = json.dumps(state.raw["ItemProcessor"])
    run.note("MapStateStarted", "mapStateStartedEventDetails", length=0)
    map_run = run.tools.map_runs.new(run.execution, label, definition, config["ExecutionType"] == "EXPRESS")
    run.note("MapRunStarted", "mapRunStartedEventDetails", mapRunArn=map_run.arn)
    return map_run


def _go_on(run: Interpreter, map_run: MapRun) -> None:
    """A redrive of the parent redrives its Map Run. Raises StateFailed after too many."""
    if map_run.redrives >= run.tools.map_runs.most_redrives:
        raise StateFailed(errors.RUNTIME, "The Map Run has been redriven too many times.")
    map_run.redrives += 1
    map_run.redriven_us = run.cloud.kernel.unix_us
    map_run.status, map_run.stopped_us = RUNNING, None
    run.note("MapRunRedriven", "mapRunRedrivenEventDetails", mapRunArn=map_run.arn, redriveCount=map_run.redrives)


def _set_limits(map_run: MapRun, state: State, view: View) -> None:
    count, share = field(state, view, "ToleratedFailureCount"), field(state, view, "ToleratedFailurePercentage")
    map_run.max_concurrency = int(field(state, view, "MaxConcurrency") or 0)
    map_run.counts_given, map_run.share_given = count is not None, share is not None
    map_run.tolerated_count, map_run.tolerated_share = int(count or 0), float(share or 0)


# -- items -----------------------------------------------------------------------------------------


def _batches(run: Interpreter, state: State, view: View, dataset: Dataset) -> Iterator[Batch]:
    """The inputs of the children: one item each, or as many as ItemBatcher says. Raises StateFailed."""
    selected = (_selected(state, view, index, item, dataset) for index, item in enumerate(dataset.items))
    if "ItemBatcher" not in state.raw:
        for item in selected:
            yield Batch(run.text(item), 1)
        return
    most = int(field(state, view, "ItemBatcher.MaxItemsPerBatch") or 0)
    longest = int(field(state, view, "ItemBatcher.MaxInputBytesPerBatch") or 0)
    room = run.longest_bytes
    longest = min(longest or room, room)
    frame: dict[str, Any] = {}
    if "ItemBatcher.BatchInput" in state.fields:
        frame["BatchInput"] = field(state, view, "ItemBatcher.BatchInput")
    base = len(run.text({**frame, "Items": []}).encode())
    held: list[Any] = []
    size = base
    for item in selected:
        weight = len(run.text(item).encode()) + 1
        if held and ((most and len(held) >= most) or size + weight > longest + 1):
            yield Batch(run.text({**frame, "Items": held}), len(held))
            held, size = [], base
        held.append(item)
        size += weight
    if held:
        yield Batch(run.text({**frame, "Items": held}), len(held))


def _selected(state: State, view: View, index: int, item: Any, dataset: Dataset) -> Any:
    if state.parameters is None:
        return item
    told = {"Index": index, "Value": item, "Source": dataset.source or STATE_DATA}
    return state.parameters(replace(view, context={**view.context, "Map": {"Item": told}}))


# -- children --------------------------------------------------------------------------------------


def _run_children(run: Interpreter, state: State, map_run: MapRun) -> None:
    """Until all have ended, or more have failed than is tolerated: then the others are stopped."""
    executions, limit = run.tools.executions, run.tools.map_runs.most_children
    woken = run.cloud.kernel.event()
    map_run.changed = woken.set
    waiting = iter([batch for batch in map_run.batches if batch.child is None or batch.child.status != SUCCEEDED])
    following = next(waiting, None)
    running: dict[str, Execution] = {}
    failed = {"any": False}

    def ended(child: Execution) -> None:
        running.pop(child.arn, None)
        failed["any"] = failed["any"] or child.status != SUCCEEDED
        woken.set()

    while following is not None or running:
        if failed["any"] and map_run.too_many_failed:
            break
        most = min(map_run.max_concurrency or limit, limit)
        while following is not None and len(running) < most:
            child = following.child
            if child is not None and not child.express and run.tools.redrivable(child):
                executions.redrive(child)
            else:
                child = executions.start_child(map_run, state.branches[0], following.input_text, following.items)
            child.on_end = ended
            following.child = running[child.arn] = child
            following = next(waiting, None)
        woken.wait()
        woken.clear()
    for child in list(running.values()):
        executions.stop(child)


def _abort(run: Interpreter, map_run: MapRun) -> None:
    for batch in map_run.batches:
        if batch.child is not None:
            batch.child.on_end = None
            run.tools.executions.stop(batch.child)
    run.tools.map_runs.end(map_run, ABORTED)


def _result(run: Interpreter, state: State, view: View, map_run: MapRun) -> Any:
    """What the state makes of its children: their outputs, or where the outputs have been written."""
    writer = state.raw.get("ResultWriter") or {}
    if "Resource" in writer:
        return write_results(run, state, view, map_run)
    return None if map_run.too_many_failed else outputs(map_run, writer.get("WriterConfig") or {})
