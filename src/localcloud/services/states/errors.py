"""How a state fails: an error name that Retry and Catch look at, and a cause for people."""

from __future__ import annotations

from collections.abc import Iterable

ALL, TASK_FAILED, TIMEOUT = "States.ALL", "States.TaskFailed", "States.Timeout"
HEARTBEAT_TIMEOUT, RUNTIME = "States.HeartbeatTimeout", "States.Runtime"
DATA_LIMIT = "States.DataLimitExceeded"
PARAMETER_PATH, RESULT_PATH = "States.ParameterPathFailure", "States.ResultPathMatchFailure"
INTRINSIC, QUERY = "States.IntrinsicFailure", "States.QueryEvaluationError"
BRANCH_FAILED, NO_CHOICE = "States.BranchFailed", "States.NoChoiceMatched"
TOLERATED_EXCEEDED = "States.ExceedToleratedFailureThreshold"
ITEM_READER, RESULT_WRITER = "States.ItemReaderFailed", "States.ResultWriterFailed"
_UNCATCHABLE = (DATA_LIMIT, RUNTIME)


class StateFailed(Exception):
    """A state failed with an error name."""

    def __init__(self, error: str, cause: str = "") -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause

    @property
    def output(self) -> dict[str, str]:
        """What a catcher's state gets."""
        return {"Error": self.error, "Cause": self.cause}


class InvalidDefinition(ValueError):
    """A state machine's definition is not valid; the text is AWS's reason with the place."""


def matches(patterns: Iterable[str], failure: StateFailed) -> bool:
    """Whether a retrier or a catcher with these ErrorEquals is for a failure.

    States.TaskFailed stands for every error name but a time-out's, whichever state it comes from.
    """
    for pattern in patterns:
        if pattern == failure.error:
            return True
        if pattern == ALL and failure.error not in _UNCATCHABLE:
            return True
        if pattern == TASK_FAILED and failure.error not in (TIMEOUT, HEARTBEAT_TIMEOUT, *_UNCATCHABLE):
            return True
        if pattern == TIMEOUT and failure.error == HEARTBEAT_TIMEOUT:
            return True
    return False
