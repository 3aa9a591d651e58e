"""EventBridge Pipes: pipes are moto's; polling, filtering, enrichment and targets are here."""

from localcloud.services.pipes.service import Pipes

__all__ = ["Pipes"]
