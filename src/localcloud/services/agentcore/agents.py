"""Agent runtimes as they were deployed: code, variables and lifetimes of each version, and the endpoints' versions.

Runtimes, versions and endpoints are moto's. Code comes as a zip file on S3 (codeConfiguration), as for a function;
container images cannot be run here and are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.bedrockagentcorecontrol.models import bedrockagentcorecontrol_backends

from localcloud.api import ApiCall, ApiError
from localcloud.services.lambda_.code import CodeStore

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

CONTROL = "bedrock-agentcore-control"
DEFAULT_ENDPOINT = "DEFAULT"


@dataclass(frozen=True, slots=True)
class Agent:
    """One version of a runtime. `module` is the entry point's; times are in seconds."""

    arn: str
    id: str
    name: str
    version: str
    code: Path
    module: str
    environ: Mapping[str, str]
    idle_s: int
    life_s: int
    role: str


class Agents:
    """Deploys runtimes and finds what an invocation means."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._store = CodeStore()
        self._versions: dict[tuple[str, str], Agent] = {}
        self._lifetimes: Mapping[str, int] = cloud.facts.value("quota.agentcore.lifecycle")

    def install(self) -> None:
        """Look at the code and the lifetimes of what is deployed."""
        register = self._cloud.api.register
        register(CONTROL, "CreateAgentRuntime", self._create)
        register(CONTROL, "UpdateAgentRuntime", self._update)

    @property
    def _backend(self) -> Any:
        return bedrockagentcorecontrol_backends[self._cloud.account_id][self._cloud.region]

    def find(self, arn: str, qualifier: str | None) -> Agent:
        """The version behind an endpoint of a runtime. Raises ApiError (ResourceNotFoundException)."""
        endpoint = qualifier or DEFAULT_ENDPOINT
        for runtime in self._backend.agent_runtimes.values():
            if runtime.agent_runtime_arn != arn:
                continue
            version = runtime.agent_runtime_version
            if endpoint != DEFAULT_ENDPOINT:
                found = self._backend.agent_runtime_endpoints.get((runtime.agent_runtime_id, endpoint))
                if found is None:
                    break
                version = found.target_version
            return self._versions[runtime.agent_runtime_id, version]
        raise ApiError(
            "ResourceNotFoundException",
            f"No endpoint or agent found with qualifier '{endpoint}' for agent '{arn}'",
            404,
        )

    # -- control plane -------------------------------------------------------------------------

    def _create(self, call: ApiCall) -> dict[str, Any]:
        name = call.params["agentRuntimeName"]
        if any(runtime.agent_runtime_name == name for runtime in self._backend.agent_runtimes.values()):
            raise ApiError("ConflictException", f"An agent with the specified name '{name}' already exists", 409)
        lifetimes = self._checked(call.params)
        code = self._unpack(call.params["agentRuntimeArtifact"])
        answer = self._cloud.api.stock(call)
        runtime = self._backend.agent_runtimes.pop(answer["agentRuntimeId"])
        suffix = runtime.agent_runtime_id.rsplit("-", 1)[-1]
        runtime.agent_runtime_id = f"{name}-{suffix}"  # moto's ids and ARNs are of another form
        runtime.agent_runtime_arn = self._arn(runtime)
        runtime.versions[0] |= {
            "agentRuntimeArn": runtime.agent_runtime_arn,
            "agentRuntimeId": runtime.agent_runtime_id,
        }
        self._backend.agent_runtimes[runtime.agent_runtime_id] = runtime
        self._keep(runtime, code, lifetimes)
        return {**answer, "agentRuntimeArn": runtime.agent_runtime_arn, "agentRuntimeId": runtime.agent_runtime_id}

    def _update(self, call: ApiCall) -> dict[str, Any]:
        runtime = self._backend.agent_runtimes.get(call.params["agentRuntimeId"])
        if runtime is None:
            return self._cloud.api.stock(call)  # raises
        lifetimes = self._checked(call.params)
        code = self._unpack(call.params["agentRuntimeArtifact"])
        runtime.agent_runtime_arn = f"agent/{runtime.agent_runtime_id}:"  # what moto's update takes apart
        try:
            answer = self._cloud.api.stock(call)
        finally:
            runtime.agent_runtime_arn = self._arn(runtime)
        runtime.versions[-1]["agentRuntimeArn"] = runtime.agent_runtime_arn
        self._keep(runtime, code, lifetimes)
        return {**answer, "agentRuntimeArn": runtime.agent_runtime_arn}

    def _arn(self, runtime: Any) -> str:
        return (
            f"arn:aws:bedrock-agentcore:{self._cloud.region}:{self._cloud.account_id}:"
            f"runtime/{runtime.agent_runtime_id}"
        )

    def _checked(self, params: Mapping[str, Any]) -> tuple[int, int]:
        """Idle time-out and lifetime in seconds. Raises ApiError when they do not go together."""
        given = params.get("lifecycleConfiguration") or {}
        least, most = self._lifetimes["least_s"], self._lifetimes["most_s"]
        for name, value in given.items():
            if not least <= value <= most:
                raise ApiError("ValidationException", f"{name} must be between {least} and {most} seconds.", 400)
        life_s = given.get("maxLifetime", self._lifetimes["life_s"])
        idle_s = given.get("idleRuntimeSessionTimeout", min(self._lifetimes["idle_s"], life_s))
        if idle_s > life_s:
            message = "idleRuntimeSessionTimeout must be less than or equal to maxLifetime"
            raise ApiError("ValidationException", message, 400)
        return idle_s, life_s

    def _unpack(self, artifact: Mapping[str, Any]) -> tuple[Path, str]:
        """Where the code lies, and the module of its entry point. Raises ApiError."""
        configuration = artifact.get("codeConfiguration")
        if configuration is None:
            raise ApiError(
                "ValidationException",
                "The local cloud runs no container images; deploy the agent's code with codeConfiguration.",
                400,
            )
        place = configuration["code"]["s3"]
        version = {"VersionId": place["versionId"]} if "versionId" in place else {}
        try:
            read = self._cloud.client("s3").get_object(Bucket=place["bucket"], Key=place["prefix"], **version)
        except ClientError as exc:
            message = f"The code s3://{place['bucket']}/{place['prefix']} cannot be read: {exc}"
            raise ApiError("ValidationException", message, 400) from exc
        entry = PurePosixPath(configuration["entryPoint"][-1])
        return self._store.unpack(read["Body"].read()), ".".join(entry.with_suffix("").parts)

    def _keep(self, runtime: Any, code: tuple[Path, str], lifetimes: tuple[int, int]) -> None:
        self._versions[runtime.agent_runtime_id, runtime.agent_runtime_version] = Agent(
            arn=runtime.agent_runtime_arn,
            id=runtime.agent_runtime_id,
            name=runtime.agent_runtime_name,
            version=runtime.agent_runtime_version,
            code=code[0],
            module=code[1],
            environ=dict(runtime.environment_variables or {}),
            idle_s=lifetimes[0],
            life_s=lifetimes[1],
            role=str(runtime.role_arn),
        )
