"""Carrying a template out: create, update, delete, and roll back what fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from localcloud.stacks.callbacks import Callbacks
from localcloud.stacks.dynamic_references import DynamicReferences
from localcloud.stacks.early_validation import Finding, failure, findings, summary
from localcloud.stacks.existing import Existing, already_there
from localcloud.stacks.model import Request, Resource, Stack
from localcloud.stacks.operations import DELETE, ROLLBACK, Operations
from localcloud.stacks.parsing import TemplateError, as_text
from localcloud.stacks.types import Made, Making, ResourceFailed, known_type

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_PATIENCE_S = 7_200
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class Deployment:
    """Brings stacks to what was asked for. Its methods run in a task and take virtual time."""

    def __init__(
        self,
        cloud: Cloud,
        operations: Operations,
        existing: Existing,
        check_exports: Callable[[Stack, dict[str, tuple[str, str, str]]], None],
    ) -> None:
        self._cloud = cloud
        self._operations = operations
        self._check_exports = check_exports
        self._step_us = round(cloud.facts.value("model.cloudformation.resource") * 1e6)
        self._ids = cloud.kernel.streams["cloudformation/ids"]
        self._callbacks = Callbacks(cloud)
        self._dynamic = DynamicReferences(cloud.client)
        self._existing = existing

    @property
    def _now(self) -> datetime:
        return self._cloud.now

    # -- the three things that happen to a stack -----------------------------------------------

    def create(self, stack: Stack, request: Request) -> None:
        """Make every resource; on failure delete what was made, or as `on_failure` says."""
        self._set(stack, "CREATE_IN_PROGRESS", "User Initiated")
        stack.request = request
        found = findings(request, stack, self._existing)
        try:
            _stop(found)
            for logical_id in request.template.order:
                self._create(stack, request, logical_id)
            self._set_outputs(stack, request)
        except (ResourceFailed, TemplateError) as exc:
            self._create_failed(stack, request, exc, found)
            return
        self._set(stack, "CREATE_COMPLETE")
        self._operations.end(stack, True)

    def _create_failed(self, stack: Stack, request: Request, exc: Exception, found: tuple[Finding, ...]) -> None:
        failed = [name for name, resource in stack.resources.items() if resource.status == "CREATE_FAILED"]
        reason = f"The following resource(s) failed to create: [{', '.join(failed)}]." if failed else str(exc)
        if request.on_failure == "DO_NOTHING":
            self._set(stack, "CREATE_FAILED", reason)
            self._operations.end(stack, False, found)
            return
        self._operations.end(stack, False, found)
        deleting = request.on_failure == "DELETE"
        self._operations.begin(stack, DELETE if deleting else ROLLBACK)
        status = "DELETE_IN_PROGRESS" if deleting else "ROLLBACK_IN_PROGRESS"
        self._set(stack, status, f"{reason} Rollback requested by user.")
        clean = self._delete_all(stack, list(stack.resources))
        if deleting:
            stack.deleted = self._now
        done = "DELETE" if deleting else "ROLLBACK"
        self._set(stack, f"{done}_COMPLETE" if clean else f"{done}_FAILED")
        self._operations.end(stack, clean)

    def update(self, stack: Stack, request: Request) -> None:
        """Change the stack; on failure go back to what stood before."""
        before_request, before = stack.request, dict(stack.resources)
        self._set(stack, "UPDATE_IN_PROGRESS", "User Initiated")
        replaced: list[Resource] = []
        found = findings(request, stack, self._existing)
        try:
            _stop(found)
            for logical_id in request.template.order:
                if stack.cancelled:
                    raise TemplateError("User Initiated")
                self._update(stack, request, logical_id, replaced)
            self._set_outputs(stack, request)
        except (ResourceFailed, TemplateError) as exc:
            self._operations.end(stack, False, found)
            self._operations.begin(stack, ROLLBACK)
            self._update_failed(stack, before_request, before, exc)
            return
        stack.request, stack.updated = request, self._now
        self._set(stack, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        for resource in reversed(replaced):
            self._delete(stack, resource)
        self._delete_all(stack, [name for name in stack.resources if name not in request.template.resources])
        self._set(stack, "UPDATE_COMPLETE")
        self._operations.end(stack, True)

    def _update_failed(
        self, stack: Stack, request: Request | None, before: dict[str, Resource], exc: Exception
    ) -> None:
        failed = [name for name, resource in stack.resources.items() if resource.status.endswith("_FAILED")]
        reason = f"The following resource(s) failed to update: [{', '.join(failed)}]. " if failed else f"{exc}"
        self._set(stack, "UPDATE_ROLLBACK_IN_PROGRESS", reason)
        changed = [name for name, resource in stack.resources.items() if resource is not before.get(name)]
        clean = True
        for name in reversed(changed):
            now, old = stack.resources[name], before.get(name)
            if old is None or old.made.physical_id != now.made.physical_id:
                clean = self._delete(stack, now) and clean
            elif now.properties != old.properties:
                clean = self._change_back(stack, now, old) and clean
            if old is None:
                del stack.resources[name]
            else:
                stack.resources[name] = old
        stack.request = request
        self._set(stack, "UPDATE_ROLLBACK_COMPLETE" if clean else "UPDATE_ROLLBACK_FAILED")
        self._operations.end(stack, clean)

    def _change_back(self, stack: Stack, now: Resource, old: Resource) -> bool:
        assert stack.request is not None
        try:
            making = self._making(stack, stack.request, old, old.properties)
            self._ask(lambda: known_type(old.type).update(making, now.made, now.properties))
        except ResourceFailed as exc:
            self._note(stack, replace(old, status="UPDATE_FAILED", reason=str(exc)))
            return False
        return True

    def delete(self, stack: Stack) -> None:
        """Delete every resource that is not retained."""
        self._set(stack, "DELETE_IN_PROGRESS", "User Initiated")
        if self._delete_all(stack, list(stack.resources)):
            stack.deleted = self._now
            self._set(stack, "DELETE_COMPLETE")
            self._operations.end(stack, True)
            return
        failed = [name for name, resource in stack.resources.items() if resource.status == "DELETE_FAILED"]
        self._set(stack, "DELETE_FAILED", f"The following resource(s) failed to delete: [{', '.join(failed)}]. ")
        self._operations.end(stack, False)

    # -- one resource --------------------------------------------------------------------------

    def _create(self, stack: Stack, request: Request, logical_id: str) -> None:
        described = request.template.resources[logical_id]
        keep = request.template.scope.resolve(described.get("DeletionPolicy")) == "Retain"
        resource = Resource(logical_id, described["Type"], "CREATE_IN_PROGRESS", self._now, Made(""), {}, keep=keep)
        self._note(stack, resource)
        self._cloud.kernel.sleep(self._step_us)
        try:
            _check_resource(logical_id, described)
            resource.properties = self._properties(request, logical_id)
            name = self._existing.taken(resource.type, resource.properties)
            if name:
                raise ResourceFailed(already_there(resource.type, name))
            making = self._making(stack, request, resource, resource.properties)
            resource.made = self._ask(lambda: known_type(resource.type).create(making))
        except (ResourceFailed, TemplateError) as exc:
            if isinstance(exc, ResourceFailed) and exc.made is not None:
                resource.made = exc.made  # it failed, and has to be deleted all the same
            resource.status, resource.reason = "CREATE_FAILED", str(exc)
            self._note(stack, resource)
            raise
        resource.status = "CREATE_COMPLETE"
        self._known(request, resource)
        self._note(stack, resource)

    def _update(self, stack: Stack, request: Request, logical_id: str, replaced: list[Resource]) -> None:
        old = stack.resources.get(logical_id)
        if old is None:
            self._create(stack, request, logical_id)
            return
        described = request.template.resources[logical_id]
        properties = self._properties(request, logical_id)
        kind = known_type(described["Type"])
        if old.type == described["Type"] and old.properties == properties and not kind.always_updated:
            self._known(request, old)
            return
        if old.type != described["Type"] or kind.must_replace(old.properties, properties):
            named = kind.custom_name and properties.get(kind.custom_name)
            if named and named == old.properties.get(kind.custom_name):
                self._fail(
                    stack, old,
                    "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
                    f"Rename {named} and update the stack again.",
                )  # fmt: skip
            if described.get("UpdateReplacePolicy") != "Retain":
                replaced.append(old)
            self._create(stack, request, logical_id)
            return
        resource = replace(old, status="UPDATE_IN_PROGRESS", at=self._now, properties=properties, reason="")
        self._note(stack, resource)
        self._cloud.kernel.sleep(self._step_us)
        policy = request.template.scope.resolve(described.get("UpdatePolicy") or {})
        making = replace(self._making(stack, request, old, properties), update_policy=policy)
        try:
            _check_resource(logical_id, described)
            resource.made = self._ask(lambda: kind.update(making, old.made, old.properties))
        except ResourceFailed as exc:
            self._fail(stack, resource, str(exc))
        if resource.made.physical_id != old.made.physical_id:  # a custom resource that another one has taken over
            replaced.append(old)
        resource.status = "UPDATE_COMPLETE"
        self._known(request, resource)
        self._note(stack, resource)

    def _fail(self, stack: Stack, resource: Resource, reason: str) -> None:
        self._note(stack, replace(resource, status="UPDATE_FAILED", at=self._now, reason=reason))
        raise ResourceFailed(reason)

    def _delete_all(self, stack: Stack, names: Iterable[str]) -> bool:
        """Whether all of them are gone. What was made last goes first."""
        clean = True
        for name in reversed(list(names)):
            if self._delete(stack, stack.resources[name]):
                del stack.resources[name]
            else:
                clean = False
        return clean

    def _delete(self, stack: Stack, resource: Resource) -> bool:
        if not resource.made.physical_id:
            return True
        assert stack.request is not None
        if resource.keep:
            stack.event(replace(resource, status="DELETE_SKIPPED"), self._now)
            return True
        stack.event(replace(resource, status="DELETE_IN_PROGRESS", reason=""), self._now)
        self._cloud.kernel.sleep(self._step_us)
        making = self._making(stack, stack.request, resource, resource.properties)
        try:
            self._ask(lambda: known_type(resource.type).delete(making, resource.made))
        except ResourceFailed as exc:
            resource.status, resource.reason = "DELETE_FAILED", str(exc)
            stack.event(resource, self._now)
            return False
        stack.event(replace(resource, status="DELETE_COMPLETE", reason=""), self._now)
        return True

    # -- helpers -------------------------------------------------------------------------------

    def _properties(self, request: Request, logical_id: str) -> dict[str, Any]:
        described = request.template.resources[logical_id]
        resolved = request.template.scope.resolve(described.get("Properties") or {})
        found: dict[str, Any] = self._dynamic.resolve(resolved, f"{described['Type']}/Properties")
        return found

    def _known(self, request: Request, resource: Resource) -> None:
        """From now on Ref and Fn::GetAtt find the resource."""
        made = resource.made
        request.template.scope.resources[resource.logical_id] = (made.physical_id, made.attributes)

    def _making(self, stack: Stack, request: Request, resource: Resource, properties: Any) -> Making:
        logical_id = resource.logical_id
        own = {
            **request.tags,
            "aws:cloudformation:stack-name": stack.name,
            "aws:cloudformation:logical-id": logical_id,
        }
        return Making(
            client=self._cloud.client,
            properties=properties,
            tags=own,
            region=self._cloud.region,
            account_id=self._cloud.account_id,
            generated_name=lambda limit: self._generated(stack.name, logical_id, limit),
            wait_until=lambda ready: self._wait_until(ready, logical_id),
            stack_id=stack.id,
            logical_id=logical_id,
            type_name=resource.type,
            capabilities=request.capabilities,
            callback=lambda: self._callbacks.open(stack.id, logical_id),
        )

    def _wait_until(self, ready: Callable[[], bool], logical_id: str) -> None:
        if not self._cloud.wait_until(ready, _PATIENCE_S):
            raise ResourceFailed(f"{logical_id} did not stabilize within {_PATIENCE_S} s (NotStabilized)")

    def _generated(self, stack_name: str, logical_id: str, limit: int) -> str:
        suffix = "".join(self._ids.choice(_LETTERS) for _ in range(12))
        room = limit - len(suffix) - 2
        part = logical_id[: max(24, room - len(stack_name))]
        return f"{stack_name[: room - len(part)]}-{part}-{suffix}"

    def _ask(self, call: Callable[[], Any]) -> Any:
        """Raises ResourceFailed with the service's own words."""
        try:
            return call()
        except ClientError as exc:
            error, metadata = exc.response["Error"], exc.response.get("ResponseMetadata", {})
            raise ResourceFailed(
                f"{error.get('Message', '')} (Code: {error.get('Code', '')}, Status Code: "
                f"{metadata.get('HTTPStatusCode', '')})"
            ) from exc
        except (BotoCoreError, KeyError, ValueError) as exc:
            raise ResourceFailed(f"Invalid properties: {type(exc).__name__}: {exc}") from exc

    def _set_outputs(self, stack: Stack, request: Request) -> None:
        scope = request.template.scope
        outputs = {
            name: (
                as_text(scope.resolve(output["Value"])),
                output.get("Description", ""),
                as_text(scope.resolve(output["Export"]["Name"])) if "Export" in output else "",
            )
            for name, output in request.template.outputs.items()
        }
        self._check_exports(stack, outputs)
        stack.outputs = outputs

    def _set(self, stack: Stack, status: str, reason: str = "") -> None:
        stack.status, stack.reason = status, reason
        stack.event(None, self._now)

    def _note(self, stack: Stack, resource: Resource) -> None:
        resource.at = self._now
        stack.resources[resource.logical_id] = resource
        stack.event(resource, self._now)


def _stop(found: tuple[Finding, ...]) -> None:
    """Raises TemplateError when there are findings, before anything is made."""
    if found:
        raise TemplateError(summary(found))


def _check_resource(logical_id: str, described: Mapping[str, Any]) -> None:
    """Raises ResourceFailed for properties that nobody has looked at before."""
    wrong = failure(logical_id, described)
    if wrong:
        raise ResourceFailed(wrong)
