"""The explorable: what does more memory do?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from patisserie.explorable import Explorable
from patisserie.figures import latency_distribution
from patisserie.labs.lab00.workload import GAP_S

if TYPE_CHECKING:
    from patisserie.session import LabSession

MEMORY_SETTINGS_MB = (128, 256, 512, 1_024, 1_769, 3_008)
EXPLORED_ORDERS = 10


def explore(session: LabSession) -> Explorable:
    """The same few orders with more and more memory: what a cold start takes, and a warm order."""
    stack = session.deploy("shop")
    client, (name,) = session.target.client("lambda"), stack.physical_ids("AWS::Lambda::Function")
    frames = []
    for memory_mb in MEMORY_SETTINGS_MB:
        client.update_function_configuration(FunctionName=name, MemorySize=memory_mb)
        found = session.measure("shop", f"{memory_mb} MB", session.few(EXPLORED_ORDERS, GAP_S))
        latencies = [outcome.latency_ms for outcome in found.outcomes]
        frames.append((f"{memory_mb:,} MB", latency_distribution({f"{memory_mb:,} MB": latencies})))
    return Explorable("What does more memory do?", "Memory", tuple(frames), start=1)
