"""What CloudFormation remembers: stacks, their resources and events, change sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from localcloud.stacks.early_validation import Finding
from localcloud.stacks.parsing import TemplateError
from localcloud.stacks.template import Template
from localcloud.stacks.types import Made

IN_REVIEW = "REVIEW_IN_PROGRESS"
# what a stack must be in to be updated
UPDATABLE = frozenset(
    {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"}
)


@dataclass(slots=True)
class Resource:
    """A resource of a stack. `properties` are those it was made with, fully worked out."""

    logical_id: str
    type: str
    status: str
    at: datetime
    made: Made
    properties: Mapping[str, Any]
    reason: str = ""
    keep: bool = False  # DeletionPolicy: Retain


@dataclass(slots=True)
class Operation:
    """Something that was done with a stack, or is under way. `findings` stopped it before it made anything."""

    id: str
    kind: str
    started: datetime
    change_set_id: str = ""
    ended: datetime | None = None
    status: str = "IN_PROGRESS"
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class StackEvent:
    """One line of DescribeStackEvents."""

    number: int
    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str
    at: datetime
    operation_id: str


@dataclass(frozen=True, slots=True)
class Change:
    """What a change set would do with one resource. `action` is Add, Modify or Remove."""

    action: str
    logical_id: str
    physical_id: str
    type: str
    replacement: str = ""


@dataclass(slots=True)
class Request:
    """What was asked for: a processed template with everything around it."""

    text: str
    template: Template
    tags: Mapping[str, str]
    capabilities: tuple[str, ...]
    description: str
    on_failure: str = "ROLLBACK"
    validated: bool = True  # its properties are looked at before anything is made


@dataclass(slots=True)
class ChangeSet:
    name: str
    id: str
    kind: str
    created: datetime
    status: str
    execution_status: str
    reason: str = ""
    request: Request | None = None
    changes: tuple[Change, ...] = ()


@dataclass(slots=True)
class Stack:
    name: str
    id: str
    created: datetime
    status: str
    reason: str = ""
    updated: datetime | None = None
    deleted: datetime | None = None
    request: Request | None = None
    resources: dict[str, Resource] = field(default_factory=dict)
    outputs: dict[str, tuple[str, str, str]] = field(default_factory=dict)  # value, description, export name
    events: list[StackEvent] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    change_sets: dict[str, ChangeSet] = field(default_factory=dict)
    protected: bool = False  # termination protection
    cancelled: bool = False  # the update under way is to be rolled back

    def event(self, resource: Resource | None, at: datetime) -> None:
        """Note the state of a resource, or of the stack itself."""
        number, operation_id = len(self.events), self.operations[-1].id
        if resource is None:
            kind = "AWS::CloudFormation::Stack"
            line = StackEvent(number, self.name, self.id, kind, self.status, self.reason, at, operation_id)
        else:
            line = StackEvent(
                number, resource.logical_id, resource.made.physical_id, resource.type, resource.status,
                resource.reason, at, operation_id,
            )  # fmt: skip
        self.events.append(line)


def check_updatable(stack: Stack) -> None:
    """Raises TemplateError when the stack is in a state in which it cannot be updated."""
    if stack.status not in UPDATABLE:
        raise TemplateError(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")
