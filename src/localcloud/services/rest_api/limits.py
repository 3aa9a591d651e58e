"""Who is let in, and how fast: API keys, usage plans, method and account throttling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from localcloud.services.rest_api.errors import GatewayError
from localcloud.services.rest_api.exchange import Exchange
from localcloud.services.rest_api.usage import UsagePlans

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


class Limits:
    """Applies the limits from the narrowest to the widest, as AWS does."""

    def __init__(self, cloud: Cloud, backend: Any) -> None:
        self._apis = cloud.http_api
        self._plans = UsagePlans(cloud, backend, cloud.http_api.buckets)

    def admit(self, exchange: Exchange) -> None:
        """Raise GatewayError INVALID_API_KEY, QUOTA_EXCEEDED or THROTTLED for a request that may not pass."""
        if exchange.method.needs_key:
            self._plans.admit(exchange)
        settings = method_settings(exchange)
        rate, burst = settings.get("throttlingRateLimit"), settings.get("throttlingBurstLimit")
        if rate is not None and burst is not None:
            key = (exchange.definition.api_id, exchange.stage.name, exchange.resource.path, exchange.method.verb)
            if not self._apis.buckets.take(key, float(rate), float(burst)):
                raise GatewayError("THROTTLED")
        if not self._apis.take_of_account():
            raise GatewayError("THROTTLED")


def method_settings(exchange: Exchange) -> Mapping[str, Any]:
    """The stage's settings for the method: its own, else those for all methods."""
    settings = exchange.stage.method_settings
    path, verb = exchange.resource.path, exchange.method.verb
    escaped = path.replace("/", "~1")  # as patch operations write it, and so does moto
    for key in (f"{path.lstrip('/')}/{verb}", f"{escaped}/{verb}", f"{path}/{verb}"):
        if key in settings:
            found: Mapping[str, Any] = settings[key]
            return found
    everywhere: Mapping[str, Any] = settings.get("*/*", {})
    return everywhere
