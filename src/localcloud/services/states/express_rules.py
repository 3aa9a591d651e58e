"""What Express state machines may not do: wait for somebody outside, or start a Map Run.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html.
"""

from __future__ import annotations

from localcloud.services.states.definition import Machine
from localcloud.services.states.errors import InvalidDefinition, StateFailed
from localcloud.services.states.integrations import SYNC, TOKEN, parse_resource


def check_express(machine: Machine, where: str = "") -> None:
    """Raises InvalidDefinition with the first place that an Express state machine does not support."""
    for name, state in machine.states.items():
        place = f"{where}/States/{name}"
        if state.type == "Task":
            _check_task(state.raw["Resource"], f"{place}/Resource")
        if state.distributed:
            raise _unsupported("a DISTRIBUTED Map", place)
        inner = "ItemProcessor" if state.type == "Map" else "Branches"
        for number, branch in enumerate(state.branches):
            check_express(branch, f"{place}/{inner}" + (f"[{number}]" if state.type == "Parallel" else ""))


def _check_task(text: str, where: str) -> None:
    try:
        resource = parse_resource(text)
    except StateFailed:
        return  # told when it runs
    if resource.kind == "activity":
        raise _unsupported("activities", where)
    for pattern in (SYNC, TOKEN):
        if resource.pattern.startswith(pattern):
            raise _unsupported(f"'{pattern}' service integration", where)


def _unsupported(what: str, where: str) -> InvalidDefinition:
    return InvalidDefinition(f"SCHEMA_VALIDATION_FAILED: Express state machine does not support {what} at {where}")
