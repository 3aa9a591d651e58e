"""Lambda durable functions: executions that are checkpointed, suspended and replayed."""

from localcloud.services.lambda_.durable.service import DurableExecutions

__all__ = ["DurableExecutions"]
