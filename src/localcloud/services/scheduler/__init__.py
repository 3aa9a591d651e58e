"""EventBridge Scheduler: schedules and their groups are moto's; when and how they invoke is here."""

from localcloud.services.scheduler.service import Scheduler

__all__ = ["Scheduler"]
