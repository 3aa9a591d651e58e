"""Recursive loops: Lambda counts how often a chain of requests has invoked a function, and stops it.

A chain goes on through SQS, SNS, S3 and Lambda itself. Other services do not carry the count: a loop through
EventBridge or a stream is not seen, as on AWS.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiCall, ApiError
from localcloud.runtime.environment import current_environment
from localcloud.services.lambda_.functions import Function, Functions, split_reference

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

Lineage = Mapping[str, int]  # invocations in one chain of requests, by function name

_KEY = "_localcloud_recursive_loop"
_TERMINATE = "Terminate"
following: ContextVar[Lineage | None] = ContextVar("localcloud_lineage", default=None)  # of the invocation being made


class Recursion:
    """Follows chains, and keeps the setting of each function."""

    def __init__(self, cloud: Cloud, functions: Functions) -> None:
        self._cloud = cloud
        self._functions = functions
        self._most = int(cloud.facts.value("quota.lambda.recursive_loop"))

    def install(self) -> None:
        """Answer the operations on the setting of a function."""
        self._cloud.api.register("lambda", "PutFunctionRecursionConfig", self._put)
        self._cloud.api.register("lambda", "GetFunctionRecursionConfig", self._get)

    def current(self) -> Lineage:
        """The chain that the running handler belongs to; empty outside of handlers."""
        environment = current_environment(self._cloud.kernel)
        return environment.lineage if environment is not None else {}

    def follow(self, config: Function, lineage: Lineage) -> Lineage:
        """The chain with one more invocation. Raises ApiError RecursiveInvocationException beyond the limit."""
        count = lineage.get(config.name, 0) + 1
        if count > self._most and self._setting(config.name) == _TERMINATE:
            self._cloud.lambda_.metrics.recursion_dropped(config.name)
            raise ApiError(
                "RecursiveInvocationException",
                "Lambda has detected your function being invoked in a recursive loop with other AWS resources and "
                "stopped your function's invocation.",
                400,
                Type="User",
            )
        return {**lineage, config.name: count}

    # -- operations ----------------------------------------------------------------------------

    def _setting(self, name: str) -> str:
        return str(self._functions.model(name).__dict__.get(_KEY, _TERMINATE))

    def _put(self, call: ApiCall) -> dict[str, Any]:
        name, _ = split_reference(call.params["FunctionName"], None)
        self._functions.model(name).__dict__[_KEY] = call.params["RecursiveLoop"]
        return self._get(call)

    def _get(self, call: ApiCall) -> dict[str, Any]:
        name, _ = split_reference(call.params["FunctionName"], None)
        return {"RecursiveLoop": self._setting(name)}


def merged(chains: Iterable[Lineage]) -> Lineage:
    """Of a batch: the longest of its messages' chains, function by function."""
    found: dict[str, int] = {}
    for chain in chains:
        for name, count in chain.items():
            found[name] = max(found.get(name, 0), count)
    return found
