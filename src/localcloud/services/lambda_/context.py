"""The context object a handler receives."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from localcloud.kernel import Kernel
from localcloud.services.lambda_.functions import Function


class CognitoIdentity:
    """Who called through an Amazon Cognito identity pool: here nobody ever has."""

    cognito_identity_id = None
    cognito_identity_pool_id = None


class Client:
    """The caller's app, as a mobile SDK describes it; None for what it does not say."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.installation_id = given.get("installation_id")
        self.app_title = given.get("app_title")
        self.app_version_name = given.get("app_version_name")
        self.app_version_code = given.get("app_version_code")
        self.app_package_name = given.get("app_package_name")


class ClientContext:
    """What the caller sent along as ClientContext: `custom` and `env` as they came, `client` with attributes."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.custom = given.get("custom")
        self.env = given.get("env")
        client = given.get("client")
        self.client = Client(client) if isinstance(client, Mapping) else None


class LambdaContext:
    """As the Python runtime's: names in AWS's spelling, the remaining time in virtual milliseconds."""

    def __init__(
        self, kernel: Kernel, function: Function, request_id: str, deadline_us: int, log_stream_name: str
    ) -> None:
        self._kernel = kernel
        self._deadline_us = deadline_us
        self.function_name = function.name
        self.function_version = function.version
        self.invoked_function_arn = function.arn.removesuffix(":$LATEST")
        self.memory_limit_in_mb = str(function.memory_mb)
        self.aws_request_id = request_id
        self.log_group_name = function.logs.group
        self.log_stream_name = log_stream_name
        self.identity = CognitoIdentity()
        self.tenant_id = None
        self.client_context: ClientContext | None = None

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the time-out."""
        return max(0, (self._deadline_us - self._kernel.now_us) // 1_000)

    def log(self, message: Any) -> None:
        """Write to the function's log."""
        sys.stdout.write(str(message))
