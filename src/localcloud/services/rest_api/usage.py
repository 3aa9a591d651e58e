"""API keys and usage plans: who may call, how fast and how often."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from localcloud.services.http_api.throttling import Buckets
from localcloud.services.rest_api.errors import GatewayError
from localcloud.services.rest_api.exchange import Exchange

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


class UsagePlans:
    """Reads keys and plans from moto at the moment of the request; counts quotas."""

    def __init__(self, cloud: Cloud, backend: Any, buckets: Buckets) -> None:
        self._cloud = cloud
        self._backend = backend
        self._buckets = buckets
        self._used: dict[tuple[str, str], tuple[str, int]] = {}  # (period, requests) by plan and key

    def admit(self, exchange: Exchange) -> None:
        """Let a request with an API key in. Raises GatewayError: INVALID_API_KEY, THROTTLED or QUOTA_EXCEEDED."""
        value = exchange.usage_key or exchange.request.headers.get("x-api-key", "")
        key, plan = self._find(value, exchange)
        if key is None or plan is None:
            raise GatewayError("INVALID_API_KEY")
        exchange.context["identity"]["apiKey"] = value
        exchange.context["identity"]["apiKeyId"] = key.id
        stage = next(item for item in plan.api_stages if self._is(item, exchange))
        own = (stage.get("throttle") or {}).get(f"{exchange.resource.path}/{exchange.method.verb}")
        name = ("plan", plan.id, key.id)
        if own and not self._take((*name, exchange.resource.path, exchange.method.verb), own):
            raise GatewayError("THROTTLED")
        if plan.throttle and not self._take(name, plan.throttle):
            raise GatewayError("THROTTLED")
        self._count(plan, key)

    def used(self, plan_id: str, key_id: str) -> int:
        """Requests in the period that is under way."""
        return self._used.get((plan_id, key_id), ("", 0))[1]

    def _find(self, value: str, exchange: Exchange) -> tuple[Any, Any]:
        if not value:
            return None, None
        for key in self._backend.keys.values():
            if key.value == value and str(key.enabled).lower() == "true":
                for plan_id, keys in self._backend.usage_plan_keys.items():
                    plan = self._backend.usage_plans.get(plan_id)
                    if plan is not None and key.id in keys and any(self._is(s, exchange) for s in plan.api_stages):
                        return key, plan
        return None, None

    def _is(self, api_stage: Mapping[str, Any], exchange: Exchange) -> bool:
        return bool(
            api_stage.get("apiId") == exchange.definition.api_id and api_stage.get("stage") == exchange.stage.name
        )

    def _take(self, key: tuple[str, ...], limits: Mapping[str, Any]) -> bool:
        """The bucket of a client; a limit that is not given is no limit."""
        rate, burst = limits.get("rateLimit"), limits.get("burstLimit")
        if rate is None and burst is None:
            return True
        return self._buckets.take(key, float(rate or burst or 0), float(burst or rate or 0))

    def _count(self, plan: Any, key: Any) -> None:
        if not plan.quota:
            return
        period = self._period(plan.quota)
        name = (plan.id, key.id)
        before, used = self._used.get(name, (period, 0))
        used = used if before == period else 0
        if used >= int(plan.quota["limit"]):
            raise GatewayError("QUOTA_EXCEEDED")
        self._used[name] = (period, used + 1)

    def _period(self, quota: Mapping[str, Any]) -> str:
        """The name of the day, the week (from its Sunday) or the month in which we are, in UTC."""
        today = datetime.fromtimestamp(self._cloud.kernel.unix_us / 1e6, UTC).date()
        if quota["period"] == "MONTH":
            return today.strftime("%Y-%m")
        if quota["period"] == "WEEK":
            today -= timedelta(days=(today.weekday() + 1) % 7)
        return today.isoformat()
