"""Functions, versions and aliases, read from moto's state at the moment of use."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from moto.awslambda.models import LambdaBackend, lambda_backends

from localcloud.api import ApiError
from localcloud.services.lambda_.code import CodeStore
from localcloud.services.lambda_.log_settings import LOGGING_KEY, LogSettings, log_settings

DURABLE_KEY = "_localcloud_durable"  # moto drops all of them: ours stand on its function
SNAP_START_KEY = "_localcloud_snap_start"
MANAGED_KEY = "_localcloud_managed"
LATEST = "$LATEST"
LATEST_PUBLISHED = "$LATEST.PUBLISHED"  # of a function on managed instances: what its plain name invokes


@dataclass(frozen=True, slots=True)
class DurableSettings:
    """A function's DurableConfig."""

    timeout_s: int
    retention_days: int


@dataclass(frozen=True, slots=True)
class ManagedSettings:
    """A function's CapacityProviderConfig: `max_concurrency` requests at once in one environment."""

    provider_arn: str
    max_concurrency: int
    gib_per_vcpu: float


_PLAIN_LOGS = LogSettings("/aws/lambda/function")


@dataclass(frozen=True, slots=True)
class Function:
    """One version of a function as it is configured now. Two equal ones may share environments."""

    name: str
    version: str
    arn: str
    handler: str
    runtime: str
    memory_mb: int
    timeout_s: int
    architecture: str
    variables: tuple[tuple[str, str], ...]
    code_sha256: str
    layers: tuple[str, ...]
    snap_start: bool = False
    durable: DurableSettings | None = None
    managed: ManagedSettings | None = None
    ephemeral_mb: int = 512
    traced: bool = False  # active tracing
    logs: LogSettings = _PLAIN_LOGS
    role: str = ""


@lru_cache(maxsize=4_096)  # every invocation asks several times
def split_reference(reference: str, qualifier: str | None) -> tuple[str, str | None]:
    """("name", qualifier) of a name, a partial ARN or an ARN, each with or without a qualifier."""
    parts = reference.split(":")
    if "function" in parts:
        parts = parts[parts.index("function") + 1 :]
    return parts[0], parts[1] if len(parts) > 1 else qualifier


def check_qualifier(reference: str, qualifier: str | None) -> None:
    """Raises ApiError when a reference with a qualifier comes with another one."""
    if qualifier is not None and split_reference(reference, qualifier)[1] != qualifier:
        message = "The derived qualifier from the function name does not match the specified qualifier."
        raise ApiError("InvalidParameterValueException", message, 400, Type="User")


def not_ready(state: str) -> ApiError:
    """The answer to an invocation of a version in this state."""
    message = "The operation cannot be performed at this time. The function is currently in the following state: "
    return ApiError("ResourceConflictException", message + state, 409, Type="User")


