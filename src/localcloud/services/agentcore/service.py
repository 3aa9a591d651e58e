"""AgentCore's parts, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.services.agentcore.gateways import Gateways
from localcloud.services.agentcore.identity import Identities
from localcloud.services.agentcore.memory import Memories
from localcloud.services.agentcore.metrics import Metrics
from localcloud.services.agentcore.runtimes import Runtimes

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


class AgentCore:
    """Runtimes, gateways, short-term memory and workload identity.

    The control plane of runtimes, endpoints, gateways and memories is moto's, which refuses by its name
    (NotImplementedError) every operation that is answered neither by it nor here: browsers, code interpreters,
    long-term memory, evaluations, policies, payments, registries.
    """

    def __init__(self, cloud: Cloud) -> None:
        metrics = Metrics(cloud)
        self.identities = Identities(cloud)
        self.runtimes = Runtimes(cloud, self.identities, metrics)
        self.gateways = Gateways(cloud, self.identities, metrics)
        self.memories = Memories(cloud)

    def install(self) -> None:
        """Answer AgentCore's operations and serve its hosts."""
        for part in (self.identities, self.runtimes, self.gateways, self.memories):
            part.install()
