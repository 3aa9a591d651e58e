"""How deliveries to HTTP endpoints are tried again: by the subscription's delivery policy, the topic's or the default.

Retries come in phases: at once, after the least delay, with delays that grow, after the longest delay. AWS draws its
back-off functions and gives no formulas: how the delays of the third phase grow is an estimate.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_GROWTH: Mapping[str, Callable[[float], float]] = {  # share of the way through the phase -> share of the delay's range
    "linear": lambda share: share,
    "arithmetic": lambda share: share * (1 + share) / 2,
    "geometric": lambda share: share**2,
    "exponential": lambda share: (2 ** (10 * share) - 1) / 1_023,
}
_MEMBERS = (
    "numRetries", "numNoDelayRetries", "numMinDelayRetries", "numMaxDelayRetries", "minDelayTarget", "maxDelayTarget",
)  # fmt: skip
PLAIN = "text/plain; charset=UTF-8"


@dataclass(frozen=True, slots=True)
class DeliveryPolicy:
    """Seconds before each retry, and the content type of requests."""

    pauses_s: tuple[float, ...]
    content_type: str = PLAIN


def delivery_policy(topic_policy: str, subscription_policy: str, default: Mapping[str, int]) -> DeliveryPolicy:
    """The one in force; `default` has AWS's own `retries` and `delay_s`. Policies are JSON, "" for none."""
    http = (json.loads(topic_policy) if topic_policy else {}).get("http") or {}
    own = json.loads(subscription_policy) if subscription_policy else {}
    if http.get("disableSubscriptionOverrides"):
        own = {}
    retry = own.get("healthyRetryPolicy") or http.get("defaultHealthyRetryPolicy") or {}
    request = own.get("requestPolicy") or http.get("defaultRequestPolicy") or {}
    return DeliveryPolicy(_pauses(retry, default), request.get("headerContentType") or PLAIN)


def _pauses(policy: Mapping[str, Any], default: Mapping[str, int]) -> tuple[float, ...]:
    given = {name: int(policy[name]) for name in _MEMBERS if policy.get(name) is not None}
    least_s = given.get("minDelayTarget", int(default["delay_s"]))
    most_s = max(least_s, given.get("maxDelayTarget", int(default["delay_s"])))
    at_once, early, late = (given.get(f"num{kind}DelayRetries", 0) for kind in ("No", "Min", "Max"))
    growing = max(0, given.get("numRetries", int(default["retries"])) - at_once - early - late)
    grow = _GROWTH.get(policy.get("backoffFunction") or "linear", _GROWTH["linear"])
    steps = [grow(number / max(1, growing - 1)) for number in range(growing)]
    middle = [least_s + (most_s - least_s) * step for step in steps]
    return (*[0.0] * at_once, *[float(least_s)] * early, *middle, *[float(most_s)] * late)
