"""The operations on stacks: each action of a caller, and each rollback, has an id of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.stacks.early_validation import Finding
from localcloud.stacks.model import Operation, Stack

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

CREATE, UPDATE, DELETE, ROLLBACK, CHANGE_SET = (
    "CREATE_STACK", "UPDATE_STACK", "DELETE_STACK", "ROLLBACK", "CREATE_CHANGESET",
)  # fmt: skip


class Operations:
    """Notes when operations begin and end. What happens to a stack meanwhile belongs to its latest operation."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._ids = cloud.kernel.streams["cloudformation/operations"]

    def begin(self, stack: Stack, kind: str, change_set_id: str = "") -> Operation:
        digits = f"{self._ids.getrandbits(128):032x}"
        operation_id = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
        operation = Operation(operation_id, kind, self._cloud.now, change_set_id)
        stack.operations.append(operation)
        return operation

    def end(self, stack: Stack, succeeded: bool, findings: tuple[Finding, ...] = ()) -> None:
        """The latest operation is over; `findings` stopped it before it made anything."""
        operation = stack.operations[-1]
        operation.ended, operation.findings = self._cloud.now, findings
        operation.status = "SUCCEEDED" if succeeded else "FAILED"
