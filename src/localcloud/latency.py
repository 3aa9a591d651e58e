"""How long things take, drawn from the facts.

A published hop is four quantiles (p10, p50, p90, p99): a draw interpolates them on a logarithmic
scale, because no single lognormal fits their tails. A single API call is a lognormal through its p50
and p99. Draws are clamped at three times the p99 and rounded to whole microseconds, so that the last
bit of a platform's `exp` cannot change the order of events.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Mapping
from typing import Any

from botocore import xform_name

from localcloud.facts import Facts
from localcloud.kernel import Streams

_INIT_FACTS = "latency.lambda.init."
_PYTHON = re.compile(r"python3\.(\d+)$")
_Z99 = 2.3263478740408408  # the standard normal's 99th percentile
_CLAMP = 3.0
_exp = math.exp
_FLOOR = 1.5  # a hop is never faster than its p10 divided by this
_TAIL = (0.0, 0.10, 0.50, 0.90, 0.99, 1.0)

# Operations whose fact carries another name than the operation itself.
_API_FACTS: Mapping[tuple[str, str], str] = {
    ("dynamodb", "delete_item"): "model.api.dynamodb.put_item",
    ("dynamodb", "scan"): "model.api.dynamodb.query",
    ("dynamodb", "batch_get_item"): "model.api.dynamodb.query",
    ("dynamodb", "batch_write_item"): "model.api.dynamodb.put_item",
    ("dynamodb", "transact_write_items"): "model.api.dynamodb.transact_write",
    ("dynamodb", "transact_get_items"): "model.api.dynamodb.transact_write",
    ("sqs", "send_message_batch"): "model.api.sqs.send_message",
    ("sqs", "delete_message_batch"): "model.api.sqs.delete_message",
    ("sqs", "change_message_visibility"): "model.api.sqs.delete_message",
    ("sqs", "change_message_visibility_batch"): "model.api.sqs.delete_message",
    ("events", "put_events"): "model.api.eventbridge.put_events",
    ("bedrock-runtime", "converse_stream"): "model.api.bedrock-runtime.converse",
    ("bedrock-runtime", "invoke_model"): "model.api.bedrock-runtime.converse",
    ("lambda", "invoke"): "model.api.lambda.invoke_sync_overhead_warm",
}


def gauss(stream: Any) -> float:
    """`stream.gauss(0.0, 1.0)`, which draws two and keeps one, without its arithmetic on 0 and 1."""
    kept: float | None = stream.gauss_next
    if kept is not None:
        stream.gauss_next = None
        return kept
    angle = stream.random() * math.tau
    radius = math.sqrt(-2.0 * math.log(1.0 - stream.random()))
    stream.gauss_next = math.sin(angle) * radius
    return math.cos(angle) * radius


class Distribution:
    """A latency distribution through its p50 and p99, or through four quantiles, in milliseconds."""

    def __init__(self, quantiles_ms: Mapping[str, float]) -> None:
        self._p50, self._p99 = float(quantiles_ms["p50"]), float(quantiles_ms["p99"])
        self._most_ms = self._p99 * _CLAMP
        self._points: list[float] | None = None
        if "p10" in quantiles_ms and "p90" in quantiles_ms:
            p10, p90 = float(quantiles_ms["p10"]), float(quantiles_ms["p90"])
            values = (p10 / _FLOOR, p10, self._p50, p90, self._p99, self._p99 * _CLAMP)
            self._points = [math.log(value) for value in values]
        self._sigma = math.log(self._p99 / self._p50) / _Z99

    def draw_us(self, stream: random.Random) -> int:
        """One latency in whole microseconds."""
        if self._points is None:
            value_ms = self._p50 * _exp(gauss(stream) * self._sigma)
            return round((value_ms if value_ms < self._most_ms else self._most_ms) * 1_000)
        at = stream.random()
        for upper in range(1, len(_TAIL)):
            if at <= _TAIL[upper]:
                share = (at - _TAIL[upper - 1]) / (_TAIL[upper] - _TAIL[upper - 1])
                low, high = self._points[upper - 1], self._points[upper]
                return round(math.exp(low + share * (high - low)) * 1_000)
        raise AssertionError("random() is below 1")


class Latency:
    """Draws latencies in integer microseconds, one random stream per kind of call."""

    def __init__(self, facts: Facts, streams: Streams) -> None:
        self._facts = facts
        self._streams = streams
        self._api: dict[tuple[str, str], tuple[Distribution, random.Random]] = {}
        self._hops: dict[tuple[str, str], tuple[Distribution, random.Random]] = {}

    def api_us(self, service: str, operation: str) -> int:
        """One call as its client sees it. `operation` is botocore's name ("PutItem")."""
        key = (service, operation)
        found = self._api.get(key)
        if found is None:
            name = xform_name(operation)
            fact_id = _API_FACTS.get((service, name), f"model.api.{service}.{name}")
            if not self._facts.has(fact_id):
                fact_id = "model.api.default"
            found = self._api[key] = self._source(fact_id, f"{service}.{name}")
        return found[0].draw_us(found[1])

    def fact_us(self, fact_id: str, purpose: str = "") -> int:
        """One draw from any fact that has quantiles, such as "latency.hop.eventbridge_2026".

        Raises UnknownFact; `purpose` names the random stream when one fact serves several.
        """
        key = (fact_id, purpose)
        found = self._hops.get(key)
        if found is None:
            found = self._hops[key] = self._source(fact_id, f"{fact_id}/{purpose}")
        return found[0].draw_us(found[1])

    def hop_us(self, name: str) -> int:
        """One published hop, end to end, by the last part of its id ("sqs_standard_esm")."""
        return self.fact_us(f"latency.hop.{name}")

    def init_us(self, runtime: str, architecture: str = "x86_64", imports_sdk: bool = True) -> int:
        """Init Duration of one cold start. It does not depend on memory (Init runs at full CPU).

        A Python without a measured start takes as long as the nearest one that has. Raises UnknownFact for others.
        """
        fact = self._facts.fact(self._init_fact(runtime))
        part = "arm64" if architecture == "arm64" else "x86"
        key = (f"init/{runtime}", part)
        if key not in self._hops:
            self._hops[key] = (Distribution(fact.value[part]), self._streams[f"latency/init/{runtime}/{part}"])
        distribution, stream = self._hops[key]
        bare_us = distribution.draw_us(stream)
        return bare_us + (self.fact_us("model.lambda.boto3_init") if imports_sdk else 0)

    def _init_fact(self, runtime: str) -> str:
        """The fact of a runtime's start, or that of the Python nearest to it."""
        wanted = f"{_INIT_FACTS}{runtime}"
        version = _PYTHON.match(runtime)
        if self._facts.has(wanted) or version is None:
            return wanted
        ids = self._facts.ids(f"{_INIT_FACTS}python3.")
        measured = [int(found[1]) for fact_id in ids if (found := _PYTHON.match(fact_id.removeprefix(_INIT_FACTS)))]
        nearest = min(measured, key=lambda minor: (abs(minor - int(version[1])), minor))
        return f"{_INIT_FACTS}python3.{nearest}"

    def _source(self, fact_id: str, name: str) -> tuple[Distribution, random.Random]:
        value: Any = self._facts.value(fact_id)
        return Distribution(value), self._streams[f"latency/{name}"]
