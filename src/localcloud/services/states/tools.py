"""What the states of an execution work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localcloud.services.states.activities import Activities
    from localcloud.services.states.executions import Execution
    from localcloud.services.states.integrations import Integrations
    from localcloud.services.states.map_runs import MapRuns
    from localcloud.services.states.metrics import Metrics
    from localcloud.services.states.running import Executions
    from localcloud.services.states.throttle import Throttle
    from localcloud.services.states.tokens import TaskTokens


@dataclass(slots=True)
class Tools:
    """One of each for the account."""

    tokens: TaskTokens
    metrics: Metrics
    throttle: Throttle
    activities: Activities
    integrations: Integrations
    executions: Executions
    map_runs: MapRuns
    redrivable: Callable[[Execution], bool]
