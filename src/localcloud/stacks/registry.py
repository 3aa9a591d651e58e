"""The stacks of an account: found by name or id, and what they export to one another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.stacks.model import Stack
from localcloud.stacks.parsing import TemplateError

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


class Stacks:
    """All stacks that there ever were: deleted ones can be described for a while by their id."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._ids = cloud.kernel.streams["cloudformation/uuids"]
        self.all: list[Stack] = []

    def add(self, name: str, status: str) -> Stack:
        """A new stack, which stands from now on."""
        stack = self.new(name, status)
        self.all.append(stack)
        return stack

    def new(self, name: str, status: str) -> Stack:
        """A new stack that nobody can find yet."""
        return Stack(name, self.arn("stack", name), self._cloud.now, status)

    def arn(self, kind: str, name: str) -> str:
        """The ARN of a new stack or change set."""
        digits = f"{self._ids.getrandbits(128):032x}"
        uuid = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
        return f"arn:aws:cloudformation:{self._cloud.region}:{self._cloud.account_id}:{kind}/{name}/{uuid}"

    def find(self, reference: str, unknown: str = "Stack with id {} does not exist") -> Stack:
        """A stack by name, or by id when it is gone. Raises TemplateError, worded as the operation words it."""
        for stack in reversed(self.all):
            if stack.id == reference or (stack.name == reference and stack.deleted is None):
                return stack
        raise TemplateError(unknown.format(reference))

    def existing(self, reference: str) -> Stack:
        """A stack that is to be changed. Raises TemplateError."""
        found = self.standing(reference)
        if found is None:
            raise TemplateError(f"Stack [{reference}] does not exist")
        return found

    def standing(self, reference: str) -> Stack | None:
        """A stack that is not deleted, by name or id; None when there is none."""
        return next((s for s in self.all if s.deleted is None and reference in (s.name, s.id)), None)

    # -- exports -------------------------------------------------------------------------------

    def exports(self) -> dict[str, str]:
        """The value of every export, by its name."""
        return {name: value for name, (_, value) in self.exported().items()}

    def exported(self) -> dict[str, tuple[Stack, str]]:
        """The stack and the value of every export, by its name."""
        return {
            export: (stack, value)
            for stack in self.all
            if stack.deleted is None
            for value, _, export in stack.outputs.values()
            if export
        }

    def importers(self, export: str) -> list[Stack]:
        """The stacks that import a value."""
        return [
            stack
            for stack in self.all
            if stack.deleted is None and stack.request and export in stack.request.template.scope.imported
        ]

    def check_exports(self, stack: Stack, outputs: dict[str, tuple[str, str, str]]) -> None:
        """Whether the stack may have these outputs. Raises TemplateError.

        No two stacks export the same name, and what somebody imports neither changes nor goes away.
        """
        others = {name: other for name, (other, _) in self.exported().items() if other is not stack}
        new = {export: value for value, _, export in outputs.values() if export}
        for export in new:
            if export in others:
                raise TemplateError(f"Export with name {export} is already exported by stack {others[export].name}")
        for value, _, export in stack.outputs.values():
            if export and new.get(export) != value:
                users = [user.name for user in self.importers(export) if user is not stack]
                if users:
                    done = "updated" if export in new else "deleted"
                    raise TemplateError(f"Export {export} cannot be {done} as it is in use by {_listed(users)}")


def _listed(names: list[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
