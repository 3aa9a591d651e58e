"""Access logs of API stages: one line a request, in the format that the stage gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from localcloud.services.variables import substituted

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


def write_access_log(cloud: Cloud, settings: Mapping[str, Any] | None, context: Mapping[str, Any], stream: str) -> None:
    """Write a request's line to the log group of `settings` (destinationArn, format); none without them.

    A variable that has no value is written as "-".
    """
    if not settings or not settings.get("destinationArn") or not settings.get("format"):
        return
    group = settings["destinationArn"].split(":log-group:", 1)[-1].removesuffix(":*")
    line = substituted(settings["format"], context, {}, "-")
    cloud.logs.put(group, stream, [(cloud.kernel.unix_us // 1_000, line)], vended=True)
