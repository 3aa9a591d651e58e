"""Deployments of HTTP APIs: a stage serves what was deployed to it, or, deploying itself, what there is."""

from __future__ import annotations

import copy
import random
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from moto.apigatewayv2.models import apigatewayv2_backends

from localcloud.api import ApiCall, ApiError

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True, slots=True)
class _Deployment:
    """`api` is a copy of moto's as it was."""

    id: str
    api: Any
    made: datetime
    description: str | None

    def described(self) -> dict[str, Any]:
        found = {
            "DeploymentId": self.id, "DeploymentStatus": "DEPLOYED", "AutoDeployed": False, "CreatedDate": self.made,
            "Description": self.description,
        }  # fmt: skip
        return {name: value for name, value in found.items() if value is not None}


class Deployments:
    """Answers the operations on deployments, which moto lacks, and says what a stage serves."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._ids: random.Random = cloud.kernel.streams["http-api/deployments"]
        self._of: WeakKeyDictionary[Any, dict[str, _Deployment]] = WeakKeyDictionary()
        self._deployed: WeakKeyDictionary[Any, _Deployment] = WeakKeyDictionary()  # by stage

    def install(self) -> None:
        """Answer the operations."""
        register = self._cloud.api.register
        register("apigatewayv2", "CreateDeployment", self._create)
        register("apigatewayv2", "GetDeployment", lambda call: self._found(call).described())
        register("apigatewayv2", "GetDeployments", self._list)
        register("apigatewayv2", "DeleteDeployment", self._delete)

    def live(self, api: Any, stage: Any) -> Any:
        """The API as a stage serves it; None when nothing has been deployed to it."""
        if stage.auto_deploy:
            return api
        deployment = self._deployed.get(stage)
        return deployment.api if deployment is not None else None

    def put(self, api: Any, stage: Any, deployment_id: str) -> None:
        """Let a stage serve a deployment. Raises ApiError."""
        found = self._of.get(api, {}).get(deployment_id)
        if found is None:
            raise ApiError("NotFoundException", f"Invalid deployment identifier specified {deployment_id}", 404)
        self._deployed[stage] = found

    def _api(self, call: ApiCall) -> Any:
        identifier = call.params["ApiId"]
        found = apigatewayv2_backends[self._cloud.account_id][self._cloud.region].apis.get(identifier)
        if found is None:
            raise ApiError("NotFoundException", f"Invalid API identifier specified {identifier}", 404)
        return found

    def _found(self, call: ApiCall) -> _Deployment:
        found = self._of.get(self._api(call), {}).get(call.params["DeploymentId"])
        if found is None:
            message = f"Invalid deployment identifier specified {call.params['DeploymentId']}"
            raise ApiError("NotFoundException", message, 404)
        return found

    def _create(self, call: ApiCall) -> dict[str, Any]:
        api, name = self._api(call), call.params.get("StageName")
        stage = api.stages.get(name) if name else None
        if name and stage is None:
            raise ApiError("NotFoundException", "Invalid stage identifier specified", 404)
        if not api.routes:
            raise ApiError("BadRequestException", "At least one route is required before deploying the Api.", 400)
        made = _Deployment(
            "".join(self._ids.choice(_LETTERS) for _ in range(6)), _as_it_is(api), self._cloud.now,
            call.params.get("Description"),
        )  # fmt: skip
        self._of.setdefault(api, {})[made.id] = made
        if stage is not None:
            self._deployed[stage] = made
        return made.described()

    def _list(self, call: ApiCall) -> dict[str, Any]:
        return {"Items": [made.described() for made in self._of.get(self._api(call), {}).values()]}

    def _delete(self, call: ApiCall) -> dict[str, Any]:
        api, found = self._api(call), self._found(call)
        if any(self._deployed.get(stage) is found for stage in api.stages.values()):
            raise ApiError("BadRequestException", "Active stages with deployments cannot be deleted.", 400)
        del self._of[api][found.id]
        return {}


def _as_it_is(api: Any) -> Any:
    """A copy that later changes of routes, integrations and authorizers do not reach."""
    kept = copy.copy(api)
    for part in ("routes", "integrations", "authorizers"):
        setattr(kept, part, {name: copy.copy(one) for name, one in getattr(api, part).items()})
    return kept
