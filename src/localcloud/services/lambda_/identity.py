"""Who a function is to AWS: its role, assumed in a session that bears the function's name."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiCall, ApiError
from localcloud.runtime.environment import current_environment

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_NAME = "AWS_LAMBDA_FUNCTION_NAME"


class Identity:
    """Answers GetCallerIdentity for functions; everybody else is moto's user."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def install(self) -> None:
        """Answer the operation."""
        self._cloud.api.register("sts", "GetCallerIdentity", self._caller)

    def _caller(self, call: ApiCall) -> dict[str, Any]:
        environment = current_environment(self._cloud.kernel)
        name = environment.environ.get(_NAME) if environment is not None else None
        if name is None:
            return self._cloud.api.stock(call)
        try:
            role = str(self._cloud.lambda_.functions.model(name).role)
        except ApiError:  # it was deleted while it ran
            return self._cloud.api.stock(call)
        unique = hashlib.sha256(role.encode()).hexdigest().upper()[:17]
        session = f"{role.rsplit('/', 1)[-1]}/{name}"
        return {
            "UserId": f"AROA{unique}:{name}",
            "Account": self._cloud.account_id,
            "Arn": f"arn:aws:sts::{self._cloud.account_id}:assumed-role/{session}",
        }
