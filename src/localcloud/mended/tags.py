"""Tags that moto keeps beside what they belong to: those of stages, and of log groups that are gone."""

from __future__ import annotations

import re
from typing import Any

from moto.apigatewayv2.models import ApiGatewayV2Backend
from moto.logs.models import LogsBackend

from localcloud.patching import Patches

_STAGE = re.compile(r"^arn:aws:apigateway:[^:]*::/apis/([^/]+)/stages/([^/]+)$")


def install(patches: Patches) -> None:
    """Mend both until the patches are undone."""
    delete, tag = LogsBackend.delete_log_group, ApiGatewayV2Backend.tag_resource
    untag = ApiGatewayV2Backend.untag_resource

    def delete_log_group(backend: Any, log_group_name: str) -> None:
        """A group that is made anew has no tags of the old one."""
        group = backend.groups.get(log_group_name)
        delete(backend, log_group_name)
        backend.tagger.delete_all_tags_for_resource(group.arn)

    def tag_resource(backend: Any, resource_arn: str, tags: dict[str, str]) -> None:
        stage = _stage(backend, resource_arn)
        if stage is None:
            tag(backend, resource_arn, tags)
        else:
            stage.tags = {**(stage.tags or {}), **tags}

    def untag_resource(backend: Any, resource_arn: str, tag_keys: list[str]) -> None:
        stage = _stage(backend, resource_arn)
        if stage is None:
            untag(backend, resource_arn, tag_keys)
        else:
            stage.tags = {name: value for name, value in (stage.tags or {}).items() if name not in tag_keys}

    patches.set(LogsBackend, "delete_log_group", delete_log_group)
    patches.set(ApiGatewayV2Backend, "tag_resource", tag_resource)
    patches.set(ApiGatewayV2Backend, "untag_resource", untag_resource)


def _stage(backend: Any, arn: str) -> Any:
    found = _STAGE.match(arn)
    return backend.get_stage(*found.groups()) if found else None
