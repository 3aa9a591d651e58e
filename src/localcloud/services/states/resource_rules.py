"""Which Resources of tasks Step Functions does not take when a definition is handed in."""

from __future__ import annotations

from collections.abc import Callable

from localcloud.services.states.definition import Machine
from localcloud.services.states.errors import InvalidDefinition, StateFailed
from localcloud.services.states.integrations import parse_resource

# the services with optimised integrations; what of them is not simulated is said when a task runs
_OPTIMISED = frozenset(
    {
        "apigateway", "athena", "batch", "bedrock", "codebuild", "databrew", "dynamodb", "ecs", "eks",
        "elasticmapreduce", "emr-containers", "emr-serverless", "events", "glue", "http", "lambda", "mediaconvert",
        "sagemaker", "sns", "sqs", "states",
    }
)  # fmt: skip
_SIMULATED = frozenset({"dynamodb", "events", "http", "sns", "sqs", "states"})  # with all their integrations


def check_resources(machine: Machine, has_action: Callable[[str, str], bool], where: str = "") -> None:
    """`has_action(service, action)` says whether a service has an API action, as far as anybody can know.

    Raises InvalidDefinition with the first place.
    """
    for name, state in machine.states.items():
        place = f"{where}/States/{name}"
        if state.type == "Task" and not _is_known(state.raw["Resource"], has_action):
            raise InvalidDefinition(
                f"SCHEMA_VALIDATION_FAILED: The resource provided {state.raw['Resource']} is not recognized. The value "
                f"is not a valid resource ARN, or the resource is not available in this region. at {place}/Resource"
            )
        inner = "ItemProcessor" if state.type == "Map" else "Branches"
        for number, branch in enumerate(state.branches):
            suffix = f"[{number}]" if state.type == "Parallel" else ""
            check_resources(branch, has_action, f"{place}/{inner}{suffix}")


def _is_known(text: str, has_action: Callable[[str, str], bool]) -> bool:
    if not text.startswith("arn:"):
        return False
    try:
        resource = parse_resource(text)
    except StateFailed:
        service = text.removeprefix("arn:aws:states:::").partition(":")[0]
        return not text.startswith("arn:aws:states:::") or service in _OPTIMISED - _SIMULATED
    return resource.kind != "sdk" or has_action(resource.service, resource.action)
