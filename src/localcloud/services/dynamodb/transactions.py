"""TransactWriteItems with a ClientRequestToken: the same request within ten minutes is not carried out again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiCall, ApiError

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


class TransactionTokens:
    """Remembers tokens for as long as DynamoDB does."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._window_us = round(cloud.facts.value("quota.dynamodb.transaction")["token_minutes"] * 60e6)
        self._seen: dict[str, tuple[int, str, dict[str, Any]]] = {}

    def once(self, call: ApiCall, run: Callable[[ApiCall], dict[str, Any]]) -> dict[str, Any]:
        """Run the call, or answer as the first time. Raises ApiError when the token came with another request."""
        token = call.params.get("ClientRequestToken")
        now_us = self._cloud.kernel.now_us
        request = {name: value for name, value in call.params.items() if name != "ClientRequestToken"}
        digest = hashlib.sha256(json.dumps(request, sort_keys=True, default=repr).encode()).hexdigest()
        found = self._seen.get(token) if token else None
        if found is not None and now_us - found[0] <= self._window_us:
            if found[1] != digest:
                message = "The request uses the same client token as a previous, but non-identical request."
                raise ApiError("IdempotentParameterMismatchException", message, 400)
            return dict(found[2])
        answer = run(call)
        if token:
            self._seen[token] = (now_us, digest, dict(answer))
        return answer
