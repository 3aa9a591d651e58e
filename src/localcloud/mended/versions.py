"""Versions and aliases: moto counts the versions that are left, Lambda never gives a number out twice."""

from __future__ import annotations

import copy
from typing import Any

from moto.awslambda.models import LambdaAlias, LambdaStorage

from localcloud.patching import Patches

_NUMBERS_KEY = "_localcloud_version_numbers"  # how many were given out: stands on moto's $LATEST


def install(patches: Patches) -> None:
    """Let moto's functions number their versions so until the patches are undone."""

    def publish_version(storage: Any, name_or_arn: str, description: str = "") -> Any:
        latest = storage.get_function_by_name_or_arn_forbid_qualifier(name_or_arn)
        versions = storage._functions[latest.function_name]["versions"]
        last = last_published(latest, versions)
        if last is not None:
            return last
        latest.code_or_config_updated = False
        made = copy.copy(latest)
        made.set_version(next_number(latest))
        if description:
            made.description = description
        versions.append(made)
        storage._arns[made.function_arn] = made
        return made

    described = LambdaAlias.to_json

    def to_json(alias: Any) -> dict[str, Any]:
        """Without a RoutingConfig that routes nothing."""
        found: dict[str, Any] = described(alias)
        if not (found["RoutingConfig"] or {}).get("AdditionalVersionWeights"):
            del found["RoutingConfig"]
        return found

    patches.set(LambdaStorage, "publish_version", publish_version)
    patches.set(LambdaAlias, "to_json", to_json)


def last_published(latest: Any, versions: list[Any]) -> Any | None:
    """The version that was published last, when it still stands and $LATEST has not changed since."""
    number = latest.__dict__.get(_NUMBERS_KEY, 0)
    if latest.code_or_config_updated:
        return None
    return next((version for version in versions if str(version.version) == str(number)), None)


def next_number(latest: Any) -> int:
    """The number of the version that is published now; it is given out with this."""
    number: int = latest.__dict__.get(_NUMBERS_KEY, 0) + 1
    latest.__dict__[_NUMBERS_KEY] = number
    return number
