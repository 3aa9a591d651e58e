"""What moto forgets of a REST API that is made: which media types are bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.apigateway.models import apigateway_backends

from localcloud.api import ApiCall

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


class RestApiSettings:
    """Answers CreateRestApi."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def install(self) -> None:
        """Take the operation over from moto, which still does most of the work."""
        self._cloud.api.register("apigateway", "CreateRestApi", self._create)

    def _create(self, call: ApiCall) -> dict[str, Any]:
        answer = self._cloud.api.stock(call)
        kinds = list(call.params.get("binaryMediaTypes") or ())
        backend = apigateway_backends[self._cloud.account_id][self._cloud.region]
        backend.get_rest_api(answer["id"]).binaryMediaTypes = kinds
        return {**answer, "binaryMediaTypes": kinds}
