"""What AgentCore reports to CloudWatch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.services.agentcore.protocol import Message
from localcloud.services.cloudwatch.store import minute_s

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

NAMESPACE = "AWS/Bedrock-AgentCore"


class Metrics:
    """Publishes Invocations, Latency and errors of gateways and runtimes. Latencies are in milliseconds."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def gateway(self, gateway: Any, message: Message, started_us: int, error: str | None) -> None:
        """One answered MCP request; `error` is UserErrors, SystemErrors or None."""
        dimensions = {
            "Resource": gateway.gateway_arn,
            "Operation": "InvokeGateway",
            "Protocol": "MCP",
            "Method": message.method,
        }
        self._invocation(dimensions, started_us, error)

    def target(self, gateway: Any, tool: str, started_us: int) -> None:
        """How long a target took to answer."""
        dimensions = {"Resource": gateway.gateway_arn, "Operation": "InvokeGateway", "Protocol": "MCP", "Name": tool}
        self._measure("TargetExecutionTime", dimensions, self._since_ms(started_us), "Milliseconds")

    def runtime(self, runtime_arn: str, name: str, started_us: int, error: str | None) -> None:
        """One invocation of an agent runtime's endpoint."""
        dimensions = {"Resource": runtime_arn, "Operation": "InvokeAgentRuntime", "Name": name}
        self._invocation(dimensions, started_us, error)

    def session(self, runtime_arn: str, name: str) -> None:
        """A session that began."""
        dimensions = {"Resource": runtime_arn, "Operation": "InvokeAgentRuntime", "Name": name}
        self._measure("Sessions", dimensions, 1, "Count")

    def _invocation(self, dimensions: dict[str, str], started_us: int, error: str | None) -> None:
        self._measure("Invocations", dimensions, 1, "Count")
        self._measure("Latency", dimensions, self._since_ms(started_us), "Milliseconds")
        if error is not None:
            self._measure(error, dimensions, 1, "Count")

    def _since_ms(self, started_us: int) -> float:
        return (self._cloud.kernel.now_us - started_us) / 1_000

    def _measure(self, metric: str, dimensions: dict[str, str], value: float, unit: str) -> None:
        series = self._cloud.cloudwatch.series(NAMESPACE, metric, dimensions, unit)
        series.add(minute_s(self._cloud.kernel.unix_us), value)
