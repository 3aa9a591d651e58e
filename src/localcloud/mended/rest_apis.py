"""What moto forgets or mistakes of a REST API that is made or changed: which media types are bytes, and switches."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from moto.apigateway.models import apigateway_backends

from localcloud.api import ApiCall

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_BINARY, _SWITCH = "/binaryMediaTypes", "/disableExecuteApiEndpoint"


class RestApiSettings:
    """Answers CreateRestApi and UpdateRestApi."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def install(self) -> None:
        """Take the operations over from moto, which still does most of the work."""
        self._cloud.api.register("apigateway", "CreateRestApi", self._create)
        self._cloud.api.register("apigateway", "UpdateRestApi", self._update)

    def _create(self, call: ApiCall) -> dict[str, Any]:
        answer = self._cloud.api.stock(call)
        kinds = list(call.params.get("binaryMediaTypes") or ())
        self._api(answer["id"]).binaryMediaTypes = kinds
        return {**answer, "binaryMediaTypes": kinds}

    def _api(self, api_id: str) -> Any:
        return apigateway_backends[self._cloud.account_id][self._cloud.region].get_rest_api(api_id)

    def _update(self, call: ApiCall) -> dict[str, Any]:
        """The path of a patch names the media type, and a switch is on or off; moto has it otherwise."""
        patches = call.params.get("patchOperations") or []
        ours = [one for one in patches if one["path"].startswith((_BINARY, _SWITCH))]
        others = [one for one in patches if one not in ours]
        answer = self._cloud.api.stock(replace(call, params={**call.params, "patchOperations": others}))
        api = self._api(call.params["restApiId"])
        for one in ours:
            if one["path"].startswith(_SWITCH):
                api.disableExecuteApiEndpoint = str(one.get("value")).lower() == "true"
            else:
                _patch_media_types(api.binaryMediaTypes, one)
        shown = {"binaryMediaTypes": list(api.binaryMediaTypes)}
        return {**answer, **shown, "disableExecuteApiEndpoint": api.disableExecuteApiEndpoint}


def _patch_media_types(kinds: list[str], patch: dict[str, Any]) -> None:
    """Carry out one operation, such as add /binaryMediaTypes/image~1png."""
    value = patch.get("value")
    named = patch["path"].removeprefix(_BINARY).lstrip("/").replace("~1", "/").replace("~0", "~")
    if patch["op"] in ("remove", "replace") and named in kinds:
        kinds.remove(named)
    new = value if patch["op"] == "replace" else named or value if patch["op"] == "add" else None
    if new and new not in kinds:
        kinds.append(new)
