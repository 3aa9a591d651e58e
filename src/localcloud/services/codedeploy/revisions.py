"""Revisions of Lambda deployments: an AppSpec file that says which alias goes from which version to which."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from localcloud.api import ApiError

BEFORE, ALLOW, AFTER = "BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic"


@dataclass(frozen=True, slots=True)
class Change:
    """`hooks` are functions by lifecycle event."""

    function: str
    alias: str
    current: str
    target: str
    hooks: Mapping[str, str]

    def back(self) -> Change:
        """What takes the alias back, without asking anybody."""
        return Change(self.function, self.alias, self.target, self.current, {})

    def revision(self) -> dict[str, Any]:
        """As CreateDeployment takes it."""
        properties = {
            "Name": self.function, "Alias": self.alias, "CurrentVersion": self.current, "TargetVersion": self.target,
        }  # fmt: skip
        content = json.dumps(
            {
                "version": 0.0,
                "Resources": [{self.function: {"Type": "AWS::Lambda::Function", "Properties": properties}}],
                "Hooks": [{event: function} for event, function in self.hooks.items()],
            }
        )
        sha256 = hashlib.sha256(content.encode()).hexdigest()
        return {"revisionType": "AppSpecContent", "appSpecContent": {"content": content, "sha256": sha256}}


def parse(revision: Mapping[str, Any], fetch: Callable[[str, str], str]) -> Change:
    """The change that a revision describes; `fetch(bucket, key)` reads an AppSpec file. Raises ApiError."""
    if not revision:
        raise ApiError("RevisionRequiredException", "Revision is required")
    if "appSpecContent" in revision:
        text = revision["appSpecContent"].get("content", "")
    elif "string" in revision:
        text = revision["string"].get("content", "")
    elif "s3Location" in revision:
        text = fetch(revision["s3Location"]["bucket"], revision["s3Location"]["key"])
    else:
        raise _invalid("Lambda deployments take an AppSpec file, from S3 or as content.")
    try:
        spec = yaml.safe_load(text)
    except yaml.YAMLError as exc:
        raise _invalid(f"The AppSpec file cannot be read: {exc}") from None
    return _change(spec)


def _change(spec: Any) -> Change:
    sections = {str(name).lower(): value for name, value in spec.items()} if isinstance(spec, Mapping) else {}
    resources = sections.get("resources")
    if not isinstance(resources, list) or len(resources) != 1 or len(resources[0]) != 1:
        raise _invalid("The AppSpec file must have exactly one resource.")
    ((_, resource),) = resources[0].items()
    properties = resource.get("Properties") or {}
    missing = [name for name in ("Name", "Alias", "CurrentVersion", "TargetVersion") if not properties.get(name)]
    if resource.get("Type") != "AWS::Lambda::Function":
        raise _invalid(f"The AppSpec file's resource must be an AWS::Lambda::Function, found {resource.get('Type')}.")
    if missing:
        raise _invalid(f"The AppSpec file's function has no {', '.join(missing)}.")
    hooks = {event: str(function) for hook in sections.get("hooks") or () for event, function in hook.items()}
    strange = sorted(set(hooks) - {BEFORE, AFTER})
    if strange:
        raise _invalid(f"Lambda deployments have no hook {strange[0]}.")
    current, target = str(properties["CurrentVersion"]), str(properties["TargetVersion"])
    return Change(properties["Name"], properties["Alias"], current, target, hooks)


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidRevisionException", message)
