"""Gateways: hosts that serve functions and APIs as MCP tools.

Gateways and targets are moto's. Inbound, a CUSTOM_JWT gateway asks for a bearer token and does not look into it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from moto.bedrockagentcorecontrol.models import bedrockagentcorecontrol_backends

from localcloud.api import ApiCall, ApiError
from localcloud.net import HttpRequest, HttpResponse
from localcloud.services.agentcore import protocol
from localcloud.services.agentcore.identity import Identities
from localcloud.services.agentcore.metrics import Metrics
from localcloud.services.agentcore.protocol import Message, RpcError, Server
from localcloud.services.agentcore.targets import Targets, explained, failed, succeeded
from localcloud.services.agentcore.tools import SEARCH_TOOL, GatewayTool, search, search_tool, wrong_arguments

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

CONTROL = "bedrock-agentcore-control"
_METERED = ("tools/call", "tools/list", "ping")


class Gateways:
    """Answers MCP clients at `https://<gateway id>.gateway.bedrock-agentcore.<region>.amazonaws.com/mcp`."""

    def __init__(self, cloud: Cloud, identities: Identities, metrics: Metrics) -> None:
        self._cloud = cloud
        self._targets = Targets(cloud, identities)
        self._metrics = metrics
        self._suffix = f".gateway.bedrock-agentcore.{cloud.region}.amazonaws.com"
        self._versions: list[str] = list(cloud.facts.value("quota.agentcore.mcp_versions"))
        self._most_found = int(cloud.facts.value("model.agentcore.search_results"))

    def install(self) -> None:
        """Serve the gateways' hosts and look at what is asked of the control plane."""
        self._cloud.http.serve_suffix(self._suffix, self._serve)
        register = self._cloud.api.register
        register(CONTROL, "CreateGateway", self._put_gateway)
        register(CONTROL, "UpdateGateway", self._put_gateway)
        register(CONTROL, "CreateGatewayTarget", self._put_target)
        register(CONTROL, "UpdateGatewayTarget", self._put_target)

    @property
    def _backend(self) -> Any:
        return bedrockagentcorecontrol_backends[self._cloud.account_id][self._cloud.region]

    # -- control plane -------------------------------------------------------------------------

    def _put_gateway(self, call: ApiCall) -> dict[str, Any]:
        wanted = ((call.params.get("protocolConfiguration") or {}).get("mcp") or {}).get("supportedVersions") or ()
        for version in wanted:
            if version not in self._versions:
                raise ApiError("ValidationException", f"MCP version {version} is not supported.", 400)
        name, own = call.params["name"], call.params.get("gatewayIdentifier")
        if any(each.name == name and each.gateway_id != own for each in self._backend.gateways.values()):
            raise ApiError("ConflictException", f"A gateway with name {name} already exists.", 409)
        answer = self._cloud.api.stock(call)
        gateway = self._backend.gateways[answer["gatewayId"]]
        if call.operation == "CreateGateway":
            self._rename(gateway)
        names = {"gatewayId": gateway.gateway_id, "gatewayArn": gateway.gateway_arn, "gatewayUrl": gateway.gateway_url}
        return {**answer, **names}

    def _rename(self, gateway: Any) -> None:
        """Give a new gateway an id, an ARN and a URL of AWS's form, which is not moto's."""
        made = gateway.gateway_id
        gateway.gateway_id = f"{gateway.name.lower()}-{made}"
        gateway.gateway_arn = gateway.gateway_arn.replace(made, gateway.gateway_id)
        gateway.gateway_url = f"https://{gateway.gateway_id}{self._suffix}/mcp"
        self._backend.gateways[gateway.gateway_id] = self._backend.gateways.pop(made)

    def _put_target(self, call: ApiCall) -> dict[str, Any]:
        name, gateway_id = call.params["name"], call.params["gatewayIdentifier"]
        self._targets.check(
            call.params["targetConfiguration"], call.params.get("credentialProviderConfigurations") or ()
        )
        gateway = self._backend.gateways.get(gateway_id)
        if gateway is not None:
            self._targets.check_rights(gateway, call.params["targetConfiguration"])
        for (owner, target_id), other in self._backend.gateway_targets.items():
            if owner == gateway_id and other.name == name and target_id != call.params.get("targetId"):
                raise ApiError("ConflictException", f"A target with name {name} already exists in gateway.", 409)
        return self._cloud.api.stock(call)

    # -- data plane ----------------------------------------------------------------------------

    def _serve(self, request: HttpRequest) -> HttpResponse:
        gateway = self._backend.gateways.get(request.host.removesuffix(self._suffix))
        if gateway is None or request.path.rstrip("/") != "/mcp":
            return HttpResponse(404, {"content-type": "application/json"}, b'{"message":"Not Found"}')
        started_us = self._cloud.kernel.now_us
        self._cloud.kernel.sleep(self._cloud.latency.fact_us("model.api.agentcore.gateway"))
        if gateway.authorizer_type == "CUSTOM_JWT":
            kind, _, token = request.headers.get("authorization", "").partition(" ")
            if kind.lower() != "bearer" or not token.strip():
                return protocol.unauthorized("Missing Bearer token")
        mcp = (gateway.protocol_configuration or {}).get("mcp") or {}
        wanted = mcp.get("supportedVersions") or self._versions
        server = Server(
            name=gateway.name,
            versions=[version for version in self._versions if version in wanted],
            instructions=mcp.get("instructions", ""),
            answer=lambda message: self._answer(gateway, message, started_us),
        )
        return server.respond(request)

    def _answer(self, gateway: Any, message: Message, started_us: int) -> Mapping[str, Any]:
        searched = message.method == "tools/call" and message.params.get("name") == SEARCH_TOOL
        item = "agentcore.gateway_searches" if searched else "agentcore.gateway_invocations"
        if message.method in _METERED:
            self._cloud.meter.add(item, 1, gateway.gateway_id)
        try:
            result = self._dispatch(gateway, message)
        except RpcError:
            self._metrics.gateway(gateway, message, started_us, "UserErrors")
            raise
        except ApiError as exc:  # a schema that has gone from S3 since
            self._metrics.gateway(gateway, message, started_us, "SystemErrors")
            raise RpcError(protocol.INTERNAL_ERROR, explained(gateway, exc.message)) from exc
        self._metrics.gateway(gateway, message, started_us, "SystemErrors" if result.get("isError") else None)
        return result

    def _dispatch(self, gateway: Any, message: Message) -> Mapping[str, Any]:
        if message.method == "ping":
            return {}
        if message.method == "tools/list":
            listed = [tool.described() for tool in self._tools(gateway)]
            return {"tools": [*([search_tool()] if _searchable(gateway) else []), *listed]}
        if message.method == "tools/call":
            return self._call(gateway, message)
        raise RpcError(protocol.METHOD_NOT_FOUND, f"Method not found: {message.method}")

    def _call(self, gateway: Any, message: Message) -> Mapping[str, Any]:
        name, arguments = message.params.get("name"), message.params.get("arguments") or {}
        if not isinstance(name, str) or not isinstance(arguments, dict):
            raise RpcError(protocol.INVALID_PARAMS, "Invalid params: expected a tool's name and its arguments")
        if name == SEARCH_TOOL and _searchable(gateway):
            return self._search(gateway, arguments)
        tool = next((tool for tool in self._tools(gateway) if tool.name == name), None)
        if tool is None:
            raise RpcError(protocol.INVALID_PARAMS, f"Unknown tool: {name}")
        wrong = wrong_arguments(tool.definition.get("inputSchema") or {}, arguments)
        if wrong:
            return failed(f"Parameter validation failed: Invalid request parameters: - {wrong}")
        started_us = self._cloud.kernel.now_us
        try:
            return self._targets.call(gateway, tool, arguments, message)
        finally:
            self._metrics.target(gateway, tool.name, started_us)

    def _search(self, gateway: Any, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        wrong = wrong_arguments(search_tool()["inputSchema"], arguments)
        if wrong:
            return failed(f"Parameter validation failed: Invalid request parameters: - {wrong}")
        found = [tool.described() for tool in search(arguments["query"], self._tools(gateway), self._most_found)]
        text = json.dumps({"tools": found}, ensure_ascii=False)
        return {**succeeded(text), "structuredContent": {"tools": found}}

    def _tools(self, gateway: Any) -> list[GatewayTool]:
        return [
            tool
            for (owner, target_id), target in self._backend.gateway_targets.items()
            if owner == gateway.gateway_id
            for tool in self._targets.tools(target_id, target)
        ]


def _searchable(gateway: Any) -> bool:
    return bool(((gateway.protocol_configuration or {}).get("mcp") or {}).get("searchType") == "SEMANTIC")
