"""Versions and aliases: no two aliases of a function have one name, and what an alias needs cannot be deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.api import ApiCall, ApiError
from localcloud.services.lambda_.functions import LATEST, Functions, split_reference

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


class Aliases:
    """Answers CreateAlias, and says whether a version may be deleted."""

    def __init__(self, cloud: Cloud, functions: Functions) -> None:
        self._cloud = cloud
        self._functions = functions

    def install(self) -> None:
        """Answer the operation."""
        self._cloud.api.register("lambda", "CreateAlias", self._create)

    def _create(self, call: ApiCall) -> dict[str, Any]:
        name, alias = split_reference(call.params["FunctionName"], None)[0], call.params["Name"]
        if alias in self._functions.aliases(name):
            arn = f"{self._functions.model(name).function_arn}:{alias}"
            raise ApiError("ResourceConflictException", f"Alias already exists: {arn}", 409, Type="User")
        return self._cloud.api.stock(call)

    def check_deletion(self, name: str, qualifier: str | None) -> bool:
        """Whether there is anything to delete. Raises ApiError for what cannot be deleted by itself."""
        if qualifier is None:
            return True
        if qualifier == LATEST:
            message = "$LATEST version cannot be deleted without deleting the function."
            raise ApiError("InvalidParameterValueException", message, 400, Type="User")
        users = sorted(alias for alias, model in self._functions.aliases(name).items() if qualifier in _versions(model))
        if users:
            message = f"Unable to delete version because the following aliases reference it: [{', '.join(users)}]"
            raise ApiError("ResourceConflictException", message, 409, Type="User")
        return self._functions.backend._lambdas._get_version(name, qualifier) is not None


def _versions(alias: Any) -> set[str]:
    """The versions that an alias sends requests to."""
    return {str(alias.function_version), *((alias.routing_config or {}).get("AdditionalVersionWeights") or {})}
