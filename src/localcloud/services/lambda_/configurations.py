"""Configurations of functions and versions: what moto drops of them is kept here, and what follows from them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiCall, ApiError
from localcloud.services.lambda_.aliases import Aliases
from localcloud.services.lambda_.code_downloads import CodeDownloads
from localcloud.services.lambda_.destinations import dead_letter_target, set_dead_letter_target
from localcloud.services.lambda_.durable import settings as durable
from localcloud.services.lambda_.functions import LATEST, Functions, split_reference
from localcloud.services.lambda_.managed import ManagedInstances
from localcloud.services.lambda_.package_limits import PackageLimits
from localcloud.services.lambda_.pages import Pages
from localcloud.services.lambda_.runtimes import check_runtime
from localcloud.services.lambda_.settings import check_settings
from localcloud.services.lambda_.snapstart import SnapStart

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_CONFIGURING = ("CreateFunction", "GetFunctionConfiguration", "PublishVersion", "UpdateFunctionCode",
                "UpdateFunctionConfiguration")  # fmt: skip


class Configurations:
    """Answers the operations on them.

    `forget(name, qualifier)` gives up provisioned concurrency of what is deleted, `moved(name, alias, version)` moves
    it with an alias.
    """

    def __init__(
        self,
        cloud: Cloud,
        functions: Functions,
        snap_start: SnapStart,
        managed: ManagedInstances,
        forget: Callable[[str, str | None], None],
        moved: Callable[[str, str, str], None],
    ) -> None:
        self._cloud = cloud
        self._functions = functions
        self._snap_start = snap_start
        self._managed = managed
        self._forget = forget
        self._limits = PackageLimits(cloud, functions)
        self._downloads = CodeDownloads(cloud)
        self._aliases = Aliases(cloud, functions, moved)

    def install(self) -> None:
        """Take the operations over from moto, which still does most of the work."""
        for operation in _CONFIGURING:
            self._cloud.api.register("lambda", operation, self._configuration)
        self._cloud.api.register("lambda", "GetFunction", self._get_function)
        self._cloud.api.register("lambda", "DeleteFunction", self._delete_function)
        self._limits.install()
        self._downloads.install()
        self._aliases.install()
        Pages(self._cloud).install()

    def _configuration(self, call: ApiCall) -> dict[str, Any]:
        _check_changeable(call)
        self._check_revision(call)
        self._snap_start.check(call.params)
        self._limits.check(call)
        check_settings(call.params, self._cloud.facts)
        self._managed.check(call)
        check_runtime(call)
        publishes = self._managed.publishes(call)
        if call.operation == "PublishVersion":
            self._check_published(call)
        if publishes and call.operation == "PublishVersion":
            return self._published(call, split_reference(call.params["FunctionName"], None)[0])
        params = {name: value for name, value in call.params.items() if name != "Publish" or not publishes}
        answer = self._cloud.api.stock(replace(call, params=params))
        name, version = answer["FunctionName"], answer["Version"]
        for known in dict.fromkeys((None, version)):  # with Publish the first version is there already
            model = self._functions.model(name, known)
            if "DeadLetterConfig" in call.params:
                set_dead_letter_target(model, call.params["DeadLetterConfig"])
            if "EphemeralStorage" in call.params:  # moto takes it when it creates a function only
                model.ephemeral_storage = call.params["EphemeralStorage"]["Size"]
            if "SnapStart" in call.params:
                self._snap_start.configure(model, call.params["SnapStart"])
            self._managed.keep(model, call.params)
            durable.keep(model, call.params, self._cloud.facts, created=call.operation == "CreateFunction")
        if publishes:
            return self._published(call, name)
        if version != "$LATEST" and (call.operation == "PublishVersion" or call.params.get("Publish")):
            self._snap_start.published(name, version)
        return {**answer, **self._kept(answer)}

    def _check_published(self, call: ApiCall) -> None:
        """A version is published of the code that the caller means, when a hash says which."""
        wanted = call.params.get("CodeSha256")
        actual = self._functions.model(split_reference(call.params["FunctionName"], None)[0]).code_sha_256
        if wanted and wanted != actual:
            raise _invalid(
                f"CodeSHA256 ({wanted}) is different from current CodeSHA256 in {LATEST} ({actual}). Please try again "
                f"with the CodeSHA256 in {LATEST}."
            )

    def _published(self, call: ApiCall, name: str) -> dict[str, Any]:
        """The configuration of the version of a function on managed instances that a call publishes."""
        version = self._managed.publish(call, name)
        asked = replace(call, operation="GetFunctionConfiguration", params={"FunctionName": name, "Qualifier": version})
        answer = self._cloud.api.stock(asked)
        return {**answer, **self._kept(answer)}

    def _get_function(self, call: ApiCall) -> dict[str, Any]:
        answer = self._cloud.api.stock(call)
        configuration = answer["Configuration"]
        found = {**answer, "Configuration": {**configuration, **self._kept(configuration)}}
        if configuration.get("PackageType", "Zip") == "Zip":
            name = configuration["FunctionName"]
            found["Code"] = self._downloads.location(name, self._functions.model(name, configuration["Version"]))
        return found

    def _kept(self, configuration: Mapping[str, Any]) -> dict[str, Any]:
        """The members of a version's configuration that moto leaves out."""
        model = self._functions.model(configuration["FunctionName"], configuration["Version"])
        target = dead_letter_target(model)
        dead_letters = {"DeadLetterConfig": {"TargetArn": target}} if target else {}
        snap_start = self._snap_start.described(model, configuration["Version"])
        managed = self._managed.described(model, configuration["Version"])
        storage = {"EphemeralStorage": {"Size": int(model.ephemeral_storage)}}
        kept = {**dead_letters, **durable.described(model), **snap_start, **managed, **storage}
        return {**kept, "RevisionId": _revision({**configuration, **kept})}

    def _check_revision(self, call: ApiCall) -> None:
        """Raises ApiError when a change was meant for another revision of the function than there is."""
        wanted = call.params.get("RevisionId")
        if not wanted:
            return
        name = split_reference(call.params["FunctionName"], None)[0]
        asked = replace(call, operation="GetFunctionConfiguration", params={"FunctionName": name})
        if wanted != self._kept(self._cloud.api.stock(asked))["RevisionId"]:
            message = (
                "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to "
                "retrieve the latest Revision Id"
            )
            raise ApiError("PreconditionFailedException", message, 412, Type="User")

    def _delete_function(self, call: ApiCall) -> Any:
        name, qualifier = split_reference(call.params["FunctionName"], call.params.get("Qualifier"))
        if not self._aliases.check_deletion(name, qualifier):
            return {}  # a version that is not there
        answer = self._cloud.api.stock(call)
        self._forget(name, qualifier)
        self._snap_start.deleted(name, qualifier)
        self._managed.forget(name, qualifier)
        return answer


def _check_changeable(call: ApiCall) -> None:
    """Raises ApiError for a change of what has been published: a version stays as it is."""
    qualifier = split_reference(call.params["FunctionName"], None)[1]
    if call.operation.startswith("Update") and qualifier not in (None, LATEST):
        raise _invalid(f"{call.operation} does not support {qualifier}: only {LATEST} can be changed.")


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidParameterValueException", message, 400, Type="User")


def _revision(configuration: Mapping[str, Any]) -> str:
    """An id that changes with whatever is configured."""
    told = {name: value for name, value in configuration.items() if name not in ("RevisionId", "ResponseMetadata")}
    digits = hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"
