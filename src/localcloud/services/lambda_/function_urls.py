"""Function URLs: one for a function, and one for each of its aliases; moto has the first kind only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.awslambda.models import FunctionUrlConfig

from localcloud.api import ApiCall, ApiError
from localcloud.services.lambda_.functions import LATEST, Functions, split_reference

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_ALIAS_KEY = "_localcloud_url"  # the URL of an alias stands on moto's alias
_PATTERN = r"((?!^\d+$)^[0-9a-zA-Z-_]+$)"
_CHANGEABLE = ("AuthType", "Cors", "InvokeMode")


@dataclass(frozen=True, slots=True)
class FunctionUrl:
    """A URL: `arn` is what it invokes, `config` moto's FunctionUrlConfig."""

    function: Any
    arn: str
    config: Any


class FunctionUrlConfigs:
    """Answers the operations on them."""

    def __init__(self, cloud: Cloud, functions: Functions) -> None:
        self._cloud = cloud
        self._functions = functions

    def install(self) -> None:
        """Answer the operations."""
        register = self._cloud.api.register
        register("lambda", "CreateFunctionUrlConfig", self._create)
        register("lambda", "GetFunctionUrlConfig", self._get)
        register("lambda", "UpdateFunctionUrlConfig", self._update)
        register("lambda", "DeleteFunctionUrlConfig", self._delete)
        register("lambda", "ListFunctionUrlConfigs", self._list)

    def find(self, host: str) -> FunctionUrl | None:
        """The URL with this host."""
        for function in self._functions.backend.list_functions():
            for url in self._of(function):
                if host in url.config.url:
                    return url
        return None

    def _of(self, function: Any) -> Iterator[FunctionUrl]:
        """The URLs of a function, its own first."""
        if function.url_config is not None:
            yield FunctionUrl(function, function.function_arn, function.url_config)
        for alias, model in sorted(self._functions.aliases(function.function_name).items()):
            if model.__dict__.get(_ALIAS_KEY) is not None:
                yield FunctionUrl(function, f"{function.function_arn}:{alias}", model.__dict__[_ALIAS_KEY])

    def _owner(self, params: Mapping[str, Any]) -> tuple[Any, str, Any]:
        """moto's function, the ARN that a call is about, and the alias when it is one's. Raises ApiError."""
        name, qualifier = split_reference(params["FunctionName"], params.get("Qualifier"))
        function = self._functions.model(name)
        if qualifier is None:
            return function, function.function_arn, None
        if qualifier.isdigit() or qualifier == LATEST:
            message = (
                f"1 validation error detected: Value '{qualifier}' at 'qualifier' failed to satisfy constraint: Member "
                f"must satisfy regular expression pattern: {_PATTERN}"
            )
            raise ApiError("ValidationException", message)
        return function, self._functions.resource(name, qualifier), self._functions.aliases(name)[qualifier]

    def _found(self, params: Mapping[str, Any]) -> FunctionUrl:
        function, arn, alias = self._owner(params)
        config = function.url_config if alias is None else alias.__dict__.get(_ALIAS_KEY)
        if config is None:
            message = "The resource you requested does not exist."
            raise ApiError("ResourceNotFoundException", message, 404, Type="User")
        return FunctionUrl(function, arn, config)

    def _create(self, call: ApiCall) -> dict[str, Any]:
        function, arn, alias = self._owner(call.params)
        if (function.url_config if alias is None else alias.__dict__.get(_ALIAS_KEY)) is not None:
            message = (
                f"Failed to create function url config for [functionArn = {arn}]. Error message:  FunctionUrlConfig "
                "exists for this Lambda function"
            )
            raise ApiError("ResourceConflictException", message, 409, Type="User")
        settings = {name: call.params[name] for name in _CHANGEABLE if name in call.params}
        config = FunctionUrlConfig(function=function, config=settings)
        if alias is None:
            function.url_config = config
        else:
            alias.__dict__[_ALIAS_KEY] = config
        described = _described(FunctionUrl(function, arn, config))
        return {name: value for name, value in described.items() if name != "LastModifiedTime"}

    def _get(self, call: ApiCall) -> dict[str, Any]:
        return _described(self._found(call.params))

    def _update(self, call: ApiCall) -> dict[str, Any]:
        url = self._found(call.params)
        url.config.config |= {name: call.params[name] for name in _CHANGEABLE if name in call.params}
        url.config.last_modified = self._cloud.now.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        return _described(url)

    def _delete(self, call: ApiCall) -> dict[str, Any]:
        self._found(call.params)
        function, _, alias = self._owner(call.params)
        if alias is None:
            function.url_config = None
        else:
            del alias.__dict__[_ALIAS_KEY]
        return {}

    def _list(self, call: ApiCall) -> dict[str, Any]:
        function = self._functions.model(split_reference(call.params["FunctionName"], None)[0])
        return {"FunctionUrlConfigs": [_described(url) for url in self._of(function)]}


def _described(url: FunctionUrl) -> dict[str, Any]:
    found = {**url.config.to_dict(), "FunctionArn": url.arn}
    return {name: value for name, value in found.items() if value is not None}
