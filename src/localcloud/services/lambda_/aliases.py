"""Versions and aliases: no two aliases of a function have one name, and what an alias needs cannot be deleted.

Source: the Lambda developer guide on weighted aliases.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiCall, ApiError
from localcloud.services.lambda_.destinations import dead_letter_target
from localcloud.services.lambda_.functions import LATEST, Functions, split_reference

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


class Aliases:
    """Answers CreateAlias and UpdateAlias, and says whether a version may be deleted.

    `moved(function, alias, version)` is told of every change of an alias.
    """

    def __init__(self, cloud: Cloud, functions: Functions, moved: Callable[[str, str, str], None]) -> None:
        self._cloud = cloud
        self._functions = functions
        self._moved = moved

    def install(self) -> None:
        """Answer the operations."""
        self._cloud.api.register("lambda", "CreateAlias", self._create)
        self._cloud.api.register("lambda", "UpdateAlias", self._update)

    def _create(self, call: ApiCall) -> dict[str, Any]:
        name, alias = split_reference(call.params["FunctionName"], None)[0], call.params["Name"]
        if alias in self._functions.aliases(name):
            arn = f"{self._functions.model(name).function_arn}:{alias}"
            raise ApiError("ResourceConflictException", f"Alias already exists: {arn}", 409, Type="User")
        self._check_routing(name, call.params["FunctionVersion"], call.params.get("RoutingConfig"))
        return self._cloud.api.stock(call)

    def _update(self, call: ApiCall) -> dict[str, Any]:
        name, alias = split_reference(call.params["FunctionName"], None)[0], call.params["Name"]
        known = self._functions.aliases(name).get(alias)
        if known is not None:
            version = call.params.get("FunctionVersion") or str(known.function_version)
            self._check_routing(name, version, call.params.get("RoutingConfig", known.routing_config))
        answer = self._cloud.api.stock(call)
        self._moved(name, alias, str(answer["FunctionVersion"]))
        return answer

    def _check_routing(self, name: str, version: str, routing: dict[str, Any] | None) -> None:
        """Two versions share an alias at most, both published, with the same role and dead-letter queue."""
        others = list((routing or {}).get("AdditionalVersionWeights") or {})
        if not others:
            return
        if len(others) > 1:
            raise _invalid("Number of items in AdditionalVersionWeights cannot be greater than 1.")
        if LATEST in (version, *others):
            raise _invalid(f"{LATEST} is not supported for an alias pointing to more than 1 version")
        if version in others:
            already = f"Function version {version} is already included in routing configuration."
            raise _invalid(f"Invalid function version {version}. {already}")
        if not _both_alike(self._functions.model(name, version), self._functions.model(name, others[0])):
            raise _invalid(
                f"Versions {version} and {others[0]} of an alias must have the same execution role and the same "
                "dead-letter queue configuration."
            )

    def check_deletion(self, name: str, qualifier: str | None) -> bool:
        """Whether there is anything to delete. Raises ApiError for what cannot be deleted by itself."""
        if qualifier is None:
            return True
        if qualifier == LATEST:
            raise _invalid("$LATEST version cannot be deleted without deleting the function.")
        users = sorted(alias for alias, model in self._functions.aliases(name).items() if qualifier in _versions(model))
        if users:
            message = f"Unable to delete version because the following aliases reference it: [{', '.join(users)}]"
            raise ApiError("ResourceConflictException", message, 409, Type="User")
        return self._functions.backend._lambdas._get_version(name, qualifier) is not None


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidParameterValueException", message, 400, Type="User")


def _versions(alias: Any) -> set[str]:
    """The versions that an alias sends requests to."""
    return {str(alias.function_version), *((alias.routing_config or {}).get("AdditionalVersionWeights") or {})}


def _both_alike(one: Any, other: Any) -> bool:
    """Whether two versions may share an alias: they have one role and one dead-letter queue, or none."""
    return bool(one.role == other.role) and dead_letter_target(one) == dead_letter_target(other)
