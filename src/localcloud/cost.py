"""What a run costs: quantity times price, line by line, with the source of every price.

Prices are the on-demand list prices of the facts file. The free tier, savings plans and taxes are left
out; so are discounts, but for one on EC2 instances that a report can be asked to take into
account. Where AWS sells in monthly tiers, a report has one line for each tier it reaches.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from localcloud.errors import ConfigurationError
from localcloud.facts import Fact, Facts, Source
from localcloud.metering import Meter, Usage

_MILLION = 1_000_000
_INSTANCE_HOURS = "lambda.managed_instance_hours."


@dataclass(frozen=True, slots=True)
class Price:
    """Where the price of an item stands: the fact, the part of its value ("v1.gb_hour" inside another part), and `per`:
    how many units it buys.
    """

    fact_id: str
    unit: str
    per: int = 1
    part: str = ""


PRICES: Mapping[str, Price] = {
    "lambda.requests": Price("price.lambda.request", "request", _MILLION),
    "lambda.gb_s.x86": Price("price.lambda.x86.gb_second", "GB-s"),
    "lambda.gb_s.arm64": Price("price.lambda.arm64.gb_second", "GB-s"),
    "lambda.provisioned_gb_s.x86": Price("price.lambda.pc.x86.provisioned", "GB-s"),
    "lambda.provisioned_gb_s.arm64": Price("price.lambda.pc.arm64.provisioned", "GB-s"),
    "lambda.provisioned_duration_gb_s.x86": Price("price.lambda.pc.x86.duration", "GB-s"),
    "lambda.provisioned_duration_gb_s.arm64": Price("price.lambda.pc.arm64.duration", "GB-s"),
    "lambda.ephemeral_gb_s": Price("price.lambda.ephemeral_storage", "GB-s"),
    "lambda.managed_requests": Price("price.lambda.lmi.request", "request", _MILLION),
    "lambda.managed_instance_list_usd": Price("price.lambda.lmi.management_fee", "USD of instances at list price"),
    **{
        f"{_INSTANCE_HOURS}{family}.{size}": Price("price.ec2.on_demand", "hour", part=f"{family}.{size}")
        for family in ("c7g", "c7i", "m7g", "m7i", "r7g", "r7i")
        for size in ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge")
        if (family[0], size) != ("c", "large")  # too small for managed instances
    },
    "lambda.snapstart_cache_gb_s": Price("price.lambda.snapstart.cache", "GB-s"),
    "lambda.snapstart_restored_gb": Price("price.lambda.snapstart.restore", "GB"),
    "lambda.durable_operations": Price("price.lambda.durable.operation", "operation"),
    "lambda.durable_written_gb": Price("price.lambda.durable.data_written", "GB"),
    "lambda.sqs_poller_hours": Price("price.lambda.esm_epu.sqs", "hour"),
    "apigw.http.requests": Price("price.apigw.http", "request", _MILLION),
    "apigw.rest.requests": Price("price.apigw.rest", "request", _MILLION),
    "appsync.operations": Price("price.appsync_events.operation", "operation", _MILLION),
    "appsync.connection_minutes": Price("price.appsync_events.connection_minute", "minute", _MILLION),
    "sqs.requests": Price("price.sqs.standard", "request", _MILLION),
    "sqs.fifo_requests": Price("price.sqs.fifo", "request", _MILLION),
    "sqs.fair_queue_requests": Price("price.sqs.fair_queue_surcharge", "request", _MILLION),
    "sns.publishes": Price("price.sns.standard", "request", _MILLION, "publish_per_M"),
    "sns.fifo_publishes": Price("price.sns.fifo", "request", _MILLION, "publish_per_M"),
    "sns.fifo_payload_gb": Price("price.sns.fifo", "GB", part="payload_gb"),
    "sns.http_deliveries": Price("price.sns.standard", "delivery", 100_000, "http_per_100k"),
    "events.published": Price("price.eventbridge.custom_events", "event", _MILLION),
    "events.api_destinations": Price("price.eventbridge.api_destination", "invocation", _MILLION),
    "events.archived_gb": Price("price.eventbridge.archive", "GB", part="processing_gb"),
    "pipes.requests": Price("price.eventbridge.pipes", "request", _MILLION),
    "scheduler.invocations": Price("price.eventbridge.scheduler", "invocation", _MILLION),
    "states.transitions": Price("price.sfn.standard", "transition"),
    "states.express_requests": Price("price.sfn.express.request", "request", _MILLION),
    "states.express_gb_s": Price("price.sfn.express.duration", "GB-s"),
    "dynamodb.wru": Price("price.dynamodb.wru", "write unit", _MILLION),
    "dynamodb.rru": Price("price.dynamodb.rru", "read unit", _MILLION),
    "dynamodb.wcu_hours": Price("price.dynamodb.provisioned", "unit-hour", part="wcu_hour"),
    "dynamodb.rcu_hours": Price("price.dynamodb.provisioned", "unit-hour", part="rcu_hour"),
    "dynamodb.stream_reads": Price("price.dynamodb.streams_read", "read unit", 100_000),
    "dynamodb.storage_gb_months": Price("price.dynamodb.storage", "GB-month"),
    "kinesis.shard_hours": Price("price.kinesis.provisioned", "shard-hour", part="shard_hour"),
    "kinesis.put_units": Price("price.kinesis.provisioned", "put unit", _MILLION, "put_unit_25kb_per_M"),
    "kinesis.fan_out_shard_hours": Price("price.kinesis.provisioned", "shard-hour", part="efo_consumer_shard_hour"),
    "kinesis.fan_out_gb": Price("price.kinesis.provisioned", "GB", part="efo_gb"),
    "kinesis.on_demand_stream_hours": Price("price.kinesis.on_demand", "stream-hour", part="stream_hour"),
    "kinesis.on_demand_ingested_gb": Price("price.kinesis.on_demand", "GB", part="ingest_gb"),
    "kinesis.on_demand_retrieved_gb": Price("price.kinesis.on_demand", "GB", part="retrieve_gb"),
    "kinesis.on_demand_fan_out_gb": Price("price.kinesis.on_demand", "GB", part="efo_gb"),
    "s3.puts": Price("price.s3", "request", 1_000, "put_per_1k"),
    "s3.gets": Price("price.s3", "request", 1_000, "get_per_1k"),
    "logs.ingested_gb": Price("price.cloudwatch.logs.lambda_tiers", "GB"),
    "logs.vended_gb": Price("price.cloudwatch.logs.standard_ingest", "GB"),
    "logs.standard_gb": Price("price.cloudwatch.logs.standard_ingest", "GB"),
    "logs.infrequent_access_gb": Price("price.cloudwatch.logs.ia_ingest", "GB"),
    "logs.stored_gb_months": Price("price.cloudwatch.logs.storage", "GB-month", part="standard_gb_month"),
    "logs.scanned_gb": Price("price.cloudwatch.logs.insights", "GB"),
    "cloudwatch.custom_metric_months": Price("price.cloudwatch.metrics.custom", "metric-month"),
    "cloudwatch.put_requests": Price("price.cloudwatch.put_metric_data", "request", 1_000),
    "cloudwatch.alarm_months": Price("price.cloudwatch.alarm", "alarm-month", part="standard"),
    "cloudwatch.high_resolution_alarm_months": Price("price.cloudwatch.alarm", "alarm-month", part="high_resolution"),
    "cloudwatch.composite_alarm_months": Price("price.cloudwatch.alarm", "alarm-month", part="composite"),
    "cloudwatch.dashboard_months": Price("price.cloudwatch.dashboard", "dashboard-month"),
    "bedrock.nova_micro.input_tokens": Price("price.bedrock.nova_micro", "token", _MILLION, "input_per_M"),
    "bedrock.nova_micro.output_tokens": Price("price.bedrock.nova_micro", "token", _MILLION, "output_per_M"),
    "bedrock.nova_lite.input_tokens": Price("price.bedrock.nova_lite", "token", _MILLION, "input_per_M"),
    "bedrock.nova_lite.output_tokens": Price("price.bedrock.nova_lite", "token", _MILLION, "output_per_M"),
    "bedrock.nova_pro.input_tokens": Price("price.bedrock.nova_pro", "token", _MILLION, "input_per_M"),
    "bedrock.nova_pro.output_tokens": Price("price.bedrock.nova_pro", "token", _MILLION, "output_per_M"),
    "bedrock.nova_2_lite.input_tokens": Price("price.bedrock.nova_2_lite", "token", _MILLION, "input_per_M"),
    "bedrock.nova_2_lite.output_tokens": Price("price.bedrock.nova_2_lite", "token", _MILLION, "output_per_M"),
    "bedrock.us_nova_2_lite.input_tokens": Price(
        "price.bedrock.nova_2_lite", "token", _MILLION, "us_profile.input_per_M"
    ),
    "bedrock.us_nova_2_lite.output_tokens": Price(
        "price.bedrock.nova_2_lite", "token", _MILLION, "us_profile.output_per_M"
    ),
    "agentcore.runtime_vcpu_hours": Price("price.agentcore.runtime", "vCPU-hour", part="v1.vcpu_hour"),
    "agentcore.runtime_gb_hours": Price("price.agentcore.runtime", "GB-hour", part="v1.gb_hour"),
    "agentcore.memory_events": Price("price.agentcore.memory", "event", 1_000, "short_term_event_per_1k"),
    "agentcore.identity_requests": Price("price.agentcore.identity", "request", 1_000),
    "agentcore.gateway_invocations": Price("price.agentcore.gateway", "invocation", 1_000, "tool_invocation_per_1k"),
    "agentcore.gateway_searches": Price("price.agentcore.gateway", "search", 1_000, "search_per_1k"),
    "ce.requests": Price("price.cost_explorer.request", "request"),
    "xray.traces": Price("price.xray", "trace", _MILLION, "recorded_per_M"),
    "xray.retrieved_traces": Price("price.xray", "trace", _MILLION, "retrieved_or_scanned_per_M"),
}


@dataclass(frozen=True, slots=True)
class CostLine:
    """`cost_usd` is `quantity` x `price_usd` / `per`: the price in USD buys `per` units."""

    item: str
    quantity: float
    unit: str
    price_usd: float
    per: int
    cost_usd: float
    fact_id: str
    sources: tuple[Source, ...]
    estimate: bool


@dataclass(frozen=True, slots=True)
class CostReport:
    """Lines in alphabetical order of their items, tiers of one item from the first on."""

    lines: tuple[CostLine, ...]
    total_usd: float

    def of(self, prefix: str) -> float:
        """What the items that start with `prefix` ("lambda.") cost, in USD."""
        return math.fsum(line.cost_usd for line in self.lines if line.item.startswith(prefix))


def cost_report(
    used: Meter | Usage | Mapping[str, float],
    facts: Facts,
    *,
    resources: Iterable[str] | None = None,
    earlier_this_month: Mapping[str, float] | None = None,
    instance_discount: float = 0.0,
) -> CostReport:
    """Price what was used.

    Args:
        used: a meter, a reading, the difference of two readings, or quantities by item.
        facts: where the prices stand.
        resources: price only what these used, as though they were alone in the account.
        earlier_this_month: quantities by item that have already used up part of the lower tiers.
        instance_discount: the share that an EC2 Savings Plan or Reserved Instances take off the price of instances,
            0 to 1. Lambda's management fee for them stays: it is a part of the list price.

    Raises ConfigurationError for an item that has no price, and for `resources` with bare quantities.
    """
    usage = used.snapshot() if isinstance(used, Meter) else used
    if resources is not None:
        if not isinstance(usage, Usage):
            raise ConfigurationError(
                "Quantities by item do not say which resource used them; pass a meter or a reading to filter by it."
            )
        usage = usage.of(resources)
    quantities = usage.totals() if isinstance(usage, Usage) else usage
    before = earlier_this_month or {}
    if not 0.0 <= instance_discount <= 1.0:
        raise ConfigurationError(f"instance_discount is a share between 0 and 1, found {instance_discount!r}.")
    for item in (*quantities, *before):
        if item not in PRICES:
            raise ConfigurationError(f"There is no price for {item!r}; add it to localcloud.cost.PRICES with its fact.")
    lines = tuple(
        line
        for item in sorted(quantities)
        if quantities[item]
        for line in _lines(item, quantities[item], before.get(item, 0.0), facts)
    )
    if instance_discount:
        lines = tuple(_discounted(line, instance_discount) for line in lines)
    return CostReport(lines, math.fsum(line.cost_usd for line in lines))


def _discounted(line: CostLine, discount: float) -> CostLine:
    if not line.item.startswith(_INSTANCE_HOURS):
        return line
    price_usd = line.price_usd * (1 - discount)
    return replace(line, price_usd=price_usd, cost_usd=line.quantity * price_usd / line.per)


def _lines(item: str, quantity: float, before: float, facts: Facts) -> Iterable[CostLine]:
    price = PRICES[item]
    fact = facts.fact(price.fact_id)
    value = fact.value
    for part in price.part.split(".") if price.part else ():
        value = value[part]
    if not isinstance(value, list | tuple):
        yield _line(item, price, fact, quantity, float(value))
        return
    low = 0.0
    for tier in value:
        high = _bound(tier)
        share = min(before + quantity, high) - max(before, low)
        if share > 0:
            yield _line(item, price, fact, share, float(tier["usd_per_M"] if "usd_per_M" in tier else tier["usd"]))
        low = high


def _bound(tier: Mapping[str, float | None]) -> float:
    """Where a tier ends, in units of the item. AWS counts 1,000 GB to the TB in its log tiers."""
    if "up_to_tb" in tier:
        terabytes = tier["up_to_tb"]
        return math.inf if terabytes is None else terabytes * 1_000
    bound = tier["up_to_gbs"] if "up_to_gbs" in tier else tier["up_to"]
    return math.inf if bound is None else bound


def _line(item: str, price: Price, fact: Fact, quantity: float, price_usd: float) -> CostLine:
    return CostLine(
        item=item,
        quantity=quantity,
        unit=price.unit,
        price_usd=price_usd,
        per=price.per,
        cost_usd=quantity * price_usd / price.per,
        fact_id=fact.id,
        sources=fact.sources,
        estimate=fact.estimate or fact.partly_estimate,
    )
