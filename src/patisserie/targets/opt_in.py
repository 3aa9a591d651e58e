"""Before anything is done in an account: whether it was asked for, whose account it is, and what it may cost."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.cost import cost_report
from localcloud.facts import Facts
from patisserie.targets.aws import NOT_ON_AWS, Account
from patisserie.targets.base import TargetError
from patisserie.targets.stand_in import NOT_ON_STAND_IN

OPT_IN = "PATISSERIE_AWS"
# What one invocation of a lab's function does at most, for the bound alone. The workloads do far less.
_CALLS_PER_INVOCATION = 10
_LOG_GB_PER_INVOCATION = 10 / 1024**2
_MB_PER_GB = 1024
_CALLED = (
    "apigw.http.requests", "dynamodb.wru", "dynamodb.rru", "events.published", "sqs.requests", "appsync.operations",
)  # fmt: skip
_CALLED_WHERE = {"AWS::SNS::Topic": "sns.publishes", "AWS::Kinesis::Stream": "kinesis.put_units"}
_HOURS_A_STREAM_STANDS = 24


def require_opt_in(opted_in: bool) -> None:
    """Raises TargetError unless PATISSERIE_AWS=1 is set or `opted_in`."""
    if not opted_in and os.environ.get(OPT_IN) != "1":
        raise TargetError(
            f"Labs run on AWS only when you opt in: set {OPT_IN}=1, or pass --target aws --yes, and mind the costs."
        )


def cost_bound_usd(templates: Iterable[Mapping[str, Any]], orders: int, facts: Facts) -> float:
    """What so many orders cost at most at list prices, rounded up to the cent.

    As though each order invoked every function of every template, each ran into its time-out, failed, and were tried
    again as often as Lambda's retries, the queues or the readers of streams of the template allow. Streams stand for
    a day.
    """
    used: Counter[str] = Counter()
    for template in templates:
        defaults = template.get("Globals", {}).get("Function", {})
        resources = [(r["Type"], r.get("Properties") or {}) for r in template["Resources"].values()]
        policies = [p["RedrivePolicy"] for _, p in resources if "RedrivePolicy" in p]
        receives = [int(_default(policy.get("maxReceiveCount", 1), template)) for policy in policies]
        tries = [1 + most for _, p in resources if (most := _stream_retries(p)) is not None]
        attempts = max([facts.value("quota.lambda.async.retries")["max_attempts"], *receives, *tries])
        items = [*_CALLED, *(item for kind, item in _CALLED_WHERE.items() if kind in {kind for kind, _ in resources})]
        for kind, properties in resources:
            if kind == "AWS::Kinesis::Stream":
                used["kinesis.shard_hours"] += int(properties.get("ShardCount", 1)) * _HOURS_A_STREAM_STANDS
            if kind != "AWS::Serverless::Function":
                continue
            settings = {**defaults, **properties}
            seconds = _default(settings.get("Timeout", facts.value("quota.lambda.timeout.default")), template)
            memory_gb = _default(settings.get("MemorySize", 128), template) / _MB_PER_GB
            invocations = orders * attempts
            used["lambda.requests"] += invocations
            used["lambda.gb_s.x86"] += math.ceil(invocations * seconds * memory_gb)
            used["logs.ingested_gb"] += invocations * _LOG_GB_PER_INVOCATION
            for item in items:
                used[item] += invocations * _CALLS_PER_INVOCATION
    return math.ceil(cost_report(used, facts).total_usd * 100) / 100


def _stream_retries(properties: Mapping[str, Any]) -> int | None:
    """The most retries that a function's readers of streams are allowed; None when no reader has a limit."""
    events = (properties.get("Events") or {}).values() if isinstance(properties.get("Events"), Mapping) else ()
    limits = [(event.get("Properties") or {}).get("MaximumRetryAttempts") for event in events]
    return max((int(limit) for limit in limits if limit is not None), default=None)


def _default(value: Any, template: Mapping[str, Any]) -> float:
    """A number of a template, or the default of the parameter that it names."""
    return float(template["Parameters"][value["Ref"]]["Default"] if isinstance(value, Mapping) else value)


def plan_text(account: Account, run: str, orders: int, bound_usd: float) -> str:
    """What is about to happen, for the person who pays."""
    where = f"the emulator at {account.endpoint}" if account.endpoint else "AWS"
    lines = [
        f"Account {account.account_id} ({account.arn}) in {account.region}, on {where}.",
        f"About {orders} orders; at list prices that costs at most {bound_usd:.2f} USD"
        + (", and nothing on an emulator." if account.endpoint else "."),
        f"Everything is tagged patisserie:run={run}; patisserie cleanup --target aws --run {run} deletes it.",
        "Not to be had on AWS:",
        *(f"- {item}" for item in NOT_ON_AWS),
    ]
    if account.endpoint:
        lines += ["Not to be had on the emulator:", *(f"- {item}" for item in NOT_ON_STAND_IN)]
    return "\n".join(lines)
