"""What a resource type knows: its properties, and how it is made, changed and deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol


class ResourceFailed(Exception):
    """A resource could not be made or changed. `args[0]` is the reason; `made` is what stands all the same."""

    def __init__(self, reason: str, made: Made | None = None) -> None:
        super().__init__(reason)
        self.made = made


@dataclass(frozen=True, slots=True)
class Made:
    """A resource that stands: what Ref gives, and what Fn::GetAtt can ask for."""

    physical_id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


class Callback(Protocol):
    """A URL that takes one answer."""

    url: str
    request_id: str

    def answer(self, timeout_s: int) -> Mapping[str, Any] | None:
        """What was sent to the URL; None when nothing came in time. Takes virtual time."""


def _no_wait(ready: Callable[[], bool]) -> None:
    """For resources that are ready at once."""


@dataclass(frozen=True, slots=True)
class Making:
    """One resource to be made or changed, with every intrinsic function worked out.

    `client` gives a boto3 client; `generated_name(limit)` the name CloudFormation makes up when none is given;
    `wait_until(ready)` lets time pass until a resource that takes its time is ready. `stack_id`, `logical_id` and
    `type_name` say which resource it is, `capabilities` what was acknowledged for its stack; `callback()` opens a URL
    that a custom resource answers to. `update_policy` is the resource's UpdatePolicy, while it is updated.
    """

    client: Callable[[str], Any]
    properties: Mapping[str, Any]
    tags: Mapping[str, str]
    region: str
    account_id: str
    generated_name: Callable[[int], str]
    wait_until: Callable[[Callable[[], bool]], None] = _no_wait
    stack_id: str = ""
    logical_id: str = ""
    type_name: str = ""
    capabilities: tuple[str, ...] = ()
    callback: Callable[[], Callback] | None = None
    update_policy: Mapping[str, Any] = field(default_factory=dict)

    def name(self, property_name: str, limit: int = 64) -> str:
        """The name that the template gives, or a generated one."""
        given = self.properties.get(property_name)
        return str(given) if given else self.generated_name(limit)

    def all_tags(self) -> dict[str, str]:
        """The stack's tags and the resource's own, which win."""
        own = self.properties.get("Tags") or {}
        if isinstance(own, list):
            own = {tag["Key"]: tag["Value"] for tag in own}
        return {**self.tags, **own}

    def tag_list(self) -> list[dict[str, str]]:
        return [{"Key": key, "Value": str(value)} for key, value in self.all_tags().items()]


class ResourceType:
    """Base of all types: a change of any property replaces the resource.

    Class attributes:
        name: "AWS::Service::Thing".
        properties: every property CloudFormation takes.
        required: those that must be there.
        attributes: every attribute that Fn::GetAtt can ask for, once it is made.
        custom_name: the property that names the resource, "" when none does.
        validated_early: whether CloudFormation looks at its properties before an operation makes anything.
        always_updated: whether an update looks at it even when its properties stay.
    """

    name = ""
    properties: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()
    custom_name = ""
    validated_early = True
    always_updated = False

    def strange(self, properties: Mapping[str, Any]) -> list[str]:
        """The properties it does not take."""
        return sorted(set(properties) - self.properties)

    def has_attribute(self, attribute: str) -> bool:
        """Whether Fn::GetAtt may ask for it. A resource can lack it all the same: a table has no stream at first."""
        return attribute in self.attributes

    def create(self, making: Making) -> Made:
        """Make it. Raises botocore's ClientError with the service's reason."""
        raise NotImplementedError

    def must_replace(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
        """Whether the change needs a new resource."""
        return True

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        """Change it in place; called when `must_replace` says no."""
        raise NotImplementedError

    def delete(self, making: Making, made: Made) -> None:
        """Delete it."""
        raise NotImplementedError


class Updatable(ResourceType):
    """A type that can be changed in place unless one of `replacing` changes."""

    replacing: frozenset[str] = frozenset()

    def must_replace(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
        return any(old.get(name) != new.get(name) for name in self.replacing)


def names(text: str) -> frozenset[str]:
    """The words of `text`: keeps long lists of properties readable."""
    return frozenset(text.split())


def chosen(properties: Mapping[str, Any], wanted: str) -> dict[str, Any]:
    """The members of `properties` named in `wanted` that are there."""
    return {name: properties[name] for name in wanted.split() if name in properties}


def as_bool(value: Any) -> bool:
    """CloudFormation takes "true" for true."""
    return value if isinstance(value, bool) else str(value).lower() == "true"


def timestamp(moment: datetime) -> str:
    """A time as attributes give it, in UTC: "2025-12-24T08:00:00Z"."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def lower_first(value: Any) -> Any:
    """Members renamed from "Name" to "name", at every depth: some APIs spell them so."""
    if isinstance(value, Mapping):
        return {key[:1].lower() + key[1:]: lower_first(inner) for key, inner in value.items()}
    return [lower_first(item) for item in value] if isinstance(value, list) else value