class Functions:
    """Looks functions up in one account and Region."""

    def __init__(self, account_id: str, region: str, code: CodeStore, alias_stream: random.Random) -> None:
        self._account_id, self._region = account_id, region
        self._code = code
        self._alias_stream = alias_stream
        self._known: dict[tuple[str, str], tuple[Any, Function]] = {}
        self._layers: dict[str, bytes] = {}  # by ARN; those that functions have

    @cached_property
    def backend(self) -> LambdaBackend:
        found: LambdaBackend = lambda_backends[self._account_id][self._region]
        return found

    def model(self, reference: str, qualifier: str | None = None) -> Any:
        """moto's function. Raises ApiError ResourceNotFoundException."""
        name, qualifier = split_reference(reference, qualifier)
        storage = self.backend._lambdas
        if name not in storage._functions:
            raise self._not_found(name, qualifier)
        if qualifier is None or qualifier == LATEST:
            return storage._get_latest(name)
        latest = storage._get_latest(name)
        alias = storage._aliases[latest.function_arn].get(qualifier)
        version = self._alias_version(alias) if alias is not None else qualifier
        found = latest if version == LATEST else storage._get_version(name, version)
        if found is None:
            raise self._not_found(name, qualifier)
        return found

    def aliases(self, name: str) -> dict[str, Any]:
        """moto's aliases of a function by their names. Raises ApiError ResourceNotFoundException."""
        found: dict[str, Any] = self.backend._lambdas._aliases[self.model(name).function_arn]
        return found

    def resource(self, reference: str, qualifier: str | None = None) -> str:
        """The ARN that a resource policy names: the function's, or that of one version or alias of it.

        Raises ApiError ResourceNotFoundException.
        """
        name, qualifier = split_reference(reference, qualifier)
        arn = str(self.model(name).function_arn)
        if qualifier is None or qualifier == LATEST:
            return arn
        if qualifier not in self.aliases(name) and self.backend._lambdas._get_version(name, qualifier) is None:
            raise self._not_found(name, qualifier)
        return f"{arn}:{qualifier}"

    def statements(self, reference: str, qualifier: str | None = None) -> list[dict[str, Any]]:
        """The statements about exactly what the reference names. Raises ApiError ResourceNotFoundException."""
        resource = self.resource(reference, qualifier)
        policy = self.model(split_reference(reference, None)[0]).policy
        return [statement for statement in policy.statements if statement["Resource"] == resource]

    def _alias_version(self, alias: Any) -> str:
        weights = (alias.routing_config or {}).get("AdditionalVersionWeights") or {}
        at = self._alias_stream.random() if weights else 1.0
        for version in sorted(weights):
            at -= weights[version]
            if at < 0:
                return str(version)
        return str(alias.function_version)

    def _not_found(self, name: str, qualifier: str | None) -> ApiError:
        arn = f"arn:aws:lambda:{self._region}:{self._account_id}:function:{name}"
        suffix = f":{qualifier}" if qualifier else ""
        return ApiError("ResourceNotFoundException", f"Function not found: {arn}{suffix}", 404, Type="User")

    def get(self, reference: str, qualifier: str | None = None) -> Function:
        """The function as it is configured now. Raises ApiError ResourceNotFoundException."""
        model = self.model(reference, qualifier)
        storage = self.backend._lambdas
        latest = storage._get_latest(model.function_name)
        version = LATEST if model is latest else str(model.version)
        key = (model.function_name, version)
        configured = (
            model.handler, model.run_time, model.memory_size, model.timeout, model.architectures[0],
            list(model.environment_vars.items()), model.code_sha_256, [layer["Arn"] for layer in model.layers],
            model.__dict__.get(DURABLE_KEY), model.__dict__.get(MANAGED_KEY), model.ephemeral_storage,
            _is_traced(model), model.__dict__.get(LOGGING_KEY), model.role,
        )  # fmt: skip
        known = self._known.get(key)
        if known is None or known[0] != configured:
            arn = f"{latest.function_arn}:{version}"
            known = self._known[key] = configured, self._function(model, version, arn)
        return known[1]

    def invoked(self, reference: str, qualifier: str | None = None) -> Function:
        """What an invocation by this reference runs: of a function on managed instances, a published version.

        Raises ApiError ResourceNotFoundException, NoPublishedVersionException and ResourceConflictException.
        """
        found = self.get(reference, qualifier)
        if found.managed is None or found.version != LATEST:
            return found
        name, qualifier = split_reference(reference, qualifier)
        if qualifier is not None:
            raise not_ready("ActiveNonInvocable")
        if self.backend._lambdas._get_version(name, LATEST_PUBLISHED) is None:
            message = f"The function {name} has no published versions available."
            raise ApiError("NoPublishedVersionException", message, 400, Type="User")
        return self.get(name, LATEST_PUBLISHED)

    @staticmethod
    def _function(model: Any, version: str, arn: str) -> Function:
        return Function(
            name=model.function_name,
            version=version,
            arn=arn,
            handler=model.handler or "",
            runtime=model.run_time or "",
            memory_mb=int(model.memory_size),
            timeout_s=int(model.timeout),
            architecture=model.architectures[0],
            variables=tuple(sorted(model.environment_vars.items())),
            code_sha256=model.code_sha_256,
            layers=tuple(layer["Arn"] for layer in model.layers),
            snap_start=version != LATEST and model.__dict__.get(SNAP_START_KEY) == "PublishedVersions",
            durable=model.__dict__.get(DURABLE_KEY),
            managed=model.__dict__.get(MANAGED_KEY),
            ephemeral_mb=int(model.ephemeral_storage),
            traced=_is_traced(model),
            logs=log_settings(
                model.function_name, model.__dict__.get(LOGGING_KEY) or {}, model.__dict__.get(MANAGED_KEY) is not None
            ),
            role=str(model.role),
        )

    def code_dirs(self, function: Function) -> list[Path]:
        """Where the function's code and its layers are unpacked, in the order of Python's import path.

        Layers are laid over one another in /opt, the last one on top; a version that was deleted stays with the
        functions that have it.
        """
        found = [self._code.unpack(self.model(function.name, function.version).code_bytes)]
        layers = self.layers_root(function)
        if layers is not None:
            python = layers / "python"
            site = python / "lib" / function.runtime / "site-packages"
            found += [path for path in (site, python) if path.is_dir()]
        return found

    def layers_root(self, function: Function) -> Path | None:
        """Where the function's layers are unpacked, which is its /opt; None when it has none."""
        archives = self.layer_archives(function.layers)
        return self._code.merge(archives) if archives else None

    def layer_archives(self, arns: Sequence[str]) -> list[bytes]:
        """The zip files of layer versions. Raises ApiError for one that never was there."""
        found = []
        for arn in arns:
            layer = self.backend.layers_versions_by_arn(arn)
            if layer is not None:
                self._layers[arn] = layer.code_bytes
            if arn not in self._layers:
                message = f"Layer version {arn} does not exist."
                raise ApiError("InvalidParameterValueException", message, 400, Type="User")
            found.append(self._layers[arn])
        return found

    def package_bytes(self, function: Function) -> int:
        """How large the function's package and its layers are, zipped."""
        code: int = self.model(function.name, function.version).code_size
        return code + sum(len(archive) for archive in self.layer_archives(function.layers))

    def reserved(self) -> dict[str, int]:
        """Reserved concurrency by function name."""
        return {
            name: int(versions["latest"].reserved_concurrency)
            for name, versions in self.backend._lambdas._functions.items()
            if versions["latest"].reserved_concurrency is not None
        }


def _is_traced(model: Any) -> bool:
    return bool((model.tracing_config or {}).get("Mode") == "Active")
