"""Billing: the ledger, cost allocation tags, and the metric EstimatedCharges.

Source: "Create a billing alarm to monitor your estimated AWS charges" in the CloudWatch user guide. Accounts must
allow billing alerts in the console, for which there is no API: here they are allowed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from localcloud.services.billing.charges import Ledger, month_of, within

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_HOUR_US = 3_600_000_000
_HOME_REGION = "us-east-1"  # has the billing metrics of all Regions


class Billing:
    """`ledger` has the charges. Only tags that are activated for cost allocation are noted with them."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._every_us = round(cloud.facts.value("model.billing.metric_interval") * _HOUR_US)
        self.active_tags: dict[str, str] = {}  # key: the date of its activation
        self.ledger = Ledger(cloud)

    def install(self) -> None:
        """Begin to keep accounts."""
        self.ledger.start()
        if self._cloud.region == _HOME_REGION:
            self._later()

    def _later(self) -> None:
        kernel = self._cloud.kernel
        kernel.call_in_background(kernel.now_us + self._every_us, self._publish)

    def _publish(self) -> None:
        """The month's charges so far, in all and by service; a new month starts from nothing."""
        start, end = month_of(self._cloud.now.date())
        by_service: dict[str, list[float]] = {}
        for charge in within(self.ledger.charges(), start, end):
            by_service.setdefault(charge.code, []).append(charge.usd)
        record, currency = self._cloud.cloudwatch.record, {"Currency": "USD"}
        if by_service:
            total = math.fsum(usd for amounts in by_service.values() for usd in amounts)
            record("AWS/Billing", "EstimatedCharges", total, currency)
        for code in sorted(by_service):
            amount = math.fsum(by_service[code])
            record("AWS/Billing", "EstimatedCharges", amount, {"ServiceName": code, **currency})
        self._later()

    # -- cost allocation tags ------------------------------------------------------------------

    def tags_of(self, resources: Iterable[str]) -> dict[str, dict[str, str]]:
        """The active tags of resources by their plain names, which is how the meter knows them."""
        if not self.active_tags:
            return {}
        wanted = set(resources)
        found: dict[str, dict[str, str]] = {}
        for arn, tags in self._tagged():
            name = arn.rsplit("/", 1)[-1].rsplit(":", 1)[-1]
            chosen = {key: value for key, value in tags.items() if key in self.active_tags}
            if name in wanted and chosen:
                found.setdefault(name, {}).update(chosen)
        return found

    def known_tags(self) -> set[str]:
        """The keys of all tags that resources have."""
        return {key for _, tags in self._tagged() for key in tags}

    def _tagged(self) -> Iterable[tuple[str, dict[str, str]]]:
        from moto.resourcegroupstaggingapi.models import resourcegroupstaggingapi_backends

        backend = resourcegroupstaggingapi_backends[self._cloud.account_id][self._cloud.region]
        for resource in backend._get_resources_generator():
            yield resource.arn, dict(resource.tags)
